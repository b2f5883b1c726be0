-- sim_interfaces.lua - network interfaces in a world, and their copies on instances.
--
-- Owns: an ENI changes in one place (`change`), and its instance, whose describe result holds
-- a copy of it, follows: exactly the members that changed. Also public addresses on ENIs.
local errors = require "sim_errors"
local later = require "later"
local routes = later "sim_routes"
local sim_world = require "sim_world"
local values = require "sim_values"
local vpcs = require "sim_vpcs"

local interfaces = {}

-- Members that an instance's copy of its ENI has.
local COPIED = { "Association", "Attachment", "Description", "Groups", "Ipv6Addresses",
                 "MacAddress",
                 "NetworkInterfaceId", "OwnerId", "PrivateDnsName", "PrivateIpAddress",
                 "PrivateIpAddresses", "SourceDestCheck", "Status", "SubnetId", "VpcId",
                 "InterfaceType", "ConnectionTrackingConfiguration" }

-- The instance's copy of an Attachment lacks the instance's own id; an Association lacks ids.
local function as_copied(member, value)
    if value == nil then return values.NONE end
    if member == "Attachment" then
        return values.with(value, { InstanceId = values.NONE, InstanceOwnerId = values.NONE })
    elseif member == "Association" then
        return values.with(value, { AllocationId = values.NONE, AssociationId = values.NONE })
    end
    return value
end

-- What the primary ENI says of the instance itself.
local function instance_changes(world, before, after)
    local changes = {}
    if not values.equal(before.Groups, after.Groups) then changes.SecurityGroups = after.Groups end
    if before.SourceDestCheck ~= after.SourceDestCheck then
        changes.SourceDestCheck = after.SourceDestCheck
    end
    if not values.equal(before.Association, after.Association) then
        local ip = (after.Association or {}).PublicIp
        changes.PublicIpAddress = ip or values.NONE
        changes.PublicDnsName = ip and vpcs.public_name(world, ip) or ""
    end
    return changes
end

local function sync(world, before, after)
    local attachment = after.Attachment or before.Attachment
    local instance = attachment and world.resources.Instances[attachment.InstanceId or ""]
    if not instance then return end
    local copy, at = values.find(instance.NetworkInterfaces, "NetworkInterfaceId",
                                 after.NetworkInterfaceId)
    if not copy then return end
    local changes = {}
    for _, member in ipairs(COPIED) do
        if not values.equal(before[member], after[member]) then
            changes[member] = as_copied(member, after[member])
        end
    end
    local list = values.replaced(instance.NetworkInterfaces, at, values.with(copy, changes))
    local on_instance = attachment.DeviceIndex == 0 and instance_changes(world, before, after) or {}
    on_instance.NetworkInterfaces = list
    sim_world.change(world, "Instances", instance.InstanceId, on_instance)
end

-- Changes members of an ENI, on its instance too.
function interfaces.change(world, id, changes)
    local before = world.resources.NetworkInterfaces[id]
    local after = sim_world.change(world, "NetworkInterfaces", id, changes)
    sync(world, before, after)
    return after
end

-- The whole copy of an ENI, for an instance that it is attached to.
function interfaces.copy(interface)
    local copy = {}
    for _, member in ipairs(COPIED) do
        local value = as_copied(member, interface[member])
        if value ~= values.NONE then copy[member] = value end
    end
    return copy
end

function interfaces.of_instance(world, instance_id)
    local list = sim_world.by(world, "NetworkInterfaces", "attachment.instance-id", instance_id)
    table.sort(list, function(a, b)
        return (a.Attachment.DeviceIndex or 0) < (b.Attachment.DeviceIndex or 0)
    end)
    return list
end

-- ---- groups -------------------------------------------------------------------------------

