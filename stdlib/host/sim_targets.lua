-- sim_targets.lua - load balancers and the targets of their target groups, in a world.
--
-- Owns: who is registered where, draining and initial states over time, and whether a health
-- check gets through: the flow engine decides that, from the load balancer's own interfaces. A
-- target group's resource has its members in Targets, which no answer shows; they are sorted, so
-- that deregistering and registering again gives the same resource. It checks no request.
local sim_clock = require "sim_clock"
local sim_world = require "sim_world"
local values = require "sim_values"

local targets = {}

local DRAINING_SECONDS = 300  -- deregistration_delay.timeout_seconds
local INITIAL_SECONDS = 10

-- ---- members ------------------------------------------------------------------------------

-- {Id, Port, AvailabilityZone} with the group's port where none is given.
function targets.completed(group, target)
    return { Id = target.Id, Port = target.Port or group.Port,
             AvailabilityZone = target.AvailabilityZone }
end

local function key_of(group, target)
    return ("%s|%s|%d"):format(group.TargetGroupArn, target.Id, target.Port)
end

-- The member that a request means, and its place; nil when it is not registered.
function targets.find(group, wanted)
    for i, one in ipairs(group.Targets) do
        local same_port = one.Port == (wanted.Port or group.Port)
        if one.Id == wanted.Id and same_port then return one, i end
    end
    return nil
end

local function put_members(world, group, list)
    table.sort(list, function(a, b)
        if a.Id ~= b.Id then return a.Id < b.Id end
        return a.Port < b.Port
    end)
    sim_world.change(world, "TargetGroups", group.TargetGroupArn, { Targets = list })
end

local function pass_through(world, group, target, state, seconds)
    local key = key_of(group, target)
    sim_world.put(world, "TargetStates", {
        Key = key, TargetGroupArn = group.TargetGroupArn, Target = target, State = state,
        Until = world.now + seconds * 1000000 })
    sim_clock.after(world, seconds, "target-state-over", key)
end

sim_clock.effects["target-state-over"] = function(world, key)
    local state = world.resources.TargetStates[key]
    if state and state.Until <= world.now then sim_world.remove(world, "TargetStates", key) end
end

function targets.register(world, arn, wanted)
    local group = world.resources.TargetGroups[arn]
    local target = targets.completed(group, wanted)
    if targets.find(group, target) then return end
    put_members(world, group, values.appended(group.Targets, target))
    pass_through(world, group, target, "initial", INITIAL_SECONDS)
end

function targets.deregister(world, arn, wanted)
    local group = world.resources.TargetGroups[arn]
    local target, at = targets.find(group, wanted)
    if not target then return end
    put_members(world, group, values.replaced(group.Targets, at, nil))
    pass_through(world, group, target, "draining", DRAINING_SECONDS)
end

-- Groups (in the order of their ARNs) and members by which an instance is a target.
function targets.of_instance(world, instance_id)
    local list = {}
    for _, arn in ipairs(sim_world.all_ids(world, "TargetGroups")) do
        for _, target in ipairs(world.resources.TargetGroups[arn].Targets) do
            if target.Id == instance_id then
                list[#list + 1] = { arn = arn, target = target }
            end
        end
    end
    return list
end

-- ---- health -------------------------------------------------------------------------------

-- The interfaces of a load balancer carry its name: "ELB app/front/50dc6c495c0c9188".
local function balancer_interfaces(world, arn)
    local name, list = "ELB " .. (arn:match("loadbalancer/(.+)$") or ""), {}
    for _, id in ipairs(sim_world.all_ids(world, "NetworkInterfaces")) do
        if world.resources.NetworkInterfaces[id].Description == name then list[#list + 1] = id end
    end
    return list
end

local function reaches(world, from, target)
    -- The engine is asked here only: it looks at worlds, and must not be needed to build one.
    local engine = require "flow_engine"
    local flows = engine.new(sim_world.fork(world), {})
    local ok, state = pcall(flows.add, flows, { name = "health check", from = from, to = target.Id,
                                                port = target.Port })
    return ok and state ~= "never possible"
end

local function is_reached(world, group, target)
    for _, arn in ipairs(group.LoadBalancerArns) do
        for _, interface in ipairs(balancer_interfaces(world, arn)) do
            if reaches(world, interface, target) then return true end
        end
    end
    return false
end

local function health(state, reason, description)
    return { State = state, Reason = reason, Description = description }
end

-- TargetHealth of what a request names, as DescribeTargetHealth says it.
function targets.health(world, group, wanted)
    local passing = world.resources.TargetStates[key_of(group, targets.completed(group, wanted))]
    local target = targets.find(group, wanted)
    if not target then
        if passing and passing.State == "draining" then
            return health("draining", "Target.DeregistrationInProgress",
                          "Target deregistration is in progress")
        end
        return health("unused", "Target.NotRegistered",
                      "Target is not registered to the target group")
    end
    local instance = world.resources.Instances[target.Id]
    if #group.LoadBalancerArns == 0 then
        return health("unused", "Target.NotInUse",
                      "Target group is not configured to receive traffic from the load balancer")
    elseif instance and instance.State.Name ~= "running" then
        return health("unused", "Target.InvalidState",
                      "Target is in the " .. instance.State.Name .. " state")
    elseif passing and passing.State == "initial" then
        return health("initial", "Elb.RegistrationInProgress",
                      "Target registration is in progress")
    elseif is_reached(world, group, target) then
        return health("healthy")
    end
    return health("unhealthy", "Target.Timeout", "Request timed out")
end

-- Members, then those that drain, in order.
function targets.shown(world, group)
    local list = table.move(group.Targets, 1, #group.Targets, 1, {})
    for _, key in ipairs(sim_world.all_ids(world, "TargetStates")) do
        local state = world.resources.TargetStates[key]
        if state.State == "draining" and state.TargetGroupArn == group.TargetGroupArn
            and not targets.find(group, state.Target) then
            list[#list + 1] = state.Target
        end
    end
    return list
end

return targets
