-- sim_scaling.lua - Auto Scaling groups in a world: members, and what a group does by itself.
--
-- Owns: lifecycle states, health checks, replacing what is unhealthy, keeping the desired
-- capacity. A group looks about after every change of the world, and goes on looking until
-- nothing changes any more: a quiet world costs nothing. It checks no request.
--
-- Security groups do not make EC2's own status checks fail (the hypervisor asks, not the
-- network), so an isolated instance is found unhealthy only where the group asks its load
-- balancer (HealthCheckType ELB). Neither termination protection nor scale-in protection helps
-- against that.
local instances = require "sim_instances"
local sim_clock = require "sim_clock"
local sim_world = require "sim_world"
local targets = require "sim_targets"
local values = require "sim_values"

local scaling = {}

local CHECK_SECONDS = 30
local OVER = { ["shutting-down"] = true, terminated = true }

-- ---- members ------------------------------------------------------------------------------

function scaling.get(world, name)
    return world.resources.AutoScalingGroups[name]
end

function scaling.change(world, name, changes)
    return sim_world.change(world, "AutoScalingGroups", name, changes)
end

-- The group that an instance belongs to, and its entry there.
function scaling.group_of(world, instance_id)
    for _, name in ipairs(sim_world.all_ids(world, "AutoScalingGroups")) do
        local group = scaling.get(world, name)
        local member = values.find(group.Instances, "InstanceId", instance_id)
        if member then return group, member end
    end
    return nil
end

function scaling.count(group, state)
    local count = 0
    for _, member in ipairs(group.Instances) do
        if member.LifecycleState == state then count = count + 1 end
    end
    return count
end

local function set_members(world, name, list)
    table.sort(list, function(a, b) return a.InstanceId < b.InstanceId end)
    return scaling.change(world, name, { Instances = list })
end

function scaling.change_member(world, name, instance_id, changes)
    local group = scaling.get(world, name)
    local member, at = values.find(group.Instances, "InstanceId", instance_id)
    return set_members(world, name, values.replaced(group.Instances, at,
                                                    values.with(member, changes)))
end

local function register(world, group, instance_id)
    for _, arn in ipairs(group.TargetGroupARNs) do
        if world.resources.TargetGroups[arn] then
            targets.register(world, arn, { Id = instance_id })
        end
    end
end

local function deregister(world, group, instance_id)
    for _, member in ipairs(targets.of_instance(world, instance_id)) do
        if values.contains(group.TargetGroupARNs, member.arn) then
            targets.deregister(world, member.arn, member.target)
        end
    end
end
scaling.register, scaling.deregister = register, deregister

