-- flow_routes.lua - where a subnet's route table sends a packet, and whether it gets there.
--
-- Owns: longest prefix, blackholes, and what each kind of target asks for (an attached gateway,
-- a public address, an available NAT gateway, an active peering). Pure. NACLs and groups are
-- not asked here.
local address = require "flow_address"

local routes = {}

local function way(answer, kind, id, why)
    return { answer = answer, kind = kind, id = id, why = why }
end

-- The route that takes a packet; nil when none does. Routes of prefix lists that the world does
-- not hold count as not matching; the second result names one when nothing else matches.
function routes.lookup(table_, one)
    for _, route in ipairs(table_.routes) do
        if route.network and address.contains(route.network, one) then return route end
    end
    return nil, table_.unread[1]
end

local function is_attached(gateway, vpc)
    for _, attachment in ipairs(gateway.Attachments or {}) do
        if attachment.VpcId == vpc
            and (attachment.State == "available" or attachment.State == "attached") then
            return true
        end
    end
    return false
end

local TARGETS = {}

TARGETS["local"] = function(_, _, route)
    return way("yes", "local", "local", route.text)
end

function TARGETS.internet(view, from, route, one)
    local gateway = view:raw("InternetGateways", route.id)
    if gateway and not is_attached(gateway, from.interface.vpc) then
        return way("no", "internet", route.id,
                   ("%s is not attached to %s"):format(route.id, from.interface.vpc))
    end
    if one.family == "v4" and not from.own.public then
        return way("no", "internet", route.id, ("%s of %s has no public address to use %s with")
            :format(from.own.text, from.interface.id, route.id))
    end
    return way("yes", "internet", route.id, route.text)
end

local function nat_public(gateway)
    for _, item in ipairs(gateway.NatGatewayAddresses or {}) do
        if item.PublicIp then return address.address(item.PublicIp) end
    end
    return nil
end

local function nat_private(gateway)
    for _, item in ipairs(gateway.NatGatewayAddresses or {}) do
        if item.PrivateIp then return address.address(item.PrivateIp) end
    end
    return nil
end

-- A NAT gateway sends on by the table of its own subnet.
local function behind_nat(view, gateway, id, one)
    local table_ = view:table_of(gateway.SubnetId, gateway.VpcId)
    if not table_ then
        return way("maybe", "nat", id, ("the routes of %s, where %s is, are not known"):format(
            gateway.SubnetId or "the subnet", id))
    end
    local route = routes.lookup(table_, one)
    if not route or route.blackhole or route.kind == "none" or route.id == id then
        return way("no", "nat", id, ("%s has no route to %s"):format(id, one.text))
    end
    if gateway.ConnectivityType ~= "private" and route.kind ~= "internet" then
        return way("maybe", "nat", id,
                   ("%s goes on by %s, which is not modelled"):format(id, route.text))
    end
    return way("yes", "nat", id, nil)
end

function TARGETS.nat(view, _, route, one)
    local gateway = view:raw("NatGateways", route.id)
    if not gateway then
        return way("maybe", "nat", route.id, ("%s is not in the world"):format(route.id))
    end
    if gateway.State ~= "available" then
        return way("no", "nat", route.id,
                   ("%s is %s"):format(route.id, gateway.State or "not available"))
    end
    local onward = behind_nat(view, gateway, route.id, one)
    onward.why = onward.why or route.text
    onward.subnet = gateway.SubnetId
    onward.public, onward.private = nat_public(gateway), nat_private(gateway)
    return onward
end

TARGETS["egress-only"] = function(view, from, route, one)
    local gateway = view:raw("EgressOnlyInternetGateways", route.id)
    if one.family ~= "v6" then
        return way("no", "egress-only", route.id, ("%s carries IPv6 only"):format(route.id))
    end
    if gateway and not is_attached(gateway, from.interface.vpc) then
        return way("no", "egress-only", route.id,
                   ("%s is not attached to %s"):format(route.id, from.interface.vpc))
    end
    return way("yes", "egress-only", route.id, route.text)
end

