-- sim_ec2_interfaces.lua - network interfaces: modify, make, delete, attach, detach.
local access = require "sim_access"
local errors = require "sim_errors"
local interfaces = require "sim_interfaces"
local sim_world = require "sim_world"
local values = require "sim_values"
local vpcs = require "sim_vpcs"

local operations = {}

-- ---- one attribute at a time --------------------------------------------------------------

local TIMEOUTS = {
    TcpEstablishedTimeout = { 60, 432000 }, UdpTimeout = { 30, 60 }, UdpStreamTimeout = { 60, 180 },
}

local function tracking(specification, before)
    local configuration = values.shallow(before or {})
    for name, range in pairs(TIMEOUTS) do
        local seconds = specification[name]
        if seconds and (seconds < range[1] or seconds > range[2]) then
            errors.bad_value(name, seconds,
                             ("It must be from %d to %d."):format(range[1], range[2]))
        end
        configuration[name] = seconds or configuration[name]
    end
    return configuration
end

local function attachment_changed(interface, wanted)
    local attachment = interface.Attachment
    if not attachment or attachment.AttachmentId ~= wanted.AttachmentId then
        errors.raise("InvalidAttachmentID.NotFound",
                     "The networkInterface attachment ID '%s' does not exist",
                     tostring(wanted.AttachmentId))
    end
    return { Attachment = values.with(attachment,
                                      { DeleteOnTermination = wanted.DeleteOnTermination }) }
end

local function public_address(world, interface, wanted)
    local association = interface.Association
    if association and association.IpOwnerId ~= "amazon" then
        errors.raise("InvalidParameterCombination", "The network interface %s has an Elastic IP "
                     .. "address", interface.NetworkInterfaceId)
    elseif interface.Attachment == nil or interface.Attachment.DeviceIndex ~= 0 then
        errors.raise("InvalidParameterCombination", "The network interface %s is not the primary "
                     .. "network interface of an instance", interface.NetworkInterfaceId)
    elseif wanted and not association then
        interfaces.associate(world, interface, vpcs.public_address(world))
    elseif not wanted and association then
        interfaces.dissociate(world, interface)
    end
end

-- Parameter -> function(world, interface, value) -> changes, or nil when it made them itself.
local ATTRIBUTES = {
    Groups = function(world, interface, ids)
        return { Groups = interfaces.group_list(world, ids, interface.VpcId) }
    end,
    Description = function(_, _, value) return { Description = value.Value or "" } end,
    SourceDestCheck = function(_, _, value) return { SourceDestCheck = value.Value == true } end,
    Attachment = function(_, interface, value) return attachment_changed(interface, value) end,
    ConnectionTrackingSpecification = function(_, interface, value)
        return { ConnectionTrackingConfiguration =
                     tracking(value, interface.ConnectionTrackingConfiguration) }
    end,
    AssociatePublicIpAddress = public_address,
    EnablePrimaryIpv6 = function() return {} end,
    EnaSrdSpecification = function() return {} end,
    AssociatedSubnetIds = function() return {} end,
}

-- Interfaces of load balancers, NAT gateways and endpoints belong to their service.
local function refuse_managed(interface)
    if interface.RequesterManaged then
        errors.raise("OperationNotPermitted", "You do not have permission to access the specified "
                     .. "resource: network interface %s is managed by %s",
                     interface.NetworkInterfaceId, interface.RequesterId or "another service")
    end
end

