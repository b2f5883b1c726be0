-- reach.lua - who could open a new connection to an instance, and what it could open.
--
-- Owns: static reachability, from rules, NACLs and routes as they stand, IPv4 and IPv6, as data
-- and as short sentences; and what differs between two worlds. Connections that are open
-- already are the flow engine's.
local address = require "flow_address"
local flow_view = require "flow_view"
local holes = require "flow_holes"
local peers = require "reach_peers"
local protocols = require "flow_protocols"
local reach_nacl = require "reach_nacl"

local reach = {}

local FIRST_CLIENT_PORT = 1024
local OTHER = { ingress = "egress", egress = "ingress" }

local function carriers_of(world)
    local index
    return function(id)
        if not index then
            index = {}
            for eni, raw in pairs(world.resources.NetworkInterfaces or {}) do
                for _, group in ipairs(raw.Groups or {}) do
                    local list = index[group.GroupId] or {}
                    index[group.GroupId] = list
                    list[#list + 1] = eni
                end
            end
        end
        return index[id] or {}
    end
end

local function range_of(rule, peer)
    local lo, hi = 0, 65535
    if protocols.has_ports(rule.protocol) and rule.from and rule.from ~= -1 then
        lo, hi = rule.from, rule.to or rule.from
    end
    return { protocol = rule.protocol, network = peer.network, lo = lo, hi = hi }
end

local function both(a, b)
    if a == "no" or b == "no" then return "no" end
    if a == "part" or b == "part" then return "part" end
    return a == "yes" and b or a
end

-- Peers in its own subnet never meet the NACL.
local function softened(view, interface, peer, answer)
    if answer == "yes" or peer.kind ~= "local" then return answer end
    local own = peers.subnet_network(view:subnet(interface.subnet), peer.family)
    if not own then return "part" end
    if not address.overlap(own, peer.network) then return answer end
    return address.covers(own, peer.network) and "yes" or "part"
end

local function replies_of(rule, peer)
    return { protocol = rule.protocol, network = peer.network, lo = FIRST_CLIENT_PORT, hi = 65535 }
end

-- What the NACL of a NAT gateway's own subnet leaves, in one answer.
local function behind_nat(view, interface, rule, peer)
    if not peer.nat_subnet or peer.nat_subnet == interface.subnet then return "yes" end
    local nacl = view:nacl_of(peer.nat_subnet)
    if not nacl then return "maybe" end
    return both(reach_nacl.whole(nacl.egress, range_of(rule, peer)),
                reach_nacl.whole(nacl.ingress, replies_of(rule, peer)))
end

-- What the NACLs leave of a rule for a peer: {{lo, hi, answer}}.
local function through_nacl(view, interface, direction, rule, peer)
    local range = range_of(rule, peer)
    if not peer.network then return { { lo = range.lo, hi = range.hi, answer = peer.answer } } end
    local nacl = view:nacl_of(interface.subnet)
    if not nacl then return { { lo = range.lo, hi = range.hi, answer = "maybe" } } end
    local replies = both(reach_nacl.whole(nacl[OTHER[direction]], replies_of(rule, peer)),
                         behind_nat(view, interface, rule, peer))
    local list = reach_nacl.ports(nacl[direction], range)
    for _, piece in ipairs(list) do
        piece.answer = softened(view, interface, peer, both(piece.answer, replies))
        piece.answer = both(piece.answer, peer.answer)
    end
    return list
end

local function ports_text(rule, piece)
    if rule.protocol == "-1" then
        if piece.lo == 0 and piece.hi == 65535 then return "all traffic" end
        return ("all protocols, ports %d-%d"):format(piece.lo, piece.hi)
    end
    if not protocols.has_ports(rule.protocol) then
        return protocols.is_icmp(rule.protocol) and rule.protocol or "protocol " .. rule.protocol
    end
    if piece.lo == 0 and piece.hi == 65535 then return rule.protocol .. " all ports" end
    if piece.lo == piece.hi then return ("%s %d"):format(rule.protocol, piece.lo) end
    return ("%s %d-%d"):format(rule.protocol, piece.lo, piece.hi)
end

local FAMILIES = { v4 = "IPv4", v6 = "IPv6" }
local NOTES = { part = ", in part", maybe = ", perhaps" }

local function sentence(entry)
    local via = entry.via and (" by " .. entry.via) or ""
    return ("%s %s %s, %s%s%s"):format(entry.ports, entry.direction == "in" and "from" or "to",
        entry.peer, FAMILIES[entry.family], via, NOTES[entry.answer] or "")
end

local function entry_of(from, direction, rule, peer, piece)
    local entry = { direction = direction == "ingress" and "in" or "out", family = peer.family,
                    protocol = rule.protocol, from = piece.lo, to = piece.hi,
                    ports = ports_text(rule, piece), peer = peer.text, kind = peer.kind,
                    via = peer.via, answer = piece.answer, why = peer.why, rule = rule.text,
                    interfaces = { from.interface.id } }
    entry.text = sentence(entry)
    return entry
end

-- One entry per sentence; the interfaces that share it are listed.
local function collect(found, entry)
    local known = found.by_text[entry.direction .. entry.text]
    if not known then
        found.by_text[entry.direction .. entry.text] = entry
        found.list[#found.list + 1] = entry
        return
    end
    if known.interfaces[#known.interfaces] ~= entry.interfaces[1] then
        known.interfaces[#known.interfaces + 1] = entry.interfaces[1]
    end
end

local function of_peer(view, from, direction, rule, peer, found)
    for _, piece in ipairs(through_nacl(view, from.interface, direction, rule, peer)) do
        if piece.answer ~= "no" then
            collect(found, entry_of(from, direction, rule, peer, piece))
        end
    end
end

local function of_interface(view, from, carriers, found)
    for _, id in ipairs(from.interface.groups) do
        local group = view:group(id)
        if not group and not found.missing[id] then
            found.missing[id] = true
            found.unread[#found.unread + 1] = id
        end
        for _, direction in ipairs { "ingress", "egress" } do
            for _, rule in ipairs(group and group[direction] or {}) do
                peers.each(view, from, direction, rule, carriers, function(peer)
                    of_peer(view, from, direction, rule, peer, found)
                end)
            end
        end
    end
end

local function own_by_family(interface)
    local list, seen = {}, {}
    for _, own in ipairs(interface.addresses) do
        if own.public or not seen[own.family] then
            if seen[own.family] then list[seen[own.family]] = own
            else
                list[#list + 1] = own
                seen[own.family] = #list
            end
        end
    end
    return list
end

local function sentences(entries, direction)
    local list = {}
    for _, entry in ipairs(entries) do
        if entry.direction == direction then list[#list + 1] = entry.text end
    end
    return list
end

-- Reachability of an instance in a world: {instance, entries, into, out (sentences), unread
-- (groups that the world does not hold), unfiltered (what nothing filters)}. An entry:
-- {direction "in"|"out", family, protocol, from, to, ports, peer, kind, via, answer "yes" |
-- "part" | "maybe", why, rule, interfaces, text}.
function reach.of(world, instance)
    local view, found = flow_view.new(world), { list = {}, by_text = {}, unread = {},
                                                     missing = {} }
    local carriers = carriers_of(world)
    for _, id in ipairs(view:interfaces_of(instance)) do
        local interface = view:interface(id)
        if not view:down(interface) then
            for _, own in ipairs(own_by_family(interface)) do
                of_interface(view, { interface = interface, own = own }, carriers, found)
            end
        end
    end
    table.sort(found.list, function(a, b)
        if a.direction ~= b.direction then return a.direction < b.direction end
        return a.text < b.text
    end)
    return { instance = instance, entries = found.list, into = sentences(found.list, "in"),
             out = sentences(found.list, "out"), unread = found.unread,
             unfiltered = holes.list() }
end

local function by_text(result)
    local map = {}
    for _, entry in ipairs(result.entries) do map[entry.direction .. " " .. entry.text] = entry end
    return map
end

local function missing(from, map)
    local list = {}
    for _, entry in ipairs(from.entries) do
        if not map[entry.direction .. " " .. entry.text] then list[#list + 1] = entry end
    end
    return list
end

-- What an instance loses and gains between two results: {lost, gained (entries), kept (count)}.
function reach.diff(before, after)
    local lost, gained = missing(before, by_text(after)), missing(after, by_text(before))
    return { lost = lost, gained = gained, kept = #before.entries - #lost }
end

-- The difference for two worlds, from the first to the second.
function reach.compare(world_before, world_after, instance)
    local before, after = reach.of(world_before, instance), reach.of(world_after, instance)
    local result = reach.diff(before, after)
    result.before, result.after = before, after
    return result
end

return reach
