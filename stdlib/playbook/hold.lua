-- hold.lua - keeping an instance, and what is on it, from being taken away.
--
-- Owns: Auto Scaling (Standby), termination protection, what a shutdown from inside does, and
-- the volumes. An isolated instance fails its load balancer's health checks, and its group
-- terminates it, evidence and all; termination protection does not hold Auto Scaling back, and
-- nothing of EC2's protects a Spot instance.
--
--   local held = hold.read(id)      reads only; none of it stops when it is refused
--   hold.all(held)                  inside a step: all that is needed, at once
local autoscaling = require "autoscaling"
local network = require "instance_network"
local optional = require "optional_reads"

local hold = {}

-- ---- Auto Scaling -------------------------------------------------------------------------

local function read_membership(id)
    local result, why = optional.read(autoscaling.describe_auto_scaling_instances,
                                      { InstanceIds = { id } })
    if not result then return nil, why end
    local member = (result.AutoScalingInstances or {})[1]
    if not member then return nil end
    local name = member.AutoScalingGroupName
    local groups, unread = optional.read(autoscaling.describe_auto_scaling_groups,
                                         { AutoScalingGroupNames = { name } })
    local group = groups and (groups.AutoScalingGroups or {})[1]
    if not group then return nil, unread or ("there is no group " .. name) end
    return { group = name, state = member.LifecycleState, min = group.MinSize,
             desired = group.DesiredCapacity, target_groups = group.TargetGroupARNs or {} }
end

local IN_STANDBY = { Standby = true, EnteringStandby = true, Detaching = true, Detached = true }

-- At its minimum a group refuses to shrink. Its sizes are its owners' business, so they stay:
-- the group then launches a replacement, which also keeps up the service.
local function decide_standby(member)
    if IN_STANDBY[member.state] then
        member.why = ("Auto Scaling group %s: it is in %s already"):format(member.group,
                                                                          member.state)
    elseif member.state ~= "InService" then
        member.failure = ("it is %s in the Auto Scaling group %s and cannot be put in Standby: "
            .. "suspend the group's process Terminate"):format(member.state, member.group)
    elseif member.desired - 1 < member.min then
        member.standby, member.decrement = true, false
        member.why = ("Auto Scaling group %s is at its minimum of %d: it will launch a "
            .. "replacement, from the same template"):format(member.group, member.min)
    else
        member.standby, member.decrement = true, true
        member.why = ("Auto Scaling group %s goes from %d to %d: no replacement"):format(
            member.group, member.desired, member.desired - 1)
    end
end

-- ---- EC2's own protections ----------------------------------------------------------------

local function read_attribute(id, attribute, member)
    local result, why = optional.read(ec2.describe_instance_attribute,
                                      { InstanceId = id, Attribute = attribute })
    if not result then return nil, why end
    return (result[member] or {}).Value
end

local function read_instance(id)
    local result, why = optional.read(ec2.describe_instances, { InstanceIds = { id } })
    local instance = network.instances_in(result and result.Reservations)[1]
    if instance then return instance end
    return nil, why or "it is not shown"
end

