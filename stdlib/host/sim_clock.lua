-- sim_clock.lua - simulated time, and what happens in a world by itself.
--
-- Owns: changes that come later (a snapshot completes, an instance has stopped). They are
-- data, {at, effect, id}, so that a fork and a saved world keep them; the functions are
-- registered by the modules that own the resources.
local sim_clock = {}

-- The module that registers each effect: a saved world may need one that is not loaded yet.
local OWNERS = {
    ["nat-available"] = "sim_ec2_gateways", ["nat-deleted"] = "sim_ec2_gateways",
    ["route-propagated"] = "sim_ec2_routes", ["snapshot-completed"] = "sim_ec2_snapshots",
    ["instance-running"] = "sim_instances", ["instance-stopped"] = "sim_instances",
    ["scaling-check"] = "sim_scaling", ["target-state-over"] = "sim_targets",
    ["instance-terminated"] = "sim_instances", ["instance-forgotten"] = "sim_instances",
}

sim_clock.effects = setmetatable({}, {
    __index = function(effects, name)
        if OWNERS[name] then require(OWNERS[name]) end
        return rawget(effects, name)
    end,
})

-- `effect` happens to `id` in `seconds`.
function sim_clock.after(world, seconds, effect, id)
    world.later[#world.later + 1] = { at = world.now + math.floor(seconds * 1000000),
                                      effect = effect, id = id }
end

local function next_due(world, until_us)
    local best
    for i, item in ipairs(world.later) do
        if item.at <= until_us and (not best or item.at < world.later[best].at) then best = i end
    end
    return best
end

-- Moves the clock to `until_us`, never back, with all that happens on the way.
function sim_clock.move_to(world, until_us)
    local due = next_due(world, until_us)
    while due do
        local item = table.remove(world.later, due)
        world.now = math.max(world.now, item.at)
        sim_clock.effects[item.effect](world, item.id)
        due = next_due(world, until_us)
    end
    world.now = math.max(world.now, until_us)
end

function sim_clock.advance(world, seconds)
    sim_clock.move_to(world, world.now + math.floor(seconds * 1000000))
end

return sim_clock
