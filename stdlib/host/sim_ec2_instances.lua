-- sim_ec2_instances.lua - instances: launched, stopped, terminated, changed.
local access = require "sim_access"
local errors = require "sim_errors"
local instances = require "sim_instances"
local interfaces = require "sim_interfaces"
local reads = require "sim_ec2_reads"
local sim_world = require "sim_world"
local values = require "sim_values"

local operations = {}

-- ---- launching ----------------------------------------------------------------------------

-- What the first interface is asked to be: in NetworkInterfaces or in the flat members.
local function first_interface(params)
    local one = (params.NetworkInterfaces or {})[1] or {}
    return { subnet = one.SubnetId or params.SubnetId, groups = one.Groups
             or params.SecurityGroupIds,
             private_ip = one.PrivateIpAddress or params.PrivateIpAddress,
             public = one.AssociatePublicIpAddress,
             ipv6 = one.Ipv6AddressCount or params.Ipv6AddressCount,
             description = one.Description, keep = one.DeleteOnTermination == false }
end

local function default_subnet(world)
    for _, id in ipairs(sim_world.all_ids(world, "Subnets")) do
        local subnet = world.resources.Subnets[id]
        if subnet.DefaultForAz then return id end
    end
    errors.raise("MissingInput", "No subnets found for the default VPC. Please specify a subnet.")
end

function operations.run_instances(world, params)
    if not params.MinCount or not params.MaxCount then errors.missing("MinCount") end
    if params.MinCount < 1 or params.MaxCount < params.MinCount or params.MaxCount > 1000 then
        errors.bad_value("maxCount", params.MaxCount,
                         "It must not be below minCount nor over 1000.")
    end
    if not params.ImageId then errors.missing("ImageId") end
    local wanted = first_interface(params)
    local reservation, ids = sim_world.new_id(world, "r"), {}
    for index = 1, params.MaxCount do
        local instance = instances.launch(world, {
            subnet = access.get(world, "Subnets", wanted.subnet or default_subnet(world)),
            groups = wanted.groups, private_ip = wanted.private_ip, public = wanted.public,
            ipv6 = wanted.ipv6, description = wanted.description, keep_interface = wanted.keep,
            image = params.ImageId, type = params.InstanceType or "m1.small", key = params.KeyName,
            profile = params.IamInstanceProfile, reservation = reservation, index = index - 1,
            shutdown = params.InstanceInitiatedShutdownBehavior,
            protected = params.DisableApiTermination, user_data = params.UserData,
            spot = (params.InstanceMarketOptions or {}).MarketType == "spot",
            token = params.ClientToken, starting = true,
            tags = access.created_tags(world, params, "instance"),
            volume_tags = access.created_tags(world, params, "volume") })
        ids[index] = instance.InstanceId
    end
    return reads.describe_instances(world, { InstanceIds = ids }).Reservations[1]
end

-- ---- states -------------------------------------------------------------------------------

local function hidden(world, id)
    return world.resources.Attributes[id] or {}
end

local function change_states(world, params, list_member, check, change)
    access.need(params, "InstanceIds")
    local list, out = access.get_all(world, "Instances", params.InstanceIds), {}
    for _, instance in ipairs(list) do check(instance) end
    for i, instance in ipairs(list) do
        local after = change(instance)
        out[i] = { InstanceId = instance.InstanceId, PreviousState = instance.State,
                   CurrentState = after.State }
    end
    return { [list_member] = out }
end

local function refuse_state(instance, verb)
    errors.raise("IncorrectInstanceState",
                 "The instance '%s' is not in a state from which it can be %s.",
                 instance.InstanceId, verb)
end

function operations.terminate_instances(world, params)
    return change_states(world, params, "TerminatingInstances", function(instance)
        if hidden(world, instance.InstanceId).DisableApiTermination then
            errors.raise("OperationNotPermitted",
                         "The instance '%s' may not be terminated. Modify its "
                .. "'disableApiTermination' instance attribute and try again.", instance.InstanceId)
        end
    end, function(instance) return instances.terminate(world, instance.InstanceId) end)
end

function operations.stop_instances(world, params)
    return change_states(world, params, "StoppingInstances", function(instance)
        local state = instance.State.Name
        if hidden(world, instance.InstanceId).DisableApiStop then
            errors.raise("OperationNotPermitted",
                         "The instance '%s' may not be stopped. Modify its "
                .. "'disableApiStop' instance attribute and try again.", instance.InstanceId)
        elseif instance.InstanceLifecycle == "spot" then
            errors.raise("UnsupportedOperation",
                         "You can't stop the Spot Instance '%s' because it is "
                .. "associated with a one-time Spot Instance request.", instance.InstanceId)
        elseif state == "terminated" or state == "shutting-down" or state == "pending" then
            refuse_state(instance, "stopped")
        end
    end, function(instance) return instances.stop(world, instance.InstanceId) end)
end

function operations.start_instances(world, params)
    return change_states(world, params, "StartingInstances", function(instance)
        local state = instance.State.Name
        if state ~= "stopped" and state ~= "running" and state ~= "pending" then
            refuse_state(instance, "started")
        end
    end, function(instance) return instances.start(world, instance.InstanceId) end)