-- Devices whose volumes would go with the instance.
local function doomed_devices(instance)
    local names = {}
    for _, mapping in ipairs(instance.BlockDeviceMappings or {}) do
        if (mapping.Ebs or {}).DeleteOnTermination then names[#names + 1] = mapping.DeviceName end
    end
    table.sort(names)
    return names
end

-- ---- reading ------------------------------------------------------------------------------

local function note(held, what, why)
    held.failures[#held.failures + 1] = what .. ": " .. why
end

local function read_all(id)
    return parallel({
        function() return { read_membership(id) } end,
        function() return { read_instance(id) } end,
        function() return { read_attribute(id, "disableApiTermination",
                                           "DisableApiTermination") } end,
        function() return { read_attribute(id, "instanceInitiatedShutdownBehavior",
                                           "InstanceInitiatedShutdownBehavior") } end,
    }, function(read) return read() end)
end

-- What is needed to keep the instance:
--   id, spot
--   auto_scaling  {group, state, standby, decrement, why, target_groups}; nil: in no group
--   protect, stop, devices   whether to protect it, to make shutdowns stop it; volumes to keep
--   failures      what could not be read or cannot be held, in words
--   needed        is there anything to do, or to complain of?
function hold.read(id)
    local membership, instance, protected, shutdown = table.unpack(read_all(id))
    local held = { id = id, auto_scaling = membership[1], failures = {}, devices = {} }
    if membership[2] then note(held, "its Auto Scaling group", membership[2]) end
    if held.auto_scaling then
        decide_standby(held.auto_scaling)
        if held.auto_scaling.failure then
            note(held, "Auto Scaling", held.auto_scaling.failure)
        end
    end
    if instance[1] then
        held.spot = instance[1].InstanceLifecycle == "spot"
        held.devices = doomed_devices(instance[1])
    else
        note(held, "its volumes", instance[2])
    end
    -- Neither can be set on a Spot instance.
    held.protect = not held.spot and protected[1] ~= true
    held.stop = not held.spot and shutdown[1] ~= "stop"
    held.needed = (held.auto_scaling or {}).standby or held.protect or held.stop
        or #held.devices > 0 or #held.failures > 0
    return held
end

-- What was decided, in words.
function hold.texts(held)
    local list = {}
    if held.auto_scaling and held.auto_scaling.why then list[1] = held.auto_scaling.why end
    if held.spot then
        list[#list + 1] = "a Spot instance: it cannot be protected from termination, EC2 may take "
            .. "it at any time; its volumes are kept"
    end
    return list
end

-- ---- holding ------------------------------------------------------------------------------

-- Puts it in Standby: out of its group's health checks, and of the group's target groups.
function hold.auto_scaling(held)
    local member = held.auto_scaling
    if not member or not member.standby then return end
    autoscaling.enter_standby { AutoScalingGroupName = member.group, InstanceIds = { held.id },
                                ShouldDecrementDesiredCapacity = member.decrement }
end

local function modify(held, members)
    members.InstanceId = held.id
    ec2.modify_instance_attribute(members)
end

local function protections(held)
    local tasks = {}
    if held.protect then
        tasks[#tasks + 1] = { "protect it from termination", function()
            modify(held, { DisableApiTermination = { Value = true } })
        end }
    end
    if held.stop then
        tasks[#tasks + 1] = { "stop at a shutdown from inside", function()
            modify(held, { InstanceInitiatedShutdownBehavior = { Value = "stop" } })
        end }
    end
    return tasks
end

local function keep_volumes(held)
    local mappings = {}
    for i, name in ipairs(held.devices) do
        mappings[i] = { DeviceName = name, Ebs = { DeleteOnTermination = false } }
    end
    modify(held, { BlockDeviceMappings = mappings })
end

local function run(tasks)
    local labels = {}
    for i, task in ipairs(tasks) do labels[i] = task[1] end
    parallel(labels, function(_, i) tasks[i][2]() end)
end

-- Protects it from termination, makes a shutdown from inside stop it, keeps its volumes.
function hold.termination(held)
    local tasks = protections(held)
    if #held.devices > 0 then
        tasks[#tasks + 1] = { "keep its volumes", function() keep_volumes(held) end }
    end
    run(tasks)
end

-- All of it in one round trip, then an error for what could not be held: in a step with
-- on_failure = "warn" it is told and does not stop the cut.
function hold.all(held)
    local tasks = { { "termination", function() hold.termination(held) end } }
    if held.auto_scaling and held.auto_scaling.standby then
        tasks[2] = { "Auto Scaling", function() hold.auto_scaling(held) end }
    end
    run(tasks)
    if #held.failures > 0 then error(table.concat(held.failures, "; "), 0) end
end

-- ---- reading back -------------------------------------------------------------------------

-- Does its group leave it alone now? true, or false and the state it is in.
function hold.is_held(held)
    if not held.auto_scaling then return true end
    local member, why = read_membership(held.id)
    if why then return false, why end
    if not member or IN_STANDBY[member.state] then return true end
    return false, ("it is %s in %s"):format(member.state, member.group)
end

return hold
