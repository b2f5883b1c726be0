-- flow_path.lua - the way of a flow's packets there and back: routes, gateways, NACLs.
--
-- Owns: all of a verdict that is stateless. Each direction is judged by itself; a subnet's NACL
-- is asked only where a packet crosses its edge. Groups and tracking are flow_verdict.lua's.
local holes = require "flow_holes"
local nacl = require "flow_nacl"
local routes = require "flow_routes"

local path = {}

local NAT_PORTS = { 1024, 65535 }

-- The first "no" decides, else the first "maybe".
local function note(result, answer, why)
    if answer == "no" and result.answer ~= "no" then result.answer, result.why = "no", why end
    if answer == "maybe" and result.answer == "yes" then
        result.answer, result.why = "maybe", why
    end
end

local function cross(result, view, subnet, egress, packet, remote)
    local compiled = subnet and view:nacl_of(subnet)
    if not compiled then
        note(result, "maybe", ("the NACL of %s is not known"):format(subnet or "its subnet"))
        return
    end
    note(result, nacl.allow(compiled, egress, packet, remote))
end

-- Both packets of a flow at the edge of its opener's subnet, then of its target's.
local function leaves(result, view, subnet, flow, remote)
    cross(result, view, subnet, true, flow.open, remote)
    cross(result, view, subnet, false, flow.reply, remote)
end

local function enters(result, view, subnet, flow, remote)
    cross(result, view, subnet, false, flow.open, remote)
    cross(result, view, subnet, true, flow.reply, remote)
end

-- An end as it is now: its interface compiled, its own address with its public one.
local function current(view, one)
    local interface = view:interface(one.interface)
    if not interface then return nil, ("%s is gone"):format(one.interface) end
    for _, own in ipairs(interface.addresses) do
        if own.text == one.text then
            return { interface = interface, own = own, address = own.address }
        end
    end
    return nil, ("%s no longer has %s"):format(one.interface, one.text)
end

local function side(here, direction, way, remote)
    return { interface = here.interface, direction = direction, way = way, remote = remote }
end

local function note_way(result, way)
    note(result, way.answer, way.why)
    result.kind, result.id = way.kind, way.id
end

local JOINS = { peering = true, transit = true, ["core-network"] = true, appliance = true,
                inspection = true, firewall = true }

local function joins(way, other)
    if way.kind == "peering" then return way.peer == nil or way.peer == other.vpc end
    return JOINS[way.kind]
end

-- Between two interfaces by their private addresses.
local function between(result, view, flow, a, b)
    local there = routes.way(view, a, b.address)
    local back = routes.way(view, b, a.address)
    note_way(result, there)
    note(result, back.answer, back.why)
    local near = a.interface.vpc == b.interface.vpc
    if not near and there.answer ~= "no" and there.kind ~= "none"
        and not joins(there, b.interface) then
        note(result, "no", ("%s does not lead to %s"):format(there.why, b.interface.vpc))
    end
    if not near and back.answer ~= "no" and back.kind ~= "none"
        and not joins(back, a.interface) then
        note(result, "no", ("%s does not lead back to %s"):format(back.why, a.interface.vpc))
    end
    if a.interface.subnet ~= b.interface.subnet then
        leaves(result, view, a.interface.subnet, flow, b.address)
        enters(result, view, b.interface.subnet, flow, a.address)
    end
    local transit = there.kind == "transit" and there.id or nil
    result.sides = {
        side(a, "egress", there, { address = b.address, interface = b.interface, private = true,
                                   transit = transit }),
        side(b, "ingress", back, { address = a.address, interface = a.interface, private = true,
                                   transit = transit }) }
end

local function with_ports(packet, ports)
    local copy = {}
    for key, value in pairs(packet) do copy[key] = value end
    copy.lo, copy.hi = ports[1], ports[2]
    return copy
end

-- A NAT gateway's own subnet: in from the opener, out to the world, and back.
local function through_nat(result, view, flow, a, way, remote)
    if not way.subnet or not way.private then return end
    if way.subnet ~= a.interface.subnet then enters(result, view, way.subnet, flow, a.address) end
    local translated = { open = flow.open, reply = flow.reply }
    if flow.reply.hi > 0 then translated.reply = with_ports(flow.reply, NAT_PORTS) end
    leaves(result, view, way.subnet, translated, remote)
end

local PRIVATE = { ["local"] = true, peering = true, transit = true, vpn = true }

