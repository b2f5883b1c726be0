-- sim_ec2_route_tables.lua - route tables: made, deleted, associated.
local access = require "sim_access"
local errors = require "sim_errors"
local routes = require "sim_routes"
local sim_world = require "sim_world"

local operations = {}

local ASSOCIATED = { State = "associated" }

function operations.create_route_table(world, params)
    local vpc = access.named(world, "Vpcs", params)
    if #sim_world.ids_by(world, "RouteTables", "vpc-id",
                         vpc.VpcId) >= world.quotas.tables_per_vpc then
        errors.raise("RouteTableLimitExceeded",
                     "The maximum number of route tables has been reached.")
    end
    local rtb = routes.make(world, vpc, false, access.created_tags(world, params, "route-table"))
    return { RouteTable = rtb, ClientToken = params.ClientToken }
end

function operations.delete_route_table(world, params)
    local rtb = access.named(world, "RouteTables", params)
    if #(rtb.Associations or {}) > 0 then
        errors.depends("The routeTable '%s' has dependencies and cannot be deleted.",
                       rtb.RouteTableId)
    end
    sim_world.remove(world, "RouteTables", rtb.RouteTableId)
    return {}
end

function operations.associate_route_table(world, params)
    local rtb = access.named(world, "RouteTables", params)
    local members = {}
    if params.GatewayId then
        members.GatewayId = params.GatewayId
    else
        local subnet = access.named(world, "Subnets", params)
        if subnet.VpcId ~= rtb.VpcId then
            errors.invalid("Route table %s and network subnet %s belong to different networks",
                           rtb.RouteTableId, subnet.SubnetId)
        elseif sim_world.one_by(world, "RouteTables", "association.subnet-id", subnet.SubnetId) then
            errors.raise("Resource.AlreadyAssociated",
                         "the specified association for route table %s "
                         .. "conflicts with an existing association", rtb.RouteTableId)
        end
        members.SubnetId = subnet.SubnetId
    end
    local association = routes.association(world, rtb.RouteTableId, members)
    routes.add_association(world, rtb.RouteTableId, association)
    return { AssociationId = association.RouteTableAssociationId, AssociationState = ASSOCIATED }
end

local function by_association(world, params)
    access.need(params, "AssociationId")
    local rtb, association = routes.by_association(world, params.AssociationId)
    if not rtb then
        errors.raise("InvalidAssociationID.NotFound", "The association ID '%s' does not exist",
                     params.AssociationId)
    end
    return rtb, association
end

function operations.disassociate_route_table(world, params)
    local rtb, association = by_association(world, params)
    if association.Main then
        errors.invalid("cannot disassociate the main route table association %s",
                       params.AssociationId)
    end
    routes.remove_association(world, rtb, params.AssociationId)
    return {}
end

-- Moves an association to another table, under a new id; the main one makes that table the main.
function operations.replace_route_table_association(world, params)
    local old, association = by_association(world, params)
    local rtb = access.named(world, "RouteTables", params)
    if old.VpcId ~= rtb.VpcId then
        errors.invalid("Route table %s and the association belong to different networks",
                       rtb.RouteTableId)
    end
    routes.remove_association(world, old, params.AssociationId)
    local new = routes.association(world, rtb.RouteTableId, {
        Main = association.Main or false, SubnetId = association.SubnetId,
        GatewayId = association.GatewayId })
    routes.add_association(world, rtb.RouteTableId, new)
    return { NewAssociationId = new.RouteTableAssociationId, AssociationState = ASSOCIATED }
end

return operations
