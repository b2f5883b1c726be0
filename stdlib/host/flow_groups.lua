-- flow_groups.lua - what the security groups of an interface let through.
--
-- Owns: matching packets against the rules of all groups of an interface (they add up, they
-- only allow), and whether its rules leave a flow untracked. Pure; tracking entries themselves
-- are flow_tracking.lua's.
--
-- A packet: {protocol, family, lo, hi (its destination port, a range when it is not known),
-- type, code}. A remote: {address, interface (compiled, when the world holds it), public (it is
-- seen by a public address), private (it is in a VPC), transit (the gateway it is behind)}.
local address = require "flow_address"
local protocols = require "flow_protocols"

local groups = {}

local function protocol_matches(rule, packet)
    if rule.protocol == "-1" then return "yes" end
    if rule.protocol ~= packet.protocol then return "no" end
    if protocols.has_ports(packet.protocol) then
        return protocols.ports(rule.from, rule.to, packet.lo, packet.hi)
    end
    if protocols.is_icmp(packet.protocol) then
        return protocols.icmp(rule.from, rule.to, packet)
    end
    return "yes"
end

local function list_matches(view, id, one)
    local networks = view:prefix_list(id)
    if not networks then return "maybe", ("the entries of %s are not known"):format(id) end
    for _, network in ipairs(networks) do
        if address.contains(network, one) then return "yes" end
    end
    return "no"
end

-- A group as peer means the private addresses of the interfaces that carry it.
local function group_matches(view, id, remote)
    if remote.public then return "no" end
    if not remote.interface then
        if view:group(id) or not remote.private then return "no" end
        return "maybe", ("who carries %s is not known"):format(id)
    end
    for _, carried in ipairs(remote.interface.groups) do
        if carried == id and remote.transit then
            return "maybe", ("whether %s lets groups be referenced is not known"):format(
                remote.transit)
        end
        if carried == id then return "yes" end
    end
    return "no"
end

local function peer_matches(view, rule, remote)
    if rule.network then
        return address.contains(rule.network, remote.address) and "yes" or "no"
    end
    if rule.list then return list_matches(view, rule.list, remote.address) end
    return group_matches(view, rule.group, remote)
end

local function rule_matches(view, rule, packet, remote)
    local matches = protocol_matches(rule, packet)
    if matches == "no" then return "no" end
    local peer, why = peer_matches(view, rule, remote)
    return protocols.both(matches, peer), why
end

local function carried_text(interface)
    return ("%s (%s)"):format(interface.id, table.concat(interface.groups, ", "))
end

local MAYBE = "%s may or may not allow it"

-- Do the groups of an interface let a packet through in a direction ("ingress", "egress")?
-- The answer, and the rule or what is missing, in words.
function groups.allow(view, interface, direction, packet, remote)
    if #interface.groups == 0 and interface.managed then
        return "yes", ("%s has no security group"):format(interface.id)
    end
    local answer, why = "no", nil
    for _, id in ipairs(interface.groups) do
        local group = view:group(id)
        if not group then
            answer, why = "maybe", ("the rules of %s are not known"):format(id)
        end
        for _, rule in ipairs(group and group[direction] or {}) do
            local matches, reason = rule_matches(view, rule, packet, remote)
            if matches == "yes" then return "yes", rule.text end
            if matches == "maybe" then answer, why = "maybe", reason or MAYBE:format(rule.text) end
        end
    end
    if answer == "maybe" then return "maybe", why end
    return "no", ("no rule of %s allows it %s"):format(
        carried_text(interface), direction == "ingress" and "in" or "out")
end

-- A rule that lets this packet through to or from every address of its family.
local function opens_to_everyone(rule, packet)
    if rule.everyone ~= packet.family then return false end
    return protocol_matches(rule, packet) == "yes"
end

-- A rule of the other direction that lets every response through, whatever its port.
local function answers_everyone(rule, packet)
    if rule.everyone ~= packet.family then return false end
    if rule.protocol == "-1" then return true end
    return rule.protocol == packet.protocol
        and protocols.ports(rule.from, rule.to, 0, 65535) == "yes"
end

local function find(view, interface, direction, packet, wanted)
    local unread = false
    for _, id in ipairs(interface.groups) do
        local group = view:group(id)
        unread = unread or not group
        for _, rule in ipairs(group and group[direction] or {}) do
            if wanted(rule, packet) then return "yes" end
        end
    end
    return unread and "maybe" or "no"
end

local OTHER = { ingress = "egress", egress = "ingress" }

-- Would the rules alone leave a flow untracked that opens in `direction` with `packet`?
-- TCP and UDP only: everything else is tracked.
function groups.leave_untracked(view, interface, direction, packet)
    if not protocols.has_ports(packet.protocol) then return "no" end
    local opens = find(view, interface, direction, packet, opens_to_everyone)
    if opens == "no" then return "no" end
    return protocols.both(opens,
                          find(view, interface, OTHER[direction], packet, answers_everyone))
end

return groups
