-- flow_property_test.lua - a thousand small worlds: the incremental engine, an engine that looks
-- at everything again, and a naive opinion (flow_naive.lua) agree at every moment.
local check = require "check"
local engine = require "flow_engine"
local flow_world = require "flow_world"
local naive = require "flow_naive"

local random = require "flow_random"
local survivors_forecast = require "survivors_forecast"

local WORLDS, STEPS = 1000, 6
local INSTANCES, PEERS = random.INSTANCES, random.PEERS

-- None between 1024 and 65535: which of those a NAT gateway takes is not known.
local LAST_PORTS = { 21, 100, 1023, 65535 }

local MUTATIONS = {
    function(w, pick) return w:wear(INSTANCES[pick(4)][1], table.unpack(random.groups(pick))) end,
    function(w, pick)
        local id = "sg-" .. pick(4)
        w:group(id, random.rules(pick), random.rules(pick))
        return { { kind = "SecurityGroups", id = id } }
    end,
    function(w, pick)
        local id = "sg-" .. pick(4)
        w:group(id, { flow_world.ALL }, { flow_world.ALL })
        return { { kind = "SecurityGroups", id = id } }
    end,
    function(w, pick)
        local acl = pick(2) == 1 and "acl-pub" or "acl-prv"
        if pick(2) == 1 then return w:lift(acl) end
        local entries = w.resources.NetworkAcls[acl].Entries
        entries[#entries + 1] = { RuleNumber = pick(90), Egress = pick(2) == 1, RuleAction = "deny",
            CidrBlock = PEERS[pick(6)], Protocol = pick(2) == 1 and "6" or "-1" }
        entries[#entries].PortRange = entries[#entries].Protocol == "6"
            and { From = 0, To = LAST_PORTS[pick(4)] } or nil
        return { { kind = "NetworkAcls", id = acl } }
    end,
    function(w, pick)
        local id = pick(2) == 1 and "rtb-main" or "rtb-prv"
        local routes = w.resources.RouteTables[id].Routes
        while #routes > 2 do table.remove(routes) end
        local kind = pick(4)
        if kind > 1 then
            routes[#routes + 1] = flow_world.route(
                pick(2) == 1 and "0.0.0.0/0" or "198.51.100.0/24",
                kind == 2 and "NatGatewayId" or "GatewayId", kind == 2 and "nat-1" or "igw-1")
            if kind == 4 and pick(3) == 1 then routes[#routes].State = "blackhole" end
        end
        return { { kind = "RouteTables", id = id } }
    end,
}

local counts, survived = {}, {}

local function compare(seed, step, flows, every, opinions)
    for _, opinion in ipairs(opinions) do
        local state, why = flows:state(opinion.name)
        local other, other_why = every:state(opinion.name)
        local at = ("world %d, step %s, %s %s -> %s (%s)"):format(seed, step, opinion.protocol,
            opinion.from_text, opinion.to_text, why)
        check.equal({ state, why }, { other, other_why }, at .. ": incremental, full")
        check.equal(state, opinion.state, at .. ": engine, naive")
        counts[state] = (counts[state] or 0) + 1
    end
end

local function one_world(seed)
    local pick = random.generator(seed)
    local w = random.world(pick)
    local twin = setmetatable({ now = w.now, resources = w.resources }, { __index = flow_world })
    local flows, every, opinions, second = engine.new(w), engine.new(twin), {}, 0
    for i = 1, 6 do
        local flow = random.flow(pick, "f" .. i)
        opinions[i] = flow
        flows:add(random.spec_of(flow))
        every:add(random.spec_of(flow))
        naive.add(w, flow, 0)
    end
    compare(seed, 0, flows, every, opinions)
    for step = 1, STEPS do
        local touched = MUTATIONS[pick(#MUTATIONS)](w, pick)
        flows:changed(touched)
        every:changed()
        for _, flow in ipairs(opinions) do naive.changed(w, flow, second) end
        compare(seed, step, flows, every, opinions)
        local pause = pick(12) == 1 and 1000 or pick(40)
        flows:advance(pause)
        every:advance(pause)
        for _ = 1, pause do
            second = second + 1
            for _, flow in ipairs(opinions) do naive.second(w, flow, second) end
        end
        compare(seed, step + 0.5, flows, every, opinions)
    end
end

local function touches(flow, name)
    return flow.a == name or flow.b == name
end

-- Isolates one instance by groups, with a window or without; nothing else moves.
local function isolate(w, flows, name, plan)
    w:group("sg-final", {}, {})
    if plan.convert then
        w:group("sg-opening", { flow_world.ALL }, { flow_world.ALL })
        flows:changed(w:wear(name, "sg-opening"))
    end
    flows:advance(plan.settle)
    flows:changed(w:wear(name, "sg-final"))
end

-- The flows of the target that live on were named; the others are as they would be without.
local function isolate_one(seed)
    local pick = random.generator(seed)
    local w, given = random.world(pick), {}
    local flows = engine.new(w)
    for i = 1, 8 do
        given[i] = random.flow(pick, "f" .. i)
        flows:add(random.spec_of(given[i]))
    end
    local target = INSTANCES[pick(4)][1]
    local plan = { instance = "i-" .. target, convert = pick(3) > 1, settle = pick(10) }
    local undisturbed = flows:fork(setmetatable({ now = w.now, resources = w.resources }, {}))
    undisturbed:advance(plan.settle)
    local forecast = survivors_forecast.list(w, plan)
    isolate(w, flows, target, plan)
    for i, flow in ipairs(flows:report()) do
        local at = ("world %d, %s: %s"):format(seed, flow.name, flow.why)
        if not touches(given[i], target) then
            check.equal({ flow.state, flow.why }, { undisturbed:state(flow.name) }, at)
        elseif flow.state == "alive" or flow.state == "unknown" then
            local entry = survivors_forecast.entry_for(forecast, plan, flow)
            check.ok(entry and entry.class ~= "conversion", at .. ": was not named")
            survived[entry.class] = (survived[entry.class] or 0) + 1
        end
    end
end

return {
    { "after an isolation by groups no flow of the target lives but those of the named classes; "
      .. "no other flow changed", function()
        for seed = 1, 1500 do isolate_one(seed) end
        for _, class in ipairs { "always tracked", "dormant", "icmp", "tracked" } do
            check.ok((survived[class] or 0) > 20, "too few survivors were " .. class)
        end
    end },
    { "a thousand small worlds: incremental, full and naive agree", function()
        for seed = 1, WORLDS do one_world(seed) end
        for _, state in ipairs { "alive", "paused", "cut", "never possible", "unknown" } do
            check.ok((counts[state] or 0) > 100, "too few flows were " .. state)
        end
    end },
}