function TARGETS.peering(view, from, route)
    local peering = view:raw("VpcPeeringConnections", route.id)
    if not peering then return way("yes", "peering", route.id, route.text) end
    local state = (peering.Status or {}).Code
    if state ~= "active" then
        return way("no", "peering", route.id, ("%s is %s"):format(route.id, state or "not active"))
    end
    local requester = (peering.RequesterVpcInfo or {}).VpcId
    local accepter = (peering.AccepterVpcInfo or {}).VpcId
    local found = way("yes", "peering", route.id, route.text)
    found.peer = requester == from.interface.vpc and accepter or requester
    return found
end

local function transit_attachment(view, vpc, id)
    local known = false
    view:note("TransitGatewayVpcAttachments", "*")
    for _, attachment in pairs(view.world.resources.TransitGatewayVpcAttachments or {}) do
        known = true
        if attachment.VpcId == vpc and attachment.TransitGatewayId == id then
            return attachment, true
        end
    end
    return nil, known
end

function TARGETS.transit(view, from, route)
    local attachment, known = transit_attachment(view, from.interface.vpc, route.id)
    local state = attachment and attachment.State
    if known and (not attachment or (state ~= "available" and state ~= "modifying")) then
        return way("no", "transit", route.id, ("%s is not attached to %s%s"):format(
            route.id, from.interface.vpc, state and (" (" .. state .. ")") or ""))
    end
    return way("yes", "transit", route.id, route.text)
end

-- Network Firewall's endpoints are Gateway Load Balancer endpoints that its tag tells apart.
local function is_firewall(endpoint)
    for _, tag in ipairs(endpoint.Tags or {}) do
        if tag.Key == "AWSNetworkFirewallManaged" or tag.Key == "Firewall" then return true end
    end
    return false
end

-- What a route to an endpoint leads through: "gateway-endpoint", "firewall" or "inspection".
function routes.endpoint_kind(endpoint)
    if endpoint.VpcEndpointType ~= "GatewayLoadBalancer" then return "gateway-endpoint" end
    return is_firewall(endpoint) and "firewall" or "inspection"
end

function TARGETS.endpoint(view, _, route)
    local endpoint = view:raw("VpcEndpoints", route.id)
    if not endpoint then
        local found = way("yes", "gateway-endpoint", route.id, route.text)
        if not route.list then found.kind, found.answer = "inspection", "maybe" end
        return found
    end
    local state = (endpoint.State or "available"):lower()
    if state ~= "available" then
        return way("no", "gateway-endpoint", route.id, ("%s is %s"):format(route.id, state))
    end
    local found = way("yes", "gateway-endpoint", route.id, route.text)
    found.service = endpoint.ServiceName or ""
    found.kind = routes.endpoint_kind(endpoint)
    return found
end

function TARGETS.appliance(_, _, route)
    return way("maybe", "appliance", route.id,
               ("what %s does with it is not known"):format(route.id))
end

local function beyond(_, _, route)
    return way("yes", route.kind, route.id, route.text)
end
for _, kind in ipairs { "vpn", "local-gateway", "carrier", "core-network" } do
    TARGETS[kind] = beyond
end

function TARGETS.none(_, _, route)
    return way("no", "none", nil, ("%s leads nowhere"):format(route.text))
end

-- The way that one route takes from an interface, whatever routes there are besides.
function routes.by_route(view, from, route, one)
    if route.blackhole then return way("no", "none", route.id, route.text) end
    return TARGETS[route.kind](view, from, route, one)
end

-- The way from an interface to an address. `from`: {interface, own (its address, with .public)}.
-- {answer, kind, id, why}: kind is local, internet, nat, egress-only, peering, transit,
-- gateway-endpoint, firewall, inspection, appliance, vpn, ..., or none.
function routes.way(view, from, one)
    local interface = from.interface
    local table_ = view:table_of(interface.subnet, interface.vpc)
    if not table_ then
        return way("maybe", "none", nil,
                   ("the routes of %s are not known"):format(interface.subnet or "its subnet"))
    end
    local route, unread = routes.lookup(table_, one)
    if not route and unread then
        return way("maybe", "none", unread.id,
                   ("the entries of %s (%s) are not known"):format(unread.list, unread.text))
    end
    if not route then
        return way("no", "none", nil, ("%s has no route to %s"):format(table_.id, one.text))
    end
    return routes.by_route(view, from, route, one)
end

return routes
