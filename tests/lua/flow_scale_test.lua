-- flow_scale_test.lua - ten thousand instances and flows: a change looks only at what it touches.
local check = require "check"
local engine = require "flow_engine"
local flow_world = require "flow_world"
local verdict = require "flow_verdict"

local SIZE = 10000

local function large_world(size)
    local w = flow_world.new()
    w.resources.Vpcs["vpc-1"].CidrBlock = "10.0.0.0/8"
    w.resources.RouteTables["rtb-main"].Routes[1].DestinationCidrBlock = "10.0.0.0/8"
    w:group("sg-none", {}, {})
    for i = 1, size do
        local group = "sg-" .. i // 100
        if i % 100 == 0 or i == 1 then
            w:group(group, { "tcp 443 10.0.0.0/8" }, { "all - 0.0.0.0/0" })
        end
        w:instance(tostring(i), ("10.1.%d.%d"):format(i >> 8, i & 255), { group },
                   { public = ("44.1.%d.%d"):format(i >> 8, i & 255) })
    end
    return w
end

-- How many verdicts `run` asks for.
local function verdicts(run)
    local judge, count = verdict.judge, 0
    verdict.judge = function(...)
        count = count + 1
        return judge(...)
    end
    local ok, why = pcall(run)
    verdict.judge = judge
    if not ok then error(why, 0) end
    return count
end

return {
    { "verdicts grow with what is touched, not with the world", function()
        local w = large_world(SIZE)
        local flows = engine.new(w)
        local added = verdicts(function()
            for i = 1, SIZE do
                flows:add { name = "f" .. i, from = "i-" .. i,
                            to = i % 2 == 0 and "198.51.100.7" or "i-" .. i % SIZE + 1, port = 443,
                            activity = { every = i % 50 + 1 } }
            end
        end)
        check.equal(added, SIZE)
        check.equal(verdicts(function() flows:changed(w:wear("500", "sg-none")) end), 2)
        check.equal(verdicts(function() flows:advance(3600) end), 0)
        check.equal(verdicts(function()
            flows:changed { { kind = "SecurityGroups", id = "sg-7" } }
        end), 101)
        check.equal((flows:state "f500"), "alive")
        check.equal(#flows:report(), SIZE)
    end },
    { "things that happen in the world by themselves are met at their time", function()
        local w = large_world(2)
        w.revision, w.changes = 0, {}
        w.later = { { at = w.now + 3000000 } }
        local function move_to(world, until_us)
            world.now = until_us
            if world.later[1] and world.later[1].at <= until_us then
                world.later = {}
                world.resources.Instances["i-1"].State.Name = "stopped"
                world.revision = 1
                world.changes = { { revision = 1, kind = "Instances", id = "i-1" } }
            end
        end
        local flows = engine.new(w, { move_to = move_to })
        flows:add { name = "c2", from = "i-1", to = "198.51.100.7", port = 443 }
        flows:advance(10)
        local history = flows:history "c2"
        check.equal({ history[2].state, history[2].at, w.now }, { "cut", 1003000000, 1010000000 })
    end },
}
