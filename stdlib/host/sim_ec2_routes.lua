-- sim_ec2_routes.lua - routes: made, replaced, deleted.
local access = require "sim_access"
local errors = require "sim_errors"
local routes = require "sim_routes"
local sim_clock = require "sim_clock"
local sim_rules = require "sim_rules"
local sim_world = require "sim_world"
local values = require "sim_values"

local operations = {}

-- How long a virtual private gateway needs to propagate a route again.
local PROPAGATION_SECONDS = 30

local FAMILIES = { DestinationCidrBlock = "v4", DestinationIpv6CidrBlock = "v6" }
local WORDS = { DestinationCidrBlock = "destination-cidr-block",
                DestinationIpv6CidrBlock = "destination-ipv6-cidr-block",
                DestinationPrefixListId = "destination-prefix-list-id" }

-- The one destination that a request names, in canonical form, and its member.
local function destination_of(params)
    local found, member
    for _, name in ipairs(routes.DESTINATIONS) do
        if params[name] then
            if found then
                errors.raise("InvalidParameterCombination",
                             "Only one destination can be specified.")
            end
            found, member = params[name], name
        end
    end
    if not found then
        errors.raise("MissingParameter",
                     "The request must contain exactly one of destinationCidrBlock, "
                     .. "destinationIpv6CidrBlock and destinationPrefixListId")
    end
    return FAMILIES[member] and sim_rules.cidr(found, FAMILIES[member]) or found, member
end

local function position(rtb, destination)
    for i, route in ipairs(rtb.Routes or {}) do
        if routes.destination(route) == destination then return i end
    end
    return nil
end

-- ---- targets ------------------------------------------------------------------------------

local function different(rtb, what, id)
    errors.invalid("route table %s and %s %s belong to different networks", rtb.RouteTableId, what,
                   id)
end

local function missing_target(code, text, id)
    errors.raise(code, text, id)
end

local function gateway(world, rtb, id)
    local igw = world.resources.InternetGateways[id]
    if igw then
        local attachment = (igw.Attachments or {})[1]
        if not attachment or attachment.VpcId ~= rtb.VpcId then
            different(rtb, "network gateway", id)
        end
    elseif id:find("^vgw%-") == nil and id ~= "local" then
        missing_target("InvalidGatewayID.NotFound", "The gateway ID '%s' does not exist", id)
    end
end

local function nat(world, rtb, id)
    local found = world.resources.NatGateways[id]
    if not found or found.State == "deleted" then
        missing_target("InvalidNatGatewayID.NotFound", "The natGateway ID '%s' does not exist", id)
    elseif found.VpcId ~= rtb.VpcId then
        different(rtb, "NAT gateway", id)
    end
end

local function interface(world, rtb, id)
    if access.get(world, "NetworkInterfaces", id).VpcId ~= rtb.VpcId then
        different(rtb, "interface", id)
    end
end

local CHECKS = {
    GatewayId = gateway, NatGatewayId = nat, NetworkInterfaceId = interface,
    VpcPeeringConnectionId = function(world, _, id)
        access.get(world, "VpcPeeringConnections", id)
    end,
    EgressOnlyInternetGatewayId = function(world, _, id)
        access.get(world, "EgressOnlyInternetGateways", id)
    end,
    TransitGatewayId = function() end, LocalGatewayId = function() end,
    CarrierGatewayId = function() end, CoreNetworkArn = function() end,
    InstanceId = function(world, _, id)
        local instance = access.get(world, "Instances", id)
        if #(instance.NetworkInterfaces or {}) > 1 then
            errors.raise("InvalidInstanceID", "There are multiple interfaces attached to instance "
                .. "'%s'. Please specify an interface ID for the operation instead.", id)
        end
    end,
}

