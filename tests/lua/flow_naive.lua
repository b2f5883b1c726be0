-- flow_naive.lua - what becomes of flows, second by second, from the raw world each time.
--
-- Owns: a second, slow opinion for the property tests: no events, no code of the engine's, all
-- flows looked at every second. What the world says is kept until `changed`. IPv4 only; in the
-- VPC, through igw-1 and through nat-1.
local naive = {}

local function number(text)
    local a, b, c, d = text:match("^(%d+)%.(%d+)%.(%d+)%.(%d+)$")
    return ((tonumber(a) * 256 + tonumber(b)) * 256 + tonumber(c)) * 256 + tonumber(d)
end

local function within(cidr, text)
    local base, bits = cidr:match("^(.*)/(%d+)$")
    local size = 1 << (32 - tonumber(bits))
    return number(base) // size == number(text) // size
end

local NUMBERS = { tcp = "6", udp = "17", icmp = "1" }

local function groups_of(world, eni)
    local list = {}
    for _, group in ipairs(world.resources.NetworkInterfaces[eni].Groups) do
        list[#list + 1] = world.resources.SecurityGroups[group.GroupId]
    end
    return list
end

local function carries(world, eni, id)
    for _, group in ipairs(world.resources.NetworkInterfaces[eni].Groups) do
        if group.GroupId == id then return true end
    end
    return false
end

local function rule_ports(rule, protocol, port)
    if rule.IpProtocol == "-1" then return true end
    if rule.IpProtocol ~= protocol then return false end
    if protocol == "icmp" then return true end
    return rule.FromPort <= port and port <= rule.ToPort
end

-- remote: { text, eni (when it is seen by its private address) }
local function allows(world, eni, member, protocol, port, remote)
    for _, group in ipairs(groups_of(world, eni)) do
        for _, rule in ipairs(group[member]) do
            if rule_ports(rule, protocol, port) then
                for _, range in ipairs(rule.IpRanges or {}) do
                    if within(range.CidrIp, remote.text) then return true end
                end
                for _, pair in ipairs(rule.UserIdGroupPairs or {}) do
                    if remote.eni and carries(world, remote.eni, pair.GroupId) then return true end
                end
            end
        end
    end
    return false
end

local function everyone(world, eni, member, test)
    for _, group in ipairs(groups_of(world, eni)) do
        for _, rule in ipairs(group[member]) do
            for _, range in ipairs(rule.IpRanges or {}) do
                if range.CidrIp == "0.0.0.0/0" and test(rule) then return true end
            end
        end
    end
    return false
end

local IN, OUT = "IpPermissions", "IpPermissionsEgress"

local function untracked(world, flow, eni, opening, other)
    if flow.protocol == "icmp" then return false end
    return everyone(world, eni, opening, function(rule)
        return rule_ports(rule, flow.protocol, flow.port)
    end) and everyone(world, eni, other, function(rule)
        return rule.IpProtocol == "-1" or (rule.IpProtocol == flow.protocol
            and rule.FromPort == 0 and rule.ToPort == 65535)
    end)
end

local function nacl(world, subnet, egress, protocol, port, remote)
    local best
    for _, acl in pairs(world.resources.NetworkAcls) do
        for _, association in ipairs(acl.Associations) do
            for _, entry in ipairs(association.SubnetId == subnet and acl.Entries or {}) do
                if entry.Egress == egress and entry.CidrBlock and within(entry.CidrBlock, remote)
                    and (entry.Protocol == "-1" or entry.Protocol == NUMBERS[protocol])
                    and (not entry.PortRange or protocol == "icmp" or
                         (entry.PortRange.From <= port and port <= entry.PortRange.To))
                    and (not best or entry.RuleNumber < best.RuleNumber) then
                    best = entry
                end
            end
        end
    end
    return best ~= nil and best.RuleAction == "allow"
end

local function route(world, subnet, address)
    local mine, main
    for _, table_ in pairs(world.resources.RouteTables) do
        for _, association in ipairs(table_.Associations) do
            if association.SubnetId == subnet then mine = table_ end
            if association.Main then main = table_ end
        end
    end
    local best, longest = nil, -1
    for _, one in ipairs((mine or main).Routes) do
        local cidr = one.DestinationCidrBlock
        if cidr and within(cidr, address) and tonumber(cidr:match("/(%d+)")) > longest then
            best, longest = one, tonumber(cidr:match("/(%d+)"))
        end
    end
    if not best or best.State == "blackhole" then return "none" end
    return best.NatGatewayId or best.GatewayId
end

local function eni_of(world, id) return world.resources.NetworkInterfaces["eni-" .. id] end

-- Do the packets pass both ways, groups aside? And by what.
local function passes_now(world, flow)
    local a, b = flow.a and eni_of(world, flow.a), flow.b and eni_of(world, flow.b)
    local from, to = flow.from_text, flow.to_text
    local function edge(eni, open_egress, remote)
        return nacl(world, eni.SubnetId, open_egress, flow.protocol, flow.port, remote)
            and nacl(world, eni.SubnetId, not open_egress, flow.protocol, flow.source, remote)
    end
    if a and b then
        if route(world, a.SubnetId, to) ~= "local" then return false end
        if route(world, b.SubnetId, from) ~= "local" then return false end
        return a.SubnetId == b.SubnetId or (edge(a, true, to) and edge(b, false, from)), "local"
    end
    local eni, remote = a or b, a and to or from
    local way = route(world, eni.SubnetId, remote)
    if way == "igw-1" then
        return eni.Association ~= nil and edge(eni, a ~= nil, remote), way
    elseif way == "nat-1" and a then
        return route(world, "subnet-pub", remote) == "igw-1" and edge(a, true, remote)
            and (a.SubnetId == "subnet-pub"
                 or (nacl(world, "subnet-pub", false, flow.protocol, flow.port, from)
                     and nacl(world, "subnet-pub", true, flow.protocol, flow.source, from)))
            and nacl(world, "subnet-pub", true, flow.protocol, flow.port, remote)
            and nacl(world, "subnet-pub", false, flow.protocol, 40000, remote), way
    end
    return false, way
end

local function passes(world, flow)
    flow.passing = flow.passing or { passes_now(world, flow) }
    return flow.passing[1], flow.passing[2]
end

local function sides(world, flow)
    if flow.sides then return flow.sides end
    local list = {}
    if flow.a then
        list[#list + 1] = { eni = "eni-" .. flow.a, opening = OUT, other = IN,
                            remote = { text = flow.to_text, eni = flow.b and "eni-" .. flow.b } }
    end
    if flow.b then
        list[#list + 1] = { eni = "eni-" .. flow.b, opening = IN, other = OUT,
                            remote = { text = flow.from_text, eni = flow.a and "eni-" .. flow.a } }
    end
    local _, way = passes(world, flow)
    for _, side in ipairs(list) do
        side.open = allows(world, side.eni, side.opening, flow.protocol, flow.port, side.remote)
        side.reply = allows(world, side.eni, side.other, flow.protocol, flow.source, side.remote)
        side.untracked = way ~= "nat-1"
            and untracked(world, flow, side.eni, side.opening, side.other)
    end
    flow.sides = list
    return list
end

local function idle(flow, entry)
    if flow.protocol == "icmp" then return math.huge end
    if flow.protocol == "tcp" then return flow.tcp end
    return flow.last > entry.created and 180 or 30
end

local function packet(world, flow, now)
    local ok = passes(world, flow)
    local list = sides(world, flow)
    if not flow.open then
        for _, side in ipairs(list) do ok = ok and side.open end
        if not ok then return end
        flow.open, flow.last, flow.entries, flow.way = true, now, {}, select(2, passes(world, flow))
        for i, side in ipairs(list) do
            flow.entries[i] = { untracked = side.untracked, created = now }
        end
        return
    end
    if not ok then
        flow.first_lost = flow.first_lost or now
        return
    end
    for i, side in ipairs(list) do
        local entry = flow.entries[i]
        if side.open and not flow.blocked then
            if entry.expired or (entry.untracked and not side.untracked) then
                flow.entries[i] = { created = now, untracked = side.untracked }
            else
                entry.untracked = side.untracked
            end
        end
    end
    flow.last = now
end

local function groups_say(flow, list, now)
    local maybe = false
    for i, side in ipairs(list) do
        local entry = flow.entries[i]
        if not entry.untracked and now - flow.last >= idle(flow, entry) then
            entry.expired = true
        end
        if entry.untracked then
            if not side.open then return "no" end
            maybe = maybe or not side.reply
        elseif entry.expired then
            if not side.open then return "no" end
            maybe = maybe or flow.protocol == "tcp"
        elseif flow.protocol == "icmp" and not flow.every and not side.open then
            maybe = true
        end
    end
    return maybe and "maybe" or "yes"
end

-- Looks at the flow as of `now`; packets of now have been carried.
local function settle(world, flow, now)
    if flow.state == "cut" then return end
    if not flow.open then flow.state = "never possible" return end
    local ok, way = passes(world, flow)
    local answer = groups_say(flow, sides(world, flow), now)
    if answer == "maybe" then flow.doubt = true end
    flow.blocked = answer ~= "yes"
    if answer == "no" or (ok and way ~= flow.way) then
        flow.state = "cut"
    elseif not ok then
        flow.state = "paused"
        if flow.protocol == "tcp" and flow.first_lost and now - flow.first_lost >= 924.6 then
            flow.state = "cut"
        end
    else
        flow.first_lost = nil
        flow.state = flow.doubt and "unknown" or "alive"
    end
end

function naive.add(world, flow, now)
    flow.started = now
    packet(world, flow, now)
    settle(world, flow, now)
end

function naive.second(world, flow, now)
    if flow.every and (now - flow.started) % flow.every == 0 and flow.state ~= "cut" then
        packet(world, flow, now)
    end
    settle(world, flow, now)
end

-- The world has changed.
function naive.changed(world, flow, now)
    flow.passing, flow.sides = nil, nil
    settle(world, flow, now)
end

return naive