local function set_group_tag(world, instance_id, name)
    local instance, tags = world.resources.Instances[instance_id], {}
    if not instance then return end
    for _, tag in ipairs(instance.Tags or {}) do
        if tag.Key ~= "aws:autoscaling:groupName" then tags[#tags + 1] = tag end
    end
    if name then tags[#tags + 1] = { Key = "aws:autoscaling:groupName", Value = name } end
    table.sort(tags, function(a, b) return a.Key < b.Key end)
    sim_world.change(world, "Instances", instance_id, { Tags = tags })
end

function scaling.add_member(world, name, instance_id)
    local group, instance = scaling.get(world, name), world.resources.Instances[instance_id]
    set_group_tag(world, instance_id, name)
    group = set_members(world, name, values.appended(group.Instances, {
        InstanceId = instance_id, InstanceType = instance.InstanceType,
        AvailabilityZone = instance.Placement.AvailabilityZone, LifecycleState = "InService",
        HealthStatus = "Healthy", LaunchTemplate = group.LaunchTemplate,
        ProtectedFromScaleIn = group.NewInstancesProtectedFromScaleIn == true }))
    register(world, group, instance_id)
    return group
end

function scaling.remove_member(world, name, instance_id)
    local group = scaling.get(world, name)
    local _, at = values.find(group.Instances, "InstanceId", instance_id)
    deregister(world, group, instance_id)
    set_members(world, name, values.replaced(group.Instances, at, nil))
end

-- Takes the group's tag away, as a detached instance loses it.
function scaling.forget_tag(world, instance_id)
    set_group_tag(world, instance_id, nil)
end

-- ---- activities ---------------------------------------------------------------------------

-- One entry of DescribeScalingActivities, done at once.
function scaling.activity(world, group, description, cause)
    local number = sim_world.random(world, math.maxinteger)
    local time = sim_world.time(world)
    return sim_world.put(world, "ScalingActivities", {
        ActivityId = ("%08x-%04x-4%03x-8%03x-%012x"):format(number & 0xffffffff,
            number >> 32 & 0xffff, number >> 16 & 0xfff, number >> 48 & 0xfff,
            world.now & 0xffffffffffff),
        AutoScalingGroupName = group.AutoScalingGroupName, Description = description,
        Cause = ("At %s %s"):format(time:gsub("%+00:00$", "Z"), cause), StartTime = time,
        EndTime = time, StatusCode = "Successful", Progress = 100,
        Details = "{}", AutoScalingGroupARN = group.AutoScalingGroupARN })
end

-- ---- what a group does by itself ----------------------------------------------------------

local function is_suspended(group, process)
    return values.find(group.SuspendedProcesses, "ProcessName", process) ~= nil
end

local function fails_load_balancer(world, group, instance_id)
    for _, arn in ipairs(group.TargetGroupARNs) do
        local target_group = world.resources.TargetGroups[arn]
        if target_group then
            local state = targets.health(world, target_group, { Id = instance_id }).State
            if state ~= "healthy" and state ~= "initial" then return true end
        end
    end
    return false
end

local function is_unhealthy(world, group, member)
    local instance = world.resources.Instances[member.InstanceId]
    if not instance then return true end
    if instance.State.Name == "pending" then return false end
    if instance.State.Name ~= "running" then return true end
    return group.HealthCheckType == "ELB" and fails_load_balancer(world, group, member.InstanceId)
end

local function check_health(world, name)
    local group = scaling.get(world, name)
    if is_suspended(group, "HealthCheck") then return end
    for _, member in ipairs(group.Instances) do
        if member.LifecycleState == "InService" and member.HealthStatus == "Healthy"
            and is_unhealthy(world, group, member) then
            scaling.change_member(world, name, member.InstanceId, { HealthStatus = "Unhealthy" })
        end
    end
end

local function terminate(world, name, instance_id, cause)
    local group = scaling.get(world, name)
    scaling.remove_member(world, name, instance_id)
    local instance = world.resources.Instances[instance_id]
    if instance and not OVER[instance.State.Name] then instances.terminate(world, instance_id) end
    scaling.activity(world, group, "Terminating EC2 instance: " .. instance_id, cause)
end

local function replace_unhealthy(world, name)
    local group = scaling.get(world, name)
    if is_suspended(group, "ReplaceUnhealthy") or is_suspended(group, "Terminate") then return end
    for _, member in ipairs(group.Instances) do
        if member.LifecycleState == "InService" and member.HealthStatus == "Unhealthy" then
            local why = group.HealthCheckType == "ELB" and "ELB system health check"
                or "EC2 health check"
            terminate(world, name, member.InstanceId, ("an instance was taken out of service in "
                .. "response to an %s failure."):format(why))
        end
    end
end

local function launch(world, name)
    local settings = world.resources.ScalingSettings[name]
    local subnet = settings and world.resources.Subnets[settings.SubnetId]
    if not subnet then return false end
    local instance = instances.launch(world, {
        subnet = subnet, groups = settings.Groups, type = settings.InstanceType, starting = true,
        profile = settings.IamInstanceProfile, tags = settings.Tags })
    local group = scaling.add_member(world, name, instance.InstanceId)
    scaling.activity(world, group, "Launching a new EC2 instance: " .. instance.InstanceId,
                     "an instance was started in response to a difference between desired and "
                     .. "actual capacity.")
    return true
end

-- Who goes when there are too many: the oldest that nothing protects.
local function surplus_member(world, group)
    local found, oldest
    for _, member in ipairs(group.Instances) do
        local instance = world.resources.Instances[member.InstanceId]
        local since = instance and instance.LaunchTime or ""
        if member.LifecycleState == "InService" and not member.ProtectedFromScaleIn
            and (not found or since < oldest) then
            found, oldest = member.InstanceId, since
        end
    end
    return found
end

local function keep_capacity(world, name)
    local group = scaling.get(world, name)
    local missing = group.DesiredCapacity - scaling.count(group, "InService")
    while missing > 0 and not is_suspended(group, "Launch") and launch(world, name) do
        missing = missing - 1
    end
    while missing < 0 and not is_suspended(group, "Terminate") do
        local victim = surplus_member(world, scaling.get(world, name))
        if not victim then return end
        terminate(world, name, victim, "an instance was taken out of service in response to a "
                  .. "difference between desired and actual capacity.")
        missing = missing + 1
    end
end

-- ---- looking about ------------------------------------------------------------------------

local function is_waking(world)
    return values.find(world.later, "effect", "scaling-check") ~= nil
end

-- The groups will look about soon. To be called when something was changed.
function scaling.wake(world)
    if not is_waking(world) then
        sim_clock.after(world, CHECK_SECONDS, "scaling-check", tostring(world.revision))
    end
end

-- `seen` is the world's revision when the check was arranged: nothing new, nothing to arrange.
sim_clock.effects["scaling-check"] = function(world, seen)
    for _, name in ipairs(sim_world.all_ids(world, "AutoScalingGroups")) do
        check_health(world, name)
        replace_unhealthy(world, name)
        keep_capacity(world, name)
    end
    if tostring(world.revision) ~= seen then scaling.wake(world) end
end

return scaling
