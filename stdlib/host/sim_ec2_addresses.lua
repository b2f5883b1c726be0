-- sim_ec2_addresses.lua - Elastic IP addresses.
local access = require "sim_access"
local errors = require "sim_errors"
local interfaces = require "sim_interfaces"
local sim_world = require "sim_world"
local vpcs = require "sim_vpcs"

local operations = {}

function operations.allocate_address(world, params)
    if #sim_world.all_ids(world, "Addresses") >= world.quotas.addresses then
        errors.raise("AddressLimitExceeded", "The maximum number of addresses has been reached.")
    end
    local address = sim_world.put(world, "Addresses", {
        AllocationId = sim_world.new_id(world, "eipalloc"), PublicIp = vpcs.public_address(world),
        Domain = "vpc", PublicIpv4Pool = "amazon", NetworkBorderGroup = world.region,
        Tags = access.created_tags(world, params, "elastic-ip") })
    return { AllocationId = address.AllocationId, PublicIp = address.PublicIp, Domain = "vpc",
             PublicIpv4Pool = "amazon", NetworkBorderGroup = world.region }
end

-- By AllocationId, or by PublicIp.
local function named_address(world, params)
    if params.AllocationId then return access.get(world, "Addresses", params.AllocationId) end
    if not params.PublicIp then errors.missing("AllocationId") end
    local address = sim_world.one_by(world, "Addresses", "public-ip", params.PublicIp)
    if not address then
        errors.raise("InvalidAddress.NotFound", "Address '%s' not found.", params.PublicIp)
    end
    return address
end

function operations.release_address(world, params)
    local address = named_address(world, params)
    if address.AssociationId then
        errors.raise("InvalidIPAddress.InUse", "Address %s is in use.", address.PublicIp)
    end
    sim_world.remove(world, "Addresses", address.AllocationId)
    return {}
end

-- The ENI that gets the address: the one named, or the only one of the instance named.
local function target_interface(world, params)
    if params.NetworkInterfaceId then
        return access.get(world, "NetworkInterfaces", params.NetworkInterfaceId)
    elseif not params.InstanceId then
        errors.missing("InstanceId")
    end
    access.get(world, "Instances", params.InstanceId)
    local list = interfaces.of_instance(world, params.InstanceId)
    if #list ~= 1 then
        errors.raise("InvalidInstanceID",
                     "There are multiple interfaces attached to instance '%s'. "
                     .. "Please specify an interface ID for the operation instead.",
                     params.InstanceId)
    end
    return list[1]
end

local function check_interface(world, interface)
    if interface.RequesterManaged then
        errors.raise("OperationNotPermitted",
                     "You do not have permission to access the specified resource.")
    elseif not sim_world.one_by(world, "InternetGateways", "attachment.vpc-id",
                                interface.VpcId) then
        errors.raise("Gateway.NotAttached", "Network %s is not attached to any internet gateway",
                     interface.VpcId)
    end
end

function operations.associate_address(world, params)
    local address = named_address(world, params)
    local interface = target_interface(world, params)
    check_interface(world, interface)
    if address.AssociationId then
        if address.NetworkInterfaceId == interface.NetworkInterfaceId then
            return { AssociationId = address.AssociationId }
        elseif not params.AllowReassociation then
            errors.raise("Resource.AlreadyAssociated",
                         "resource %s is already associated with associate-id %s",
                         address.AllocationId, address.AssociationId)
        end
        interfaces.free_address(world, address.AllocationId)
    end
    local earlier = interface.Association and interface.Association.AllocationId
    interfaces.free_address(world, earlier)
    local attachment = interface.Attachment or {}
    address = sim_world.change(world, "Addresses", address.AllocationId, {
        AssociationId = sim_world.new_id(world, "eipassoc"), InstanceId = attachment.InstanceId,
        NetworkInterfaceId = interface.NetworkInterfaceId, NetworkInterfaceOwnerId = world.account,
        PrivateIpAddress = params.PrivateIpAddress or interface.PrivateIpAddress })
    interfaces.associate(world, world.resources.NetworkInterfaces[interface.NetworkInterfaceId],
                         address.PublicIp, address)
    return { AssociationId = address.AssociationId }
end

function operations.disassociate_address(world, params)
    local address
    if params.AssociationId then
        address = sim_world.one_by(world, "Addresses", "association-id", params.AssociationId)
        if not address then
            errors.raise("InvalidAssociationID.NotFound", "The association ID '%s' does not exist",
                         params.AssociationId)
        end
    else
        address = named_address(world, params)
    end
    local interface = world.resources.NetworkInterfaces[address.NetworkInterfaceId or ""]
    if interface and interface.RequesterManaged then
        errors.raise("AuthFailure", "You do not have permission to access the specified resource.")
    end
    if address.AssociationId then interfaces.free_address(world, address.AllocationId) end
    return {}
end

return operations
