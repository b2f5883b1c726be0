-- sim_ec2_gateways.lua - internet gateways, egress-only gateways, NAT gateways.
local access = require "sim_access"
local errors = require "sim_errors"
local interfaces = require "sim_interfaces"
local routes = require "sim_routes"
local sim_clock = require "sim_clock"
local sim_world = require "sim_world"

local operations = {}

local NAT_SECONDS = 60

-- ---- internet gateways --------------------------------------------------------------------

function operations.create_internet_gateway(world, params)
    if #sim_world.all_ids(world, "InternetGateways") >= world.quotas.internet_gateways then
        errors.raise("InternetGatewayLimitExceeded",
                     "The maximum number of internet gateways has been reached.")
    end
    return { InternetGateway = sim_world.put(world, "InternetGateways", {
        InternetGatewayId = sim_world.new_id(world, "igw"), OwnerId = world.account,
        Attachments = {},
        Tags = access.created_tags(world, params, "internet-gateway") }) }
end

local function attached_vpc(gateway)
    return ((gateway.Attachments or {})[1] or {}).VpcId
end

function operations.attach_internet_gateway(world, params)
    local gateway = access.named(world, "InternetGateways", params)
    local vpc = access.named(world, "Vpcs", params)
    if attached_vpc(gateway) then
        errors.raise("Resource.AlreadyAssociated", "resource %s is already attached to network %s",
                     gateway.InternetGatewayId, attached_vpc(gateway))
    elseif sim_world.one_by(world, "InternetGateways", "attachment.vpc-id", vpc.VpcId) then
        errors.invalid("Network %s already has an internet gateway attached", vpc.VpcId)
    end
    sim_world.change(world, "InternetGateways", gateway.InternetGatewayId,
                     { Attachments = { { State = "available", VpcId = vpc.VpcId } } })
    routes.target_back(world, gateway.InternetGatewayId)
    return {}
end

local function has_public_addresses(world, vpc_id)
    for _, interface in ipairs(sim_world.by(world, "NetworkInterfaces", "vpc-id", vpc_id)) do
        if interface.Association then return true end
    end
    return false
end

function operations.detach_internet_gateway(world, params)
    local gateway = access.named(world, "InternetGateways", params)
    access.need(params, "VpcId")
    if attached_vpc(gateway) ~= params.VpcId then
        access.get(world, "Vpcs", params.VpcId)
        errors.raise("Gateway.NotAttached", "resource %s is not attached to network %s",
                     gateway.InternetGatewayId, params.VpcId)
    elseif has_public_addresses(world, params.VpcId) then
        errors.depends("Network %s has some mapped public address(es). Please unmap those public "
                       .. "address(es) before detaching the gateway.", params.VpcId)
    end
    sim_world.change(world, "InternetGateways", gateway.InternetGatewayId, { Attachments = {} })
    routes.target_gone(world, gateway.InternetGatewayId)
    return {}
end

function operations.delete_internet_gateway(world, params)
    local gateway = access.named(world, "InternetGateways", params)
    if attached_vpc(gateway) then
        errors.depends("The internetGateway '%s' has dependencies and cannot be deleted.",
                       gateway.InternetGatewayId)
    end
    sim_world.remove(world, "InternetGateways", gateway.InternetGatewayId)
    return {}
end

-- ---- egress-only --------------------------------------------------------------------------

function operations.create_egress_only_internet_gateway(world, params)
    local vpc = access.named(world, "Vpcs", params)
    local gateway = sim_world.put(world, "EgressOnlyInternetGateways", {
        EgressOnlyInternetGatewayId = sim_world.new_id(world, "eigw"),
        Attachments = { { State = "attached", VpcId = vpc.VpcId } },
        Tags = access.created_tags(world, params, "egress-only-internet-gateway") })
    return { EgressOnlyInternetGateway = gateway, ClientToken = params.ClientToken }
end