end

function operations.reboot_instances(world, params)
    access.need(params, "InstanceIds")
    for _, instance in ipairs(access.get_all(world, "Instances", params.InstanceIds)) do
        if instance.State.Name ~= "running" then refuse_state(instance, "rebooted") end
    end
    return {}
end

-- ---- attributes ---------------------------------------------------------------------------

local function only_interface(world, instance)
    local list = interfaces.of_instance(world, instance.InstanceId)
    if #list ~= 1 then
        errors.raise("InvalidInstanceID",
                     "There are multiple interfaces attached to instance '%s'. "
                     .. "Please specify an interface ID for the operation instead.",
                     instance.InstanceId)
    end
    return list[1]
end

local function remember(member)
    return function(world, instance, value)
        instances.set_hidden(world, instance.InstanceId, { [member] = value })
    end
end

local function shutdown_behavior(world, instance, value)
    if value ~= "stop" and value ~= "terminate" then
        errors.bad_value("instanceInitiatedShutdownBehavior", value,
                         "Valid values are stop and terminate.")
    elseif instance.InstanceLifecycle == "spot" then
        errors.raise("UnsupportedOperation", "You can't modify the shutdown behavior of the Spot "
                     .. "Instance '%s'.", instance.InstanceId)
    end
    instances.set_hidden(world, instance.InstanceId, { InstanceInitiatedShutdownBehavior = value })
end

local function protection(member)
    return function(world, instance, value)
        if instance.InstanceLifecycle == "spot" then
            errors.raise("UnsupportedOperation", "You can't modify %s of the Spot Instance '%s'.",
                         member, instance.InstanceId)
        end
        instances.set_hidden(world, instance.InstanceId, { [member] = value == true
                                                           or value == "true" })
    end
end

local function groups(world, instance, ids)
    local interface = only_interface(world, instance)
    if #ids == 0 then errors.missing("GroupId") end
    interfaces.change(world, interface.NetworkInterfaceId,
                      { Groups = interfaces.group_list(world, ids, interface.VpcId) })
end

local function source_dest_check(world, instance, value)
    interfaces.change(world, only_interface(world, instance).NetworkInterfaceId,
                      { SourceDestCheck = value == true or value == "true" })
end

local function when_stopped(member)
    return function(world, instance, value)
        if instance.State.Name ~= "stopped" then
            errors.raise("IncorrectInstanceState",
                         "The instance '%s' is not in the 'stopped' state.",
                         instance.InstanceId)
        end
        sim_world.change(world, "Instances", instance.InstanceId, { [member] = value })
    end
end

local function block_devices(world, instance, wanted)
    local list = values.copy(instance.BlockDeviceMappings or {})
    for _, change in ipairs(wanted) do
        local mapping = values.find(list, "DeviceName", change.DeviceName)
        if not mapping then
            errors.raise("InvalidInstanceAttributeValue",
                         "No device is currently mapped at %s", tostring(change.DeviceName))
        end
        local keep = (change.Ebs or {}).DeleteOnTermination
        if keep ~= nil then mapping.Ebs.DeleteOnTermination = keep end
        instances.set_delete_on_termination(world, (mapping.Ebs or {}).VolumeId, keep)
    end
    sim_world.change(world, "Instances", instance.InstanceId, { BlockDeviceMappings = list })
end

-- Parameter -> its name in the old form (Attribute, Value) and what it does.
local ATTRIBUTES = {
    Groups = { "groupSet", groups, plain = true },
    InstanceInitiatedShutdownBehavior = { "instanceInitiatedShutdownBehavior", shutdown_behavior },
    DisableApiTermination = { "disableApiTermination", protection("DisableApiTermination") },
    DisableApiStop = { "disableApiStop", protection("DisableApiStop") },
    SourceDestCheck = { "sourceDestCheck", source_dest_check },
    InstanceType = { "instanceType", when_stopped("InstanceType") },
    EbsOptimized = { "ebsOptimized", when_stopped("EbsOptimized") },
    EnaSupport = { "enaSupport", when_stopped("EnaSupport") },
    UserData = { "userData", remember("UserData") },
    BlockDeviceMappings = { "blockDeviceMapping", block_devices, plain = true },
}

function operations.modify_instance_attribute(world, params)
    local instance = access.named(world, "Instances", params)
    if instance.State.Name == "terminated" then refuse_state(instance, "modified") end
    local named, value = {}, nil
    for name, row in pairs(ATTRIBUTES) do
        if params[name] ~= nil then
            named[#named + 1], value = name, row.plain and params[name] or params[name].Value
        elseif params.Attribute == row[1] and params.Value ~= nil then
            named[#named + 1], value = name, row.plain and { params.Value } or params.Value
        end
    end
    if #named == 0 then
        errors.raise("InvalidParameterCombination", "No attributes specified.")
    elseif #named > 1 then
        table.sort(named)
        errors.raise("InvalidParameterCombination",
                     "Fields for multiple attribute types specified: %s", table.concat(named, ", "))
    end
    ATTRIBUTES[named[1]][2](world, instance, value)
    return {}
end

return operations