function operations.modify_network_interface_attribute(world, params)
    local interface = access.named(world, "NetworkInterfaces", params)
    local named = {}
    for name in pairs(ATTRIBUTES) do
        if params[name] ~= nil then named[#named + 1] = name end
    end
    if #named == 0 then
        errors.raise("InvalidParameterCombination", "No attributes specified.")
    elseif #named > 1 then
        table.sort(named)
        errors.raise("InvalidParameterCombination",
                     "Fields for multiple attribute types specified: %s", table.concat(named, ", "))
    end
    refuse_managed(interface)
    local name = named[1]
    if name == "Groups" and #params.Groups == 0 then errors.missing("SecurityGroupId") end
    local changes = ATTRIBUTES[name](world, interface, params[name])
    if changes then interfaces.change(world, interface.NetworkInterfaceId, changes) end
    return {}
end

-- ---- making and deleting ------------------------------------------------------------------

function operations.create_network_interface(world, params)
    local subnet = access.named(world, "Subnets", params)
    local ids = params.Groups and #params.Groups > 0 and params.Groups
        or interfaces.default_groups(world, subnet.VpcId)
    local groups = interfaces.group_list(world, ids, subnet.VpcId)
    local more = {}
    if params.ConnectionTrackingSpecification then
        more.ConnectionTrackingConfiguration = tracking(params.ConnectionTrackingSpecification)
    end
    local interface = interfaces.make(world, subnet, {
        groups = groups, private_ip = params.PrivateIpAddress, ipv6 = params.Ipv6AddressCount,
        description = params.Description, more = more,
        tags = access.created_tags(world, params, "network-interface") })
    return { NetworkInterface = values.with(interface, { Status = "pending" }),
             ClientToken = params.ClientToken }
end

function operations.delete_network_interface(world, params)
    local interface = access.named(world, "NetworkInterfaces", params)
    refuse_managed(interface)
    if interface.Status == "in-use" or interface.Attachment then
        errors.invalid("Network interface '%s' is currently in use.", interface.NetworkInterfaceId)
    end
    interfaces.remove(world, interface)
    return {}
end

-- ---- attaching ----------------------------------------------------------------------------

function operations.attach_network_interface(world, params)
    local interface = access.named(world, "NetworkInterfaces", params)
    local instance = access.named(world, "Instances", params)
    if not params.DeviceIndex then errors.missing("DeviceIndex") end
    if interface.Attachment then
        errors.raise("InvalidNetworkInterface.InUse", "Interface: [%s] in use.",
                     interface.NetworkInterfaceId)
    end
    local state = instance.State.Name
    if state ~= "running" and state ~= "stopped" then
        errors.raise("IncorrectInstanceState", "Instance '%s' is not 'running' or 'stopped'.",
                     instance.InstanceId)
    end
    local zone = (instance.Placement or {}).AvailabilityZone
    if zone and interface.AvailabilityZone and zone ~= interface.AvailabilityZone then
        errors.invalid("You may not attach a network interface to an instance if they are not in "
                       .. "the same availability zone")
    end
    local present = interfaces.of_instance(world, instance.InstanceId)
    for _, one in ipairs(present) do
        if one.Attachment.DeviceIndex == params.DeviceIndex then
            errors.invalid("Instance '%s' already has an interface attached at device index '%d'.",
                           instance.InstanceId, params.DeviceIndex)
        end
    end
    if #present >= world.quotas.interfaces_per_instance then
        errors.raise("AttachmentLimitExceeded", "Interface count %d exceeds the limit for %s",
                     #present + 1, instance.InstanceType or "the instance")
    end
    local attachment = interfaces.attach(world, interface, instance, params.DeviceIndex, false)
    return { AttachmentId = attachment.AttachmentId, NetworkCardIndex = 0 }
end

local function by_attachment(world, id)
    access.need({ AttachmentId = id }, "AttachmentId")
    local interface = sim_world.one_by(world, "NetworkInterfaces", "attachment.attachment-id", id)
    if not interface then
        errors.raise("InvalidAttachmentID.NotFound",
                     "The networkInterface attachment ID '%s' does not exist", id)
    end
    return interface
end

function operations.detach_network_interface(world, params)
    local interface = by_attachment(world, params.AttachmentId)
    local attachment = interface.Attachment
    if interface.RequesterManaged then
        errors.raise("OperationNotPermitted", "You are not allowed to manage '%s' attachments.",
                     attachment.InstanceOwnerId or "service")
    elseif attachment.DeviceIndex == 0 then
        errors.raise("OperationNotPermitted", "The network interface at device index 0 and "
                     .. "networkCard index 0 cannot be detached.")
    end
    interfaces.detach(world, interface)
    return {}
end

return operations
