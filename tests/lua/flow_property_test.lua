-- flow_property_test.lua - a thousand small worlds: the incremental engine, an engine that looks
-- at everything again, and a naive opinion (flow_naive.lua) agree at every moment.
local check = require "check"
local engine = require "flow_engine"
local flow_world = require "flow_world"
local naive = require "flow_naive"

local WORLDS, STEPS = 1000, 6

-- A small generator of our own: the same worlds on every machine.
local function generator(seed)
    local x = seed * 2654435761 + 12345
    return function(n)
        x = (x * 6364136223846793005 + 1442695040888963407)
        return (x >> 33) % n + 1
    end
end

local PEERS = { "0.0.0.0/0", "0.0.0.0/0", "10.0.0.0/16", "10.0.1.0/24", "198.51.100.0/24",
                "10.0.2.10/32", "sg-1", "sg-2" }
local PORTS = { "22", "443", "0-65535", "400-500", "1024-65535" }
local OUTSIDE = { "198.51.100.7", "203.0.113.9" }

local function random_rules(pick)
    local list = {}
    for _ = 1, pick(4) - 1 do
        local kind = pick(5)
        if kind <= 2 then
            list[#list + 1] = "all - " .. PEERS[pick(#PEERS)]
        elseif kind == 5 then
            list[#list + 1] = "icmp -1 " .. PEERS[pick(#PEERS)]
        else
            list[#list + 1] = ("%s %s %s"):format(kind == 3 and "tcp" or "udp",
                                                  PORTS[pick(#PORTS)], PEERS[pick(#PEERS)])
        end
    end
    return list
end

local INSTANCES = {
    { "a", "10.0.1.10", "subnet-pub", "198.18.0.1" }, { "b", "10.0.1.11", "subnet-pub", nil },
    { "c", "10.0.2.10", "subnet-prv", nil }, { "d", "10.0.2.11", "subnet-prv", "198.18.0.4" },
}

local function random_groups(pick)
    local list = { "sg-" .. pick(4) }
    if pick(3) == 1 then list[2] = "sg-" .. pick(4) end
    return list
end

local function random_world(pick)
    local w = flow_world.new()
    for i = 1, 4 do w:group("sg-" .. i, random_rules(pick), random_rules(pick)) end
    for _, one in ipairs(INSTANCES) do
        w:instance(one[1], one[2], random_groups(pick),
                   { subnet = one[3], public = one[4],
                     timeouts = { TcpEstablishedTimeout = 60 } })
    end
    return w
end

local EVERY = { 1, 7, 20, 45, 70 }
local PROTOCOLS = { "tcp", "tcp", "udp", "icmp" }

local function random_flow(pick, name)
    local flow = { name = name, protocol = PROTOCOLS[pick(4)], port = pick(2) == 1 and 443 or 22,
                   source = 40000 + pick(1000), tcp = 60 }
    local a, b = INSTANCES[pick(4)], INSTANCES[pick(4)]
    local kind = pick(3)
    if kind == 1 then
        flow.a, flow.from_text, flow.to_text = a[1], a[2], OUTSIDE[pick(2)]
    elseif kind == 2 then
        flow.b, flow.from_text, flow.to_text = b[1], OUTSIDE[pick(2)], b[2]
    else
        if a == b then b = INSTANCES[(pick(3) + 4) % 4 + 1] end
        if a == b then return random_flow(pick, name) end
        flow.a, flow.b, flow.from_text, flow.to_text = a[1], b[1], a[2], b[2]
    end
    if pick(4) > 1 then flow.every = EVERY[pick(#EVERY)] end
    if flow.protocol == "icmp" then flow.port, flow.source = 0, 0 end
    return flow
end

local function spec_of(flow)
    return { name = flow.name, from = flow.a and "i-" .. flow.a or flow.from_text,
             to = flow.b and "i-" .. flow.b or flow.to_text, protocol = flow.protocol,
             port = flow.port, source_port = flow.source,
             activity = flow.every and { every = flow.every } or "dormant" }
end

-- None between 1024 and 65535: which of those a NAT gateway takes is not known.
local LAST_PORTS = { 21, 100, 1023, 65535 }

local MUTATIONS = {
    function(w, pick) return w:wear(INSTANCES[pick(4)][1], table.unpack(random_groups(pick))) end,
    function(w, pick)
        local id = "sg-" .. pick(4)
        w:group(id, random_rules(pick), random_rules(pick))
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
            routes[#routes + 1] = flow_world.route(pick(2) == 1 and "0.0.0.0/0" or "198.51.100.0/24",
                kind == 2 and "NatGatewayId" or "GatewayId", kind == 2 and "nat-1" or "igw-1")
            if kind == 4 and pick(3) == 1 then routes[#routes].State = "blackhole" end
        end
        return { { kind = "RouteTables", id = id } }
    end,
}

local counts = {}

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
    local pick = generator(seed)
    local w = random_world(pick)
    local twin = setmetatable({ now = w.now, resources = w.resources }, { __index = flow_world })
    local flows, every, opinions, second = engine.new(w), engine.new(twin), {}, 0
    for i = 1, 6 do
        local flow = random_flow(pick, "f" .. i)
        opinions[i] = flow
        flows:add(spec_of(flow))
        every:add(spec_of(flow))
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

return {
    { "a thousand small worlds: incremental, full and naive agree", function()
        for seed = 1, WORLDS do one_world(seed) end
        for _, state in ipairs { "alive", "paused", "cut", "never possible", "unknown" } do
            check.ok((counts[state] or 0) > 100, "too few flows were " .. state)
        end
    end },
}