function operations.delete_egress_only_internet_gateway(world, params)
    local gateway = access.named(world, "EgressOnlyInternetGateways", params)
    sim_world.remove(world, "EgressOnlyInternetGateways", gateway.EgressOnlyInternetGatewayId)
    routes.target_gone(world, gateway.EgressOnlyInternetGatewayId)
    return { ReturnCode = true }
end

-- ---- NAT gateways -------------------------------------------------------------------------

-- The ENI that a NAT gateway has in its subnet: AWS's own, without groups.
local function nat_interface(world, subnet, id)
    return interfaces.make(world, subnet, {
        groups = {}, description = "Interface for NAT Gateway " .. id,
        more = { InterfaceType = "nat_gateway", RequesterManaged = true, Status = "in-use",
                 RequesterId = "amazon-aws", SourceDestCheck = false,
                 Attachment = { AttachmentId = sim_world.new_id(world, "ela-attach"),
                                DeviceIndex = 1,
                                InstanceOwnerId = "amazon-aws", Status = "attached",
                                DeleteOnTermination = false } } })
end

local function give_address(world, interface, allocation_id)
    local address = access.get(world, "Addresses", allocation_id)
    if address.AssociationId then
        errors.raise("Resource.AlreadyAssociated", "Elastic IP address [%s] is already associated",
                     allocation_id)
    end
    address = sim_world.change(world, "Addresses", allocation_id, {
        AssociationId = sim_world.new_id(world, "eipassoc"),
        PrivateIpAddress = interface.PrivateIpAddress,
        NetworkInterfaceId = interface.NetworkInterfaceId,
        NetworkInterfaceOwnerId = world.account })
    interfaces.associate(world, interface, address.PublicIp, address)
    return address
end

function operations.create_nat_gateway(world, params)
    local subnet = access.named(world, "Subnets", params)
    local private = params.ConnectivityType == "private"
    if not private and not params.AllocationId then errors.missing("AllocationId") end
    local id = sim_world.new_id(world, "nat")
    local interface = nat_interface(world, subnet, id)
    local address = not private and give_address(world, interface, params.AllocationId) or {}
    local gateway = sim_world.put(world, "NatGateways", {
        NatGatewayId = id, SubnetId = subnet.SubnetId, VpcId = subnet.VpcId, State = "pending",
        CreateTime = sim_world.time(world), ConnectivityType = private and "private" or "public",
        NatGatewayAddresses = { {
            AllocationId = address.AllocationId, AssociationId = address.AssociationId,
            PublicIp = address.PublicIp, PrivateIp = interface.PrivateIpAddress, IsPrimary = true,
            NetworkInterfaceId = interface.NetworkInterfaceId, Status = "succeeded" } },
        Tags = access.created_tags(world, params, "natgateway") })
    sim_clock.after(world, NAT_SECONDS, "nat-available", id)
    return { NatGateway = gateway, ClientToken = params.ClientToken }
end

sim_clock.effects["nat-available"] = function(world, id)
    local gateway = world.resources.NatGateways[id]
    if gateway and gateway.State == "pending" then
        sim_world.change(world, "NatGateways", id, { State = "available" })
    end
end

function operations.delete_nat_gateway(world, params)
    local gateway = access.named(world, "NatGateways", params)
    sim_world.change(world, "NatGateways", gateway.NatGatewayId,
                     { State = "deleting", DeleteTime = sim_world.time(world) })
    routes.target_gone(world, gateway.NatGatewayId)
    sim_clock.after(world, NAT_SECONDS, "nat-deleted", gateway.NatGatewayId)
    return { NatGatewayId = gateway.NatGatewayId }
end

sim_clock.effects["nat-deleted"] = function(world, id)
    local gateway = world.resources.NatGateways[id]
    for _, item in ipairs(gateway and gateway.NatGatewayAddresses or {}) do
        local interface = world.resources.NetworkInterfaces[item.NetworkInterfaceId]
        if interface then interfaces.remove(world, interface) end
    end
    if gateway then sim_world.change(world, "NatGateways", id, { State = "deleted" }) end
end

return operations
