-- sim_ec2_reads.lua - what EC2 tells: the describe operations and the other reads.
--
-- Owns: the kinds that need more than sim_describe.lua (reservations, tags, attributes), and
-- the few facts of a Region.
local access = require "sim_access"
local describe = require "sim_describe"
local errors = require "sim_errors"
local filters = require "sim_filters"
local kinds = require "sim_kinds"
local values = require "sim_values"

local operations = {}

for _, name in ipairs(kinds.names) do
    local kind = kinds[name]
    if kind.describe then
        operations[kind.describe] = function(world, params)
            return describe.run(world, name, params)
        end
    end
end

-- ---- instances ----------------------------------------------------------------------------

-- Members that a world keeps on an instance but an answer has on its reservation.
local function instance_shown(instance)
    local shown = values.shallow(instance)
    shown.ReservationId, shown.OwnerId, shown.RequesterId = nil, nil, nil
    return shown
end

-- Instances as reservations, in the order of their first instance.
local function reservations(world, list)
    local out, by_id = {}, {}
    for _, instance in ipairs(list) do
        local id = instance.ReservationId or "r-" .. instance.InstanceId:sub(3)
        local reservation = by_id[id]
        if not reservation then
            reservation = { ReservationId = id, OwnerId = instance.OwnerId or world.account,
                            RequesterId = instance.RequesterId, Groups = {}, Instances = {} }
            by_id[id], out[#out + 1] = reservation, reservation
        end
        table.insert(reservation.Instances, instance_shown(instance))
    end
    return out
end

function operations.describe_instances(world, params)
    describe.refuse_page_of_ids(kinds.Instances, params)
    local list = describe.select(world, "Instances", params.Filters, params.InstanceIds)
    local page, token = describe.page("describe_instances", list, params)
    return { Reservations = reservations(world, page), NextToken = token }
end

function operations.describe_instance_status(world, params)
    local list = {}
    for _, instance in ipairs(describe.select(world, "Instances", nil, params.InstanceIds)) do
        if params.IncludeAllInstances or instance.State.Name == "running" then
            local status = { Status = instance.State.Name == "running" and "ok"
                             or "not-applicable" }
            list[#list + 1] = { InstanceId = instance.InstanceId, InstanceState = instance.State,
                                AvailabilityZone = (instance.Placement or {}).AvailabilityZone,
                                InstanceStatus = status, SystemStatus = status }
        end
    end
    return { InstanceStatuses = list }
end

-- Attribute name -> function(instance, hidden attributes) -> answer's members.
local INSTANCE_ATTRIBUTES = {
    groupSet = function(instance) return { Groups = instance.SecurityGroups or {} } end,
    instanceType = function(instance)
        return { InstanceType = { Value = instance.InstanceType } }
    end,
    sourceDestCheck = function(instance)
        return { SourceDestCheck = { Value = instance.SourceDestCheck ~= false } }
    end,
    blockDeviceMapping = function(instance)
        return { BlockDeviceMappings = instance.BlockDeviceMappings or {} }
    end,
    rootDeviceName = function(instance)
        return { RootDeviceName = { Value = instance.RootDeviceName } }
    end,
    ebsOptimized = function(instance)
        return { EbsOptimized = { Value = instance.EbsOptimized == true } }
    end,
    enaSupport = function(instance)
        return { EnaSupport = { Value = instance.EnaSupport ~= false } }
    end,
    productCodes = function(instance) return { ProductCodes = instance.ProductCodes or {} } end,
    instanceInitiatedShutdownBehavior = function(_, hidden)
        return { InstanceInitiatedShutdownBehavior =
                     { Value = hidden.InstanceInitiatedShutdownBehavior or "stop" } }
    end,
    disableApiTermination = function(_, hidden)
        return { DisableApiTermination = { Value = hidden.DisableApiTermination == true } }
    end,
    disableApiStop = function(_, hidden)
        return { DisableApiStop = { Value = hidden.DisableApiStop == true } }
    end,
    userData = function(_, hidden)
        return { UserData = hidden.UserData and { Value = hidden.UserData } or {} }
    end,
    kernel = function() return { KernelId = {} } end,
    ramdisk = function() return { RamdiskId = {} } end,
    sriovNetSupport = function() return { SriovNetSupport = {} } end,
    enclaveOptions = function() return { EnclaveOptions = { Enabled = false } } end,
}

function operations.describe_instance_attribute(world, params)
    local instance = access.named(world, "Instances", params)
    access.need(params, "Attribute")
    local read = INSTANCE_ATTRIBUTES[params.Attribute]
    if not read then errors.bad_value("attribute", params.Attribute, "Unknown attribute.") end
    local hidden = world.resources.Attributes[instance.InstanceId] or {}
    local answer = read(instance, hidden)
    answer.InstanceId = instance.InstanceId
    return answer
end

function operations.get_console_output(world, params)
    local instance = access.named(world, "Instances", params)
    local hidden = world.resources.Attributes[instance.InstanceId] or {}
    return { InstanceId = instance.InstanceId, Output = hidden.ConsoleOutput or "",
             Timestamp = values.time_text(world.now) }
end

-- The smallest JPEG header, in base64: there is no screen to show.
local NO_SCREEN = "/9j/4AAQSkZJRgABAQAAAQABAAD/2Q=="

function operations.get_console_screenshot(world, params)
    local instance = access.named(world, "Instances", params)
    if instance.State.Name ~= "running" then
        errors.raise("IncorrectInstanceState", "The instance '%s' is not in the 'running' state.",
                     instance.InstanceId)
    end
    return { InstanceId = instance.InstanceId, ImageData = NO_SCREEN }
end

-- ---- interfaces, groups -------------------------------------------------------------------

local INTERFACE_ATTRIBUTES = {
    groupSet = function(one) return { Groups = one.Groups } end,
    description = function(one) return { Description = { Value = one.Description or "" } } end,
    sourceDestCheck = function(one)
        return { SourceDestCheck = { Value = one.SourceDestCheck } }
    end,
    attachment = function(one) return { Attachment = one.Attachment } end,
    associatePublicIpAddress = function(one)
        return { AssociatePublicIpAddress = one.Association ~= nil }
    end,
}

function operations.describe_network_interface_attribute(world, params)
    local interface = access.named(world, "NetworkInterfaces", params)
    access.need(params, "Attribute")
    local read = INTERFACE_ATTRIBUTES[params.Attribute]
    if not read then errors.bad_value("attribute", params.Attribute, "Unknown attribute.") end
    local answer = read(interface)
    answer.NetworkInterfaceId = interface.NetworkInterfaceId
    return answer
end

-- Groups may be asked for by name, too: then only those of the default VPC.
function operations.describe_security_groups(world, params)
    if not params.GroupNames then return describe.run(world, "SecurityGroups", params) end
    local found = {}
    for _, group in ipairs(describe.select(world, "SecurityGroups", params.Filters,
                                           params.GroupIds)) do
        local vpc = world.resources.Vpcs[group.VpcId] or {}
        if vpc.IsDefault and values.contains(params.GroupNames, group.GroupName) then
            found[#found + 1] = group
        end
    end
    for _, name in ipairs(params.GroupNames) do
        if not values.find(found, "GroupName", name) then
            errors.raise("InvalidGroup.NotFound", "The security group '%s' does not exist", name)
        end
    end
    return { SecurityGroups = found }
end

function operations.describe_security_group_vpc_associations(world, params)
    local list = {}
    for i, one in ipairs(describe.select(world, "SecurityGroupVpcAssociations", params.Filters)) do
        list[i] = values.with(one, { AssociationKey = values.NONE })
    end
    local page, token = describe.page("describe_security_group_vpc_associations", list, params)
    return { SecurityGroupVpcAssociations = page, NextToken = token }
end

function operations.describe_addresses(world, params)
    local list = describe.select(world, "Addresses", params.Filters, params.AllocationIds)
    if not params.PublicIps then return { Addresses = list } end
    local found = {}
    for _, ip in ipairs(params.PublicIps) do
        local one = values.find(list, "PublicIp", ip)
        if not one then errors.raise("InvalidAddress.NotFound", "Address '%s' not found.", ip) end
        found[#found + 1] = one
    end
    return { Addresses = found }
end

function operations.describe_snapshots(world, params)
    local list = describe.select(world, "Snapshots", params.Filters, params.SnapshotIds)
    if params.OwnerIds then
        list = values.without(list, function(one)
            return not (values.contains(params.OwnerIds, one.OwnerId)
                        or values.contains(params.OwnerIds, "self")
                            and one.OwnerId == world.account)
        end)
    end
    local page, token = describe.page("describe_snapshots", list, params)
    return { Snapshots = page, NextToken = token }
end

function operations.get_managed_prefix_list_entries(world, params)
    access.need(params, "PrefixListId")
    local list = world.resources.PrefixLists[params.PrefixListId]
    if not list then access.get(world, "ManagedPrefixLists", params.PrefixListId) end
    local entries = {}
    for i, cidr in ipairs((list or {}).Cidrs or {}) do entries[i] = { Cidr = cidr } end
    return { Entries = entries }
end

-- ---- tags ---------------------------------------------------------------------------------

local TAG_FILTERS = { key = "Key", ["resource-id"] = "ResourceId",
                      ["resource-type"] = "ResourceType", value = "Value" }

local function tags_of(kind, resource, out)
    for _, tag in ipairs(resource[kind.tags] or {}) do
        out[#out + 1] = { Key = tag.Key, Value = tag.Value, ResourceType = kind.type,
                          ResourceId = resource[kind.id] }
    end
end

-- All tags, or (when the filters name resources without wildcards) those of these resources.
local function candidate_tags(world, filter_list)
    local out, named = {}, values.find(filter_list, "Name", "resource-id")
    if named and not table.concat(named.Values):find("[*?\\]") then
        for _, id in ipairs(named.Values) do
            local kind = kinds.of_id(id)
            local resource = kind and world.resources[kind.name][id]
            if resource then tags_of(kind, resource, out) end
        end
        return out
    end
    for _, name in ipairs(kinds.names) do
        if kinds[name].type then
            for _, resource in pairs(world.resources[name]) do
                tags_of(kinds[name], resource, out)
            end
        end
    end
    return out
end

local function compile_tag_filters(list)
    local compiled = {}
    for _, filter in ipairs(list or {}) do
        local member = TAG_FILTERS[filter.Name]
        local key = filter.Name:match("^tag:(.+)$")
        if not member and not key then errors.invalid("The filter '%s' is invalid", filter.Name) end
        compiled[#compiled + 1] = { key = key, matches = filters.matcher(filter.Values or {}),
                                    get = function(tag) return { tag[member or "Value"] } end }
    end
    return compiled
end

local function tag_passes(compiled, tag)
    for _, filter in ipairs(compiled) do
        if filter.key and tag.Key ~= filter.key then return false end
        if not filter.matches(filter.get(tag)) then return false end
    end
    return true
end

function operations.describe_tags(world, params)
    local list, compiled = {}, compile_tag_filters(params.Filters)
    for _, tag in ipairs(candidate_tags(world, params.Filters or {})) do
        if tag_passes(compiled, tag) then list[#list + 1] = tag end
    end
    table.sort(list, function(a, b)
        if a.ResourceId ~= b.ResourceId then return a.ResourceId < b.ResourceId end
        return a.Key < b.Key
    end)
    local page, token = describe.page("describe_tags", list, params)
    return { Tags = page, NextToken = token }
end

-- ---- the Region ---------------------------------------------------------------------------

function operations.describe_regions(world, params)
    local list = {}
    for _, name in ipairs(params.RegionNames or { world.region }) do
        list[#list + 1] = { RegionName = name, Endpoint = "ec2." .. name .. ".amazonaws.com",
                            OptInStatus = "opt-in-not-required" }
    end
    return { Regions = list }
end

function operations.describe_availability_zones(world)
    local list = {}
    for i, letter in ipairs { "a", "b", "c" } do
        list[i] = { ZoneName = world.region .. letter, RegionName = world.region,
                    State = "available",
                    ZoneId = ("%s-az%d"):format(world.region, i), ZoneType = "availability-zone",
                    GroupName = world.region, NetworkBorderGroup = world.region, Messages = {},
                    OptInStatus = "opt-in-not-required" }
    end
    return { AvailabilityZones = list }
end

local VPC_ATTRIBUTES = { enableDnsSupport = { "EnableDnsSupport", true },
                         enableDnsHostnames = { "EnableDnsHostnames", false } }

function operations.describe_vpc_attribute(world, params)
    local vpc = access.named(world, "Vpcs", params)
    access.need(params, "Attribute")
    local known = VPC_ATTRIBUTES[params.Attribute]
    if not known then errors.bad_value("attribute", params.Attribute, "Unknown attribute.") end
    local value = (world.resources.Attributes[vpc.VpcId] or {})[known[1]]
    if value == nil then value = known[2] end
    return { VpcId = vpc.VpcId, [known[1]] = { Value = value } }
end

return operations
