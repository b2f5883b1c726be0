-- sim_routes.lua - route tables in a world: targets and their states, the main table, associations.
local sim_world = require "sim_world"
local values = require "sim_values"
local vpcs = require "sim_vpcs"

local routes = {}

-- Members of a route that name its destination and its target.
routes.DESTINATIONS = { "DestinationCidrBlock", "DestinationIpv6CidrBlock",
                        "DestinationPrefixListId" }
routes.TARGETS = { "GatewayId", "NatGatewayId", "NetworkInterfaceId", "TransitGatewayId",
                   "VpcPeeringConnectionId", "EgressOnlyInternetGatewayId", "LocalGatewayId",
                   "CarrierGatewayId", "CoreNetworkArn", "InstanceId" }

function routes.destination(route)
    for _, member in ipairs(routes.DESTINATIONS) do
        if route[member] then return route[member], member end
    end
    return nil
end

local function has_target(route, id)
    for _, member in ipairs(routes.TARGETS) do
        if route[member] == id then return true end
    end
    return false
end

local function set_state(world, id, state)
    for _, rtb in ipairs(sim_world.by(world, "RouteTables", "target", id)) do
        local list = table.move(rtb.Routes, 1, #rtb.Routes, 1, {})
        for i, route in ipairs(list) do
            if has_target(route, id) then list[i] = values.with(route, { State = state }) end
        end
        sim_world.change(world, "RouteTables", rtb.RouteTableId, { Routes = list })
    end
end

-- Routes to it become blackholes, or work again.
function routes.target_gone(world, id) set_state(world, id, "blackhole") end
function routes.target_back(world, id) set_state(world, id, "active") end

-- The local routes of a VPC's tables.
function routes.local_routes(vpc)
    local list = {}
    for _, cidr in ipairs(vpcs.cidrs(vpc)) do
        list[#list + 1] = { DestinationCidrBlock = cidr, GatewayId = "local",
                            Origin = "CreateRouteTable", State = "active" }
    end
    for _, cidr in ipairs(vpcs.ipv6_cidrs(vpc)) do
        list[#list + 1] = { DestinationIpv6CidrBlock = cidr, GatewayId = "local",
                            Origin = "CreateRouteTable", State = "active" }
    end
    return list
end

function routes.make(world, vpc, is_main, tags)
    local id = sim_world.new_id(world, "rtb")
    local associations = {}
    if is_main then associations[1] = routes.association(world, id, { Main = true }) end
    return sim_world.put(world, "RouteTables", {
        RouteTableId = id, VpcId = vpc.VpcId, OwnerId = world.account, Tags = tags or {},
        Associations = associations, PropagatingVgws = {}, Routes = routes.local_routes(vpc) })
end

function routes.association(world, table_id, members)
    return values.with({ RouteTableAssociationId = sim_world.new_id(world, "rtbassoc"),
                         Main = false,
                         RouteTableId = table_id, AssociationState = { State = "associated" } },
                         members)
end

-- The table whose association has the id, and the association; nil when there is none.
function routes.by_association(world, id)
    local rtb = sim_world.one_by(world, "RouteTables", "association.route-table-association-id", id)
    if not rtb then return nil end
    return rtb, values.find(rtb.Associations, "RouteTableAssociationId", id)
end

function routes.add_association(world, table_id, association)
    local rtb = world.resources.RouteTables[table_id]
    sim_world.change(world, "RouteTables", table_id,
                     { Associations = values.appended(rtb.Associations, association) })
end

function routes.remove_association(world, rtb, id)
    local left = values.without(rtb.Associations,
                                function(one) return one.RouteTableAssociationId == id end)
    sim_world.change(world, "RouteTables", rtb.RouteTableId, { Associations = left })
end

return routes