-- The one target that a request names: its member and id, checked.
local function target_of(world, rtb, params)
    local member
    for _, name in ipairs(routes.TARGETS) do
        if params[name] then
            if member then
                errors.raise("InvalidParameterCombination",
                             "Only one route target can be specified.")
            end
            member = name
        end
    end
    if params.VpcEndpointId then
        access.get(world, "VpcEndpoints", params.VpcEndpointId)
        return { GatewayId = params.VpcEndpointId }
    elseif not member then
        errors.raise("MissingParameter", "The request must contain exactly one target")
    end
    CHECKS[member](world, rtb, params[member])
    local target = { [member] = params[member] }
    if member == "InstanceId" then
        local first = (world.resources.Instances[params.InstanceId].NetworkInterfaces or {})[1]
        target.NetworkInterfaceId = first and first.NetworkInterfaceId
    end
    return target
end

-- ---- operations ---------------------------------------------------------------------------

local function set_routes(world, rtb, list)
    sim_world.change(world, "RouteTables", rtb.RouteTableId, { Routes = list })
end

local function check_room(world, rtb)
    local own = values.without(rtb.Routes, function(route)
        return route.Origin == "EnableVgwRoutePropagation"
    end)
    if #own >= world.quotas.routes_per_table then
        errors.raise("RouteLimitExceeded", "The maximum number of routes has been reached.")
    end
end

function operations.create_route(world, params)
    local rtb = access.named(world, "RouteTables", params)
    local destination, member = destination_of(params)
    if position(rtb, destination) then
        errors.raise("RouteAlreadyExists", "The route identified by %s already exists.",
                     destination)
    end
    local target = target_of(world, rtb, params)
    check_room(world, rtb)
    set_routes(world, rtb, values.appended(rtb.Routes, values.with(target, {
        [member] = destination, Origin = "CreateRoute", State = "active" })))
    return { Return = true }
end

function operations.replace_route(world, params)
    local rtb = access.named(world, "RouteTables", params)
    local destination, member = destination_of(params)
    local at = position(rtb, destination)
    if not at then
        errors.invalid("There is no route defined for '%s' in the route table. "
                       .. "Use CreateRoute instead.",
                       destination)
    end
    local target = params.LocalTarget and { GatewayId = "local" } or target_of(world, rtb, params)
    local old = rtb.Routes[at]
    if params.LocalTarget and old.Origin ~= "CreateRouteTable" then
        errors.invalid("The local target can only be set for the local route, not for %s",
                       destination)
    end
    set_routes(world, rtb, values.replaced(rtb.Routes, at, values.with(target, {
        [member] = destination, Origin = old.Origin, State = "active" })))
    return {}
end

local function refuse_fixed(rtb, route, destination)
    if route.Origin == "CreateRouteTable" then
        errors.invalid("cannot remove local route %s in route table %s", destination,
                       rtb.RouteTableId)
    elseif route.DestinationPrefixListId and (route.GatewayId or ""):find("^vpce%-") then
        errors.invalid("cannot remove VPC endpoint route %s in route table %s", destination,
                       rtb.RouteTableId)
    end
end

-- What comes back by itself: {table, route}, kept as the clock's id.
local function comes_back(world, rtb, route)
    if route.Origin == "EnableVgwRoutePropagation" then
        sim_clock.after(world, PROPAGATION_SECONDS, "route-propagated",
                        { table = rtb.RouteTableId, route = route })
    end
end

sim_clock.effects["route-propagated"] = function(world, item)
    local rtb = world.resources.RouteTables[item.table]
    if rtb and not position(rtb, routes.destination(item.route)) then
        set_routes(world, rtb, values.appended(rtb.Routes, item.route))
    end
end

function operations.delete_route(world, params)
    local rtb = access.named(world, "RouteTables", params)
    local destination, member = destination_of(params)
    local at = position(rtb, destination)
    if not at then
        errors.raise("InvalidRoute.NotFound", "no route with %s %s in route table %s",
                     WORDS[member],
                     destination, rtb.RouteTableId)
    end
    local route = rtb.Routes[at]
    refuse_fixed(rtb, route, destination)
    set_routes(world, rtb, values.replaced(rtb.Routes, at, nil))
    comes_back(world, rtb, route)
    return {}
end

return operations