-- Out of the VPC to an address. Returns the address that the other end sees.
local function outward(result, view, flow, a, remote)
    local way = routes.way(view, a, remote)
    note_way(result, way)
    if way.kind == "local" then
        note(result, "maybe", ("no interface in the world has %s"):format(remote.text))
    end
    leaves(result, view, a.interface.subnet, flow, remote)
    if way.kind == "nat" then through_nat(result, view, flow, a, way, remote) end
    result.sides[#result.sides + 1] = side(a, "egress", way, {
        address = remote, public = way.kind == "internet", private = PRIVATE[way.kind] })
    if way.kind == "nat" then return way.public or a.address end
    return way.kind == "internet" and a.own.public or a.address
end

local ONE_WAY = { nat = "the NAT gateway", ["egress-only"] = "the egress-only gateway",
                  ["gateway-endpoint"] = "the endpoint" }

-- Into the VPC from an address: the answers must find the way back.
local function inward(result, view, flow, remote, b)
    local way = routes.way(view, b, remote)
    note_way(result, way)
    if ONE_WAY[way.kind] then
        note(result, "no", ("%s %s lets nothing in"):format(ONE_WAY[way.kind], way.id))
    elseif way.kind == "local" then
        note(result, "maybe", ("no interface in the world has %s"):format(remote.text))
    end
    enters(result, view, b.interface.subnet, flow, remote)
    result.sides[#result.sides + 1] = side(b, "ingress", way, {
        address = remote, public = way.kind == "internet", private = PRIVATE[way.kind] })
end

-- In through a load balancer that keeps the client's address: it answers for the routes.
local function through_balancer(result, view, flow, remote, b)
    local balancer = view:interface(flow.via)
    local way = { answer = "yes", kind = "load-balancer", id = flow.via, why = flow.via }
    if not balancer then way.answer, way.why = "no", ("there is no %s"):format(flow.via) end
    note_way(result, way)
    enters(result, view, b.interface.subnet, flow, remote)
    result.sides[#result.sides + 1] = side(b, "ingress", way,
                                           { address = remote, public = true })
end

-- Is a public address known to be nobody's of this account any more? A world that holds no
-- addresses at all does not know.
local function is_released(view, text)
    local known = false
    view:note("Addresses", "*")
    for _, one in pairs(view.world.resources.Addresses or {}) do
        if one.PublicIp == text then return false end
        known = true
    end
    return known
end

-- A connection is bound to its public address: with another one, or none for good, it is over.
local function lost_public(result, view, one, here)
    local before = one.started_public
    if result.kind ~= "internet" or here.address.family ~= "v4" or not before then return end
    local now = here.own.public and here.own.public.text
    if now and now ~= before then
        result.moved = ("the public address of %s was %s and is %s"):format(
            one.interface, before, now)
    elseif not now and (one.borrowed or is_released(view, before)) then
        result.moved = ("%s lost its public address %s for good"):format(one.interface, before)
    end
end

local function judge_one(result, view, flow, a, b)
    if a and b and a.interface.id == b.interface.id then
        result.kind, result.unfiltered = "itself", "it never leaves the instance"
        return
    end
    if a and not b then
        local hole = holes.find(view, a.interface, flow.to.address, flow.protocol, flow.open.lo)
        if hole then
            result.kind = "hole"
            result.unfiltered = ("neither groups nor NACLs filter %s"):format(hole)
            return
        end
    end
    if a and b and not flow.to.by_public then return between(result, view, flow, a, b) end
    local seen = flow.from.address
    local target = flow.to.by_public and b and b.own.public or flow.to.address
    if a then
        seen = outward(result, view, flow, a, target)
        result.seen = seen.text
    end
    if b and flow.via then return through_balancer(result, view, flow, seen, b) end
    if b then inward(result, view, flow, seen, b) end
end

local function present(result, view, one)
    local here, why = current(view, one)
    local down = here and view:down(here.interface)
    if not here or down then result.gone = result.gone or why or down end
    return here
end

-- How a flow's packets fare, groups aside: {answer, why, kind, id, sides, unfiltered, gone,
-- moved, seen}. sides: one per end in the world: {interface, direction ("egress" for the
-- opener's), way, remote}. unfiltered: why nothing filters it. gone: why its connection is over
-- for good. moved: the same, by an address. seen: the address that the other end sees.
function path.judge(view, flow)
    local result = { answer = "yes", sides = {} }
    local a, b
    if flow.from.interface then a = present(result, view, flow.from) end
    if flow.to.interface then b = present(result, view, flow.to) end
    if result.gone then
        result.answer, result.why = "no", result.gone
        return result
    end
    judge_one(result, view, flow, a, b)
    if a then lost_public(result, view, flow.from, a) end
    if b then lost_public(result, view, flow.to, b) end
    return result
end

return path
