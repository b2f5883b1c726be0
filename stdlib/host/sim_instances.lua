-- sim_instances.lua - instances in a world: launching, states over time, what goes with them.
--
-- Owns: an instance with its interface, volume and profile; stopping and terminating as time
-- passes; what happens when the guest itself shuts down. It checks no permission to do so.
local interfaces = require "sim_interfaces"
local profiles = require "sim_profiles"
local sim_clock = require "sim_clock"
local sim_world = require "sim_world"
local values = require "sim_values"
local vpcs = require "sim_vpcs"

local instances = {}

local SECONDS = { start = 15, stop = 20, terminate = 25, forget = 3600 }

local STATES = { pending = 0, running = 16, ["shutting-down"] = 32, terminated = 48, stopping = 64,
                 stopped = 80 }

local function state(name) return { Code = STATES[name], Name = name } end

function instances.set_hidden(world, id, changes)
    local before = world.resources.Attributes[id] or { ResourceId = id }
    sim_world.put(world, "Attributes", values.with(before, changes))
end

local function set_state(world, id, name, more)
    return sim_world.change(world, "Instances", id, values.with({ State = state(name) }, more
                                                                or {}))
end

-- ---- launching ----------------------------------------------------------------------------

local function root_volume(world, instance_id, zone, tags)
    local time = sim_world.time(world)
    local id = sim_world.new_id(world, "vol")
    sim_world.put(world, "Volumes", {
        VolumeId = id, Size = 8, State = "in-use", VolumeType = "gp3", AvailabilityZone = zone,
        CreateTime = time, Encrypted = false, Iops = 3000, Throughput = 125,
        MultiAttachEnabled = false, SnapshotId = "", Tags = tags or {},
        Attachments = { { VolumeId = id, InstanceId = instance_id, Device = "/dev/xvda",
                          State = "attached", AttachTime = time, DeleteOnTermination = true } } })
    return { DeviceName = "/dev/xvda", Ebs = { VolumeId = id, Status = "attached",
                                               AttachTime = time,
                                               DeleteOnTermination = true } }
end

-- Attaches one more volume; the mapping. For worlds that are built.
function instances.add_volume(world, instance_id, device, size)
    local instance = world.resources.Instances[instance_id]
    local mapping = root_volume(world, instance_id, instance.Placement.AvailabilityZone)
    mapping.DeviceName = device
    local volume = values.copy(world.resources.Volumes[mapping.Ebs.VolumeId])
    volume.Size, volume.Attachments[1].Device = size, device
    sim_world.put(world, "Volumes", volume)
    sim_world.change(world, "Instances", instance_id,
                     { BlockDeviceMappings = values.appended(instance.BlockDeviceMappings,
                                                             mapping) })
    return mapping
end

-- Launches one. options: subnet, groups (ids), private_ip, public, ipv6, image, type, tags,
-- profile {Name|Arn}, spot, shutdown, protected, user_data, starting (pending first).
function instances.launch(world, options)
    local subnet, time = options.subnet, sim_world.time(world)
    local ids = options.groups and #options.groups > 0 and options.groups
        or interfaces.default_groups(world, subnet.VpcId)
    local interface = interfaces.make(world, subnet, {
        groups = interfaces.group_list(world, ids, subnet.VpcId), private_ip = options.private_ip,
        ipv6 = options.ipv6, description = options.description })
    local id = sim_world.new_id(world, "i")
    sim_world.put(world, "Instances", {
        InstanceId = id, ReservationId = options.reservation or sim_world.new_id(world, "r"),
        OwnerId = world.account, ImageId = options.image or "ami-0123456789abcdef0",
        InstanceType = options.type or "t3.micro", KeyName = options.key,
        AmiLaunchIndex = options.index or 0,
        State = state(options.starting and "pending" or "running"), LaunchTime = time,
        Placement = { AvailabilityZone = subnet.AvailabilityZone, GroupName = "",
                      Tenancy = "default" },
        Monitoring = { State = "disabled" }, Architecture = "x86_64", Hypervisor = "xen",
        VirtualizationType = "hvm", RootDeviceName = "/dev/xvda", RootDeviceType = "ebs",
        BlockDeviceMappings = { root_volume(world, id, subnet.AvailabilityZone,
                                            options.volume_tags) },
        NetworkInterfaces = {}, SecurityGroups = interface.Groups, SubnetId = subnet.SubnetId,
        VpcId = subnet.VpcId, PrivateIpAddress = interface.PrivateIpAddress,
        PrivateDnsName = interface.PrivateDnsName, PublicDnsName = "", SourceDestCheck = true,
        EbsOptimized = false, EnaSupport = true, StateTransitionReason = "", ProductCodes = {},
        ClientToken = options.token or "", InstanceLifecycle = options.spot and "spot" or nil,
        Tags = options.tags or {} })
    interfaces.attach(world, interface, world.resources.Instances[id], 0,
                      not options.keep_interface)
    instances.set_hidden(world, id, {
        InstanceInitiatedShutdownBehavior = options.shutdown or "stop",
        UserData = options.user_data,
        DisableApiTermination = options.protected == true, ConsoleOutput = options.console or "" })
    if options.profile then profiles.associate(world, id, options.profile) end
    local public = options.public
    if public == nil then public = subnet.MapPublicIpOnLaunch end
    if public then
        interfaces.associate(world, world.resources.NetworkInterfaces[interface.NetworkInterfaceId],
                             vpcs.public_address(world))
    end
    if options.starting then sim_clock.after(world, SECONDS.start, "instance-running", id) end
    return world.resources.Instances[id]
