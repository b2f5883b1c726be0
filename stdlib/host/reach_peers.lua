-- reach_peers.lua - whom a security group's rule means, and by which way they are reached.
--
-- Owns: taking a rule's peer apart along the route table: the VPC, the internet, peers. Pure.
local address = require "flow_address"
local routes = require "flow_routes"

local peers = {}

local LETS_NOTHING_IN = { nat = true, ["egress-only"] = true, ["gateway-endpoint"] = true }

local function piece_text(view, interface, way, network)
    if way.kind == "local" then
        for _, own in ipairs(view:vpc_networks(interface.vpc)) do
            if address.covers(network, own) then
                return ("the VPC (%s)"):format(own.text)
            end
        end
    elseif network.prefix == 0 then
        return "the internet"
    end
    return network.text
end

local function peer(view, interface, way, network)
    return { family = network.family, network = network, kind = way.kind,
             via = way.kind ~= "local" and way.id or nil, answer = way.answer, why = way.why,
             nat_subnet = way.subnet, text = piece_text(view, interface, way, network) }
end

-- A network, cut at the routes that decide on it: the longest prefix first, up to the one that
-- takes in all of it.
local function of_network(view, from, direction, network, add)
    local interface = from.interface
    local table_ = view:table_of(interface.subnet, interface.vpc)
    if not table_ then
        add(peer(view, interface, { kind = "none", answer = "maybe",
                                    why = "its routes are not known" }, network))
        return
    end
    for _, route in ipairs(table_.routes) do
        if address.overlap(route.network, network) then
            local whole = address.covers(route.network, network)
            local part = whole and network or route.network
            local base = { family = part.family, hi = part.hi, lo = part.lo, text = part.text }
            local way = routes.by_route(view, from, route, base)
            local shut = direction == "ingress" and LETS_NOTHING_IN[way.kind]
            if way.answer ~= "no" and not shut then
                add(peer(view, interface, way, part))
            end
            if whole then return end
        end
    end
end

local function has_family(raw, family)
    if family == "v4" then return raw.PrivateIpAddress ~= nil end
    return #(raw.Ipv6Addresses or {}) > 0
end

-- The addresses of a subnet in a family; nil when they are not known.
function peers.subnet_network(raw, family)
    if not raw then return nil end
    if family == "v4" then return raw.CidrBlock and address.network(raw.CidrBlock) end
    local block = (raw.Ipv6CidrBlockAssociationSet or {})[1]
    return block and block.Ipv6CidrBlock and address.network(block.Ipv6CidrBlock)
end

-- Subnet -> how many interfaces in it carry the group, besides this one; and the subnets, sorted.
local function by_subnet(view, from, ids)
    local counts, order = {}, {}
    for _, id in ipairs(ids) do
        local other = id ~= from.interface.id and view:raw("NetworkInterfaces", id)
        if other and has_family(other, from.own.family) then
            local subnet = other.SubnetId or ""
            if not counts[subnet] then order[#order + 1] = subnet end
            counts[subnet] = (counts[subnet] or 0) + 1
        end
    end
    table.sort(order)
    return counts, order
end

local function way_to(view, from, raw, network)
    if not raw or raw.VpcId == from.interface.vpc then return { kind = "group", answer = "yes" } end
    if not network then return { kind = "group", answer = "maybe" } end
    return routes.way(view, from, { family = network.family, hi = network.hi, lo = network.lo,
                                    text = network.text })
end

-- The interfaces that carry a group, subnet by subnet.
local function of_group(view, from, id, carriers, add)
    if not view:group(id) then
        add { family = from.own.family, kind = "group", answer = "maybe", text = id,
              why = ("who carries %s is not known"):format(id) }
    end
    local counts, subnets = by_subnet(view, from, carriers(id))
    for _, subnet in ipairs(subnets) do
        local raw = view:subnet(subnet)
        local network = peers.subnet_network(raw, from.own.family)
        local way = way_to(view, from, raw, network)
        if way.answer ~= "no" then
            add { family = from.own.family, kind = "group", answer = way.answer, why = way.why,
                  via = way.id ~= "local" and way.id or nil,
                  network = subnet ~= from.interface.subnet and network or nil,
                  text = ("%s in %s (%d other interface%s)"):format(
                      id, subnet, counts[subnet], counts[subnet] == 1 and "" or "s") }
        end
    end
end

-- Calls add{family, kind, via, answer, why, text, network, nat_subnet} for everyone that a rule
-- means and that a way leads to. `from`: {interface, own}; carriers(id): the interfaces of a group.
function peers.each(view, from, direction, rule, carriers, add)
    if rule.network then
        if rule.network.family == from.own.family then
            of_network(view, from, direction, rule.network, add)
        end
    elseif rule.list then
        local networks = view:prefix_list(rule.list)
        if not networks then
            add { family = from.own.family, kind = "list", answer = "maybe", text = rule.list,
                  why = ("the entries of %s are not known"):format(rule.list) }
        end
        for _, network in ipairs(networks or {}) do
            if network.family == from.own.family then
                of_network(view, from, direction, network, add)
            end
        end
    else
        of_group(view, from, rule.group, carriers, add)
    end
end

return peers