-- {GroupId, GroupName} of each id for an ENI of `vpc_id`, or EC2's refusal.
function interfaces.group_list(world, ids, vpc_id)
    local list, seen = {}, {}
    for _, id in ipairs(ids) do
        local group = world.resources.SecurityGroups[id]
        if not group then
            errors.raise("InvalidGroup.NotFound", "The security group '%s' does not exist", id)
        elseif group.VpcId ~= vpc_id
            and not world.resources.SecurityGroupVpcAssociations[id .. "/" .. vpc_id] then
            errors.raise("InvalidGroup.NotFound",
                         "You have specified two resources that belong to different networks.")
        end
        if not seen[id] then
            list[#list + 1] = { GroupId = id, GroupName = group.GroupName }
        end
        seen[id] = true
    end
    if #list > world.quotas.groups_per_interface then
        errors.raise("SecurityGroupsPerInterfaceLimitExceeded",
                     "The maximum number of security groups per interface has been reached.")
    end
    return list
end

-- The VPC's default group, which an ENI gets when none is named.
function interfaces.default_groups(world, vpc_id)
    for _, group in ipairs(sim_world.by(world, "SecurityGroups", "vpc-id", vpc_id)) do
        if group.GroupName == "default" then return { group.GroupId } end
    end
    return {}
end

-- ---- making -------------------------------------------------------------------------------

local function mac_of(world)
    local n = sim_world.random(world, 1 << 40)
    return ("02:%02x:%02x:%02x:%02x:%02x"):format(n >> 32 & 255, n >> 24 & 255, n >> 16 & 255,
                                                  n >> 8 & 255, n & 255)
end

-- Puts a new ENI. options: groups (ids), private_ip, ipv6 (count), description, tags, more.
function interfaces.make(world, subnet, options)
    local id = sim_world.new_id(world, "eni")
    local ip = vpcs.free_address(world, subnet, options.private_ip)
    local name = ("ip-%s.%s.compute.internal"):format(ip:gsub("%.", "-"), world.region)
    local ipv6 = {}
    for i = 1, options.ipv6 or 0 do ipv6[i] = { Ipv6Address = vpcs.free_ipv6(world, subnet) } end
    local interface = {
        NetworkInterfaceId = id, SubnetId = subnet.SubnetId, VpcId = subnet.VpcId,
        AvailabilityZone = subnet.AvailabilityZone, OwnerId = world.account, Status = "available",
        Description = options.description or "", InterfaceType = "interface",
        MacAddress = mac_of(world), PrivateIpAddress = ip, PrivateDnsName = name,
        PrivateIpAddresses = { { Primary = true, PrivateIpAddress = ip, PrivateDnsName = name } },
        Ipv6Addresses = ipv6, Groups = options.groups, SourceDestCheck = true,
        RequesterManaged = false, TagSet = options.tags or {},
    }
    return sim_world.put(world, "NetworkInterfaces", values.with(interface, options.more or {}))
end

-- ---- attaching ----------------------------------------------------------------------------

-- Attaches an ENI that is free to an instance that is in the world; the attachment.
function interfaces.attach(world, interface, instance, device_index, delete_on_termination)
    local attachment = {
        AttachmentId = sim_world.new_id(world, "eni-attach"), InstanceId = instance.InstanceId,
        InstanceOwnerId = world.account, DeviceIndex = device_index, NetworkCardIndex = 0,
        DeleteOnTermination = delete_on_termination, Status = "attached",
        AttachTime = sim_world.time(world) }
    interface = sim_world.change(world, "NetworkInterfaces", interface.NetworkInterfaceId,
                                 { Attachment = attachment, Status = "in-use" })
    sim_world.change(world, "Instances", instance.InstanceId, {
        NetworkInterfaces = values.appended(instance.NetworkInterfaces,
                                            interfaces.copy(interface)) })
    return attachment
end

function interfaces.detach(world, interface)
    local instance = world.resources.Instances[interface.Attachment.InstanceId or ""]
    if instance then
        local list = values.without(instance.NetworkInterfaces, function(one)
            return one.NetworkInterfaceId == interface.NetworkInterfaceId
        end)
        sim_world.change(world, "Instances", instance.InstanceId, { NetworkInterfaces = list })
    end
    return sim_world.change(world, "NetworkInterfaces", interface.NetworkInterfaceId,
                            { Attachment = values.NONE, Status = "available" })
end

-- ---- public addresses ---------------------------------------------------------------------

-- Gives the ENI's primary address a public one; `address`: an Elastic IP's resource.
function interfaces.associate(world, interface, ip, address)
    local association = { PublicIp = ip, PublicDnsName = vpcs.public_name(world, ip),
                          IpOwnerId = address and world.account or "amazon" }
    if address then
        association.AllocationId, association.AssociationId = address.AllocationId,
        address.AssociationId
    end
    local shown = values.with(association, { AllocationId = values.NONE,
                                             AssociationId = values.NONE })
    local list = values.copy(interface.PrivateIpAddresses or {})
    for _, item in ipairs(list) do
        if item.PrivateIpAddress == (address and address.PrivateIpAddress
                                     or interface.PrivateIpAddress) then
            item.Association = shown
        end
    end
    return interfaces.change(world, interface.NetworkInterfaceId,
                             { Association = association, PrivateIpAddresses = list })
end

-- Takes the public address away.
function interfaces.dissociate(world, interface)
    local list = values.copy(interface.PrivateIpAddresses or {})
    for _, item in ipairs(list) do item.Association = nil end
    return interfaces.change(world, interface.NetworkInterfaceId,
                             { Association = values.NONE, PrivateIpAddresses = list })
end

-- An Elastic IP is associated with nothing any more; it stays allocated.
function interfaces.free_address(world, allocation_id)
    local address = world.resources.Addresses[allocation_id or ""]
    if not address then return end
    local interface = world.resources.NetworkInterfaces[address.NetworkInterfaceId or ""]
    if interface then interfaces.dissociate(world, interface) end
    sim_world.change(world, "Addresses", allocation_id, {
        AssociationId = values.NONE, InstanceId = values.NONE, NetworkInterfaceId = values.NONE,
        NetworkInterfaceOwnerId = values.NONE, PrivateIpAddress = values.NONE })
end

-- Takes an ENI out of the world; its Elastic IP is free again.
function interfaces.remove(world, interface)
    interfaces.free_address(world, (interface.Association or {}).AllocationId)
    sim_world.remove(world, "NetworkInterfaces", interface.NetworkInterfaceId)
    routes.target_gone(world, interface.NetworkInterfaceId)
end

return interfaces
