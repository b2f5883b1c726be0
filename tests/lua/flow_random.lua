-- flow_random.lua - small random worlds and flows, the same on every machine.
--
-- Owns: the generator of the property tests: four instances in two subnets, four groups, flows
-- between them and with the outside.
local flow_world = require "flow_world"

local random = {}

-- A small generator of our own: the same worlds on every machine.
function random.generator(seed)
    local x = seed * 2654435761 + 12345
    return function(n)
        x = (x * 6364136223846793005 + 1442695040888963407)
        return (x >> 33) % n + 1
    end
end

random.PEERS = { "0.0.0.0/0", "0.0.0.0/0", "10.0.0.0/16", "10.0.1.0/24", "198.51.100.0/24",
                "10.0.2.10/32", "sg-1", "sg-2" }
local PORTS = { "22", "443", "0-65535", "400-500", "1024-65535" }
local OUTSIDE = { "198.51.100.7", "203.0.113.9" }

function random.rules(pick)
    local list = {}
    for _ = 1, pick(4) - 1 do
        local kind = pick(5)
        if kind <= 2 then
            list[#list + 1] = "all - " .. random.PEERS[pick(#random.PEERS)]
        elseif kind == 5 then
            list[#list + 1] = "icmp -1 " .. random.PEERS[pick(#random.PEERS)]
        else
            list[#list + 1] = ("%s %s %s"):format(
                kind == 3 and "tcp" or "udp", PORTS[pick(#PORTS)],
                random.PEERS[pick(#random.PEERS)])
        end
    end
    return list
end

random.INSTANCES = {
    { "a", "10.0.1.10", "subnet-pub", "198.18.0.1" }, { "b", "10.0.1.11", "subnet-pub", nil },
    { "c", "10.0.2.10", "subnet-prv", nil }, { "d", "10.0.2.11", "subnet-prv", "198.18.0.4" },
}

function random.groups(pick)
    local list = { "sg-" .. pick(4) }
    if pick(3) == 1 then list[2] = "sg-" .. pick(4) end
    return list
end

function random.world(pick)
    local w = flow_world.new()
    for i = 1, 4 do w:group("sg-" .. i, random.rules(pick), random.rules(pick)) end
    for _, one in ipairs(random.INSTANCES) do
        w:instance(one[1], one[2], random.groups(pick),
                   { subnet = one[3], public = one[4],
                     timeouts = { TcpEstablishedTimeout = 60 } })
    end
    return w
end

local EVERY = { 1, 7, 20, 45, 70 }
local PROTOCOLS = { "tcp", "tcp", "udp", "icmp" }

function random.flow(pick, name)
    local flow = { name = name, protocol = PROTOCOLS[pick(4)], port = pick(2) == 1 and 443 or 22,
                   source = 40000 + pick(1000), tcp = 60 }
    local a, b = random.INSTANCES[pick(4)], random.INSTANCES[pick(4)]
    local kind = pick(3)
    if kind == 1 then
        flow.a, flow.from_text, flow.to_text = a[1], a[2], OUTSIDE[pick(2)]
    elseif kind == 2 then
        flow.b, flow.from_text, flow.to_text = b[1], OUTSIDE[pick(2)], b[2]
    else
        if a == b then b = random.INSTANCES[(pick(3) + 4) % 4 + 1] end
        if a == b then return random.flow(pick, name) end
        flow.a, flow.b, flow.from_text, flow.to_text = a[1], b[1], a[2], b[2]
    end
    if pick(4) > 1 then flow.every = EVERY[pick(#EVERY)] end
    if flow.protocol == "icmp" then flow.port, flow.source = 0, 0 end
    return flow
end

function random.spec_of(flow)
    return { name = flow.name, from = flow.a and "i-" .. flow.a or flow.from_text,
             to = flow.b and "i-" .. flow.b or flow.to_text, protocol = flow.protocol,
             port = flow.port, source_port = flow.source,
             activity = flow.every and { every = flow.every } or "dormant" }
end

return random