end

sim_clock.effects["instance-running"] = function(world, id)
    local instance = world.resources.Instances[id]
    if instance and instance.State.Name == "pending" then set_state(world, id, "running") end
end

-- ---- stopping and starting ----------------------------------------------------------------

-- A public address that AWS assigned is lost for good; an Elastic IP stays.
local function lose_assigned_address(world, id)
    for _, interface in ipairs(interfaces.of_instance(world, id)) do
        if interface.Association and interface.Association.IpOwnerId == "amazon" then
            interfaces.dissociate(world, interface)
        end
    end
end

function instances.stop(world, id)
    local instance = world.resources.Instances[id]
    if instance.State.Name ~= "running" then return instance end
    sim_clock.after(world, SECONDS.stop, "instance-stopped", id)
    return set_state(world, id, "stopping", {
        StateTransitionReason = "User initiated (" .. sim_world.time(world) .. ")" })
end

sim_clock.effects["instance-stopped"] = function(world, id)
    local instance = world.resources.Instances[id]
    if not instance or instance.State.Name ~= "stopping" then return end
    lose_assigned_address(world, id)
    set_state(world, id, "stopped")
end

function instances.start(world, id)
    local instance = world.resources.Instances[id]
    if instance.State.Name ~= "stopped" then return instance end
    sim_clock.after(world, SECONDS.start, "instance-running", id)
    local subnet = world.resources.Subnets[instance.SubnetId] or {}
    local primary = interfaces.of_instance(world, id)[1]
    if subnet.MapPublicIpOnLaunch and primary and not primary.Association then
        interfaces.associate(world, primary, vpcs.public_address(world))
    end
    return set_state(world, id, "pending", { LaunchTime = sim_world.time(world) })
end

-- ---- terminating --------------------------------------------------------------------------

function instances.set_delete_on_termination(world, volume_id, value)
    local volume = world.resources.Volumes[volume_id or ""]
    if not volume or value == nil then return end
    local list = values.copy(volume.Attachments or {})
    for _, attachment in ipairs(list) do attachment.DeleteOnTermination = value end
    sim_world.change(world, "Volumes", volume_id, { Attachments = list })
end

function instances.terminate(world, id)
    local instance = world.resources.Instances[id]
    local name = instance.State.Name
    if name == "terminated" or name == "shutting-down" then return instance end
    sim_clock.after(world, SECONDS.terminate, "instance-terminated", id)
    return set_state(world, id, "shutting-down", {
        StateTransitionReason = "User initiated (" .. sim_world.time(world) .. ")" })
end

-- Interfaces that go with the instance; others stay, free.
local function drop_interfaces(world, id)
    for _, interface in ipairs(interfaces.of_instance(world, id)) do
        interfaces.detach(world, interface)
        if interface.Attachment.DeleteOnTermination then
            interfaces.remove(world, interface)
        end
    end
end

local function drop_volumes(world, id)
    for _, volume in ipairs(sim_world.by(world, "Volumes", "attachment.instance-id", id)) do
        if volume.Attachments[1].DeleteOnTermination then
            sim_world.remove(world, "Volumes", volume.VolumeId)
        else
            sim_world.change(world, "Volumes", volume.VolumeId,
                             { Attachments = {}, State = "available" })
        end
    end
end

sim_clock.effects["instance-terminated"] = function(world, id)
    if not world.resources.Instances[id] then return end
    drop_interfaces(world, id)
    drop_volumes(world, id)
    profiles.forget(world, id)
    set_state(world, id, "terminated", {
        NetworkInterfaces = {}, BlockDeviceMappings = {}, SecurityGroups = {},
        PrivateIpAddress = values.NONE, PublicIpAddress = values.NONE, SubnetId = values.NONE,
        VpcId = values.NONE, PrivateDnsName = "", PublicDnsName = "" })
    sim_clock.after(world, SECONDS.forget, "instance-forgotten", id)
end

sim_clock.effects["instance-forgotten"] = function(world, id)
    sim_world.remove(world, "Instances", id)
    sim_world.remove(world, "Attributes", id)
end

-- The guest powers itself off: its attribute decides whether it stops or ends. Termination
-- protection does not help against it.
function instances.shut_down_inside(world, id)
    local behavior = (world.resources.Attributes[id] or {}).InstanceInitiatedShutdownBehavior
    if behavior == "terminate" then return instances.terminate(world, id) end
    return instances.stop(world, id)
end

return instances
