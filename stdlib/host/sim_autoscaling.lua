-- sim_autoscaling.lua - Auto Scaling: groups and their members, asked for and changed.
--
-- Owns: the checks of requests and the answers. The service has one code for nearly all that it
-- refuses, ValidationError; its words are those that AWS gives (they are quoted in many issue
-- trackers: "has min-size=1, max-size=1, and desired-size=1. To place into standby 1 instance,
-- please update the AutoScalingGroup sizes appropriately").
local errors = require "sim_errors"
local pages = require "sim_pages"
local scaling = require "sim_scaling"
local sim_world = require "sim_world"
local values = require "sim_values"

local autoscaling = { operations = {} }
local operations = autoscaling.operations

local PROCESSES = { "AZRebalance", "AddToLoadBalancer", "AlarmNotification", "HealthCheck",
                    "InstanceRefresh", "Launch", "ReplaceUnhealthy", "ScheduledActions",
                    "Terminate" }

local function refuse(message, ...)
    errors.raise("ValidationError", message, ...)
end

local function need(params, ...)
    for _, name in ipairs { ... } do
        if params[name] == nil or params[name] == "" then
            refuse("1 validation error detected: Value null at '%s' failed to satisfy "
                   .. "constraint: Member must not be null",
                   name:sub(1, 1):lower() .. name:sub(2))
        end
    end
end

local function named(world, params)
    need(params, "AutoScalingGroupName")
    local group = scaling.get(world, params.AutoScalingGroupName)
    if not group then
        refuse("AutoScalingGroup name not found - AutoScalingGroup '%s' not found",
               params.AutoScalingGroupName)
    end
    return group
end

-- ---- reads --------------------------------------------------------------------------------

function operations.describe_auto_scaling_groups(world, params)
    local wanted, list = params.AutoScalingGroupNames or {}, {}
    for _, name in ipairs(sim_world.all_ids(world, "AutoScalingGroups")) do
        if #wanted == 0 or values.contains(wanted, name) then
            list[#list + 1] = scaling.get(world, name)
        end
    end
    local page, token = pages.page("groups", list, params.NextToken, params.MaxRecords or 50,
                                   "InvalidNextToken")
    return { AutoScalingGroups = page, NextToken = token }
end

local function details(group, member)
    return values.with(member, { AutoScalingGroupName = group.AutoScalingGroupName,
                                 HealthStatus = member.HealthStatus:upper() })
end

-- Instances that no group has are left out.
function operations.describe_auto_scaling_instances(world, params)
    local wanted, list = params.InstanceIds or {}, {}
    for _, name in ipairs(sim_world.all_ids(world, "AutoScalingGroups")) do
        local group = scaling.get(world, name)
        for _, member in ipairs(group.Instances) do
            if #wanted == 0 or values.contains(wanted, member.InstanceId) then
                list[#list + 1] = details(group, member)
            end
        end
    end
    local page, token = pages.page("instances", list, params.NextToken, params.MaxRecords or 50,
                                   "InvalidNextToken")
    return { AutoScalingInstances = page, NextToken = token }
end

-- The latest first.
function operations.describe_scaling_activities(world, params)
    local list = {}
    for _, activity in pairs(world.resources.ScalingActivities) do
        local name = params.AutoScalingGroupName
        local wanted = not params.ActivityIds
            or values.contains(params.ActivityIds, activity.ActivityId)
        if wanted and (not name or name == activity.AutoScalingGroupName) then
            list[#list + 1] = activity
        end
    end
    table.sort(list, function(a, b)
        if a.StartTime ~= b.StartTime then return a.StartTime > b.StartTime end
        return a.ActivityId < b.ActivityId
    end)
    local page, token = pages.page("activities", list, params.NextToken,
                                   params.MaxRecords or 100, "InvalidNextToken")
    return { Activities = page, NextToken = token }
end

-- ---- members ------------------------------------------------------------------------------

-- The entries of the instances that are named; refuses those that are no members, or are in none
-- of the states.
local function members(group, params, states)
    local list = {}
    for i, id in ipairs(params.InstanceIds or {}) do
        local member = values.find(group.Instances, "InstanceId", id)
        if not member then
            refuse("The instance %s is not part of Auto Scaling group %s.", id,
                   group.AutoScalingGroupName)
        elseif not values.contains(states, member.LifecycleState) then
            refuse("The instance %s is not in %s.", id, table.concat(states, " or "))
        end
        list[i] = member
    end
    if #list == 0 then refuse("At least one instance must be specified.") end
    return list
end

local function sizes_forbid(group, count, what)
    refuse("AutoScalingGroup %s has min-size=%d, max-size=%d, and desired-size=%d. To %s %d "
           .. "instance%s, please update the AutoScalingGroup sizes appropriately.",
           group.AutoScalingGroupName, group.MinSize, group.MaxSize, group.DesiredCapacity, what,
           count, count > 1 and "s" or "")
end

-- The desired capacity changed by `by`; refused beyond the group's sizes.
local function move_capacity(world, group, by, what)
    local after = group.DesiredCapacity + by
    if after < group.MinSize or after > group.MaxSize then
        sizes_forbid(group, math.abs(by), what)
    end
    return scaling.change(world, group.AutoScalingGroupName, { DesiredCapacity = after })
end

local function capacity_text(group, by)
    if by == 0 then return "in response to a user request." end
    return ("in response to a user request, %s the capacity from %d to %d."):format(
        by < 0 and "shrinking" or "increasing", group.DesiredCapacity, group.DesiredCapacity + by)
end

function operations.enter_standby(world, params)
    local group = named(world, params)
    need(params, "ShouldDecrementDesiredCapacity")
    local list, activities = members(group, params, { "InService" }), {}
    local by = params.ShouldDecrementDesiredCapacity and -#list or 0
    if by < 0 then move_capacity(world, group, by, "place into standby") end
    for i, member in ipairs(list) do
        scaling.change_member(world, group.AutoScalingGroupName, member.InstanceId,
                              { LifecycleState = "Standby" })
        scaling.deregister(world, group, member.InstanceId)
        activities[i] = scaling.activity(world, group, "Moving EC2 instance to Standby: "
            .. member.InstanceId, ("instance %s was moved to standby %s"):format(
                member.InstanceId, capacity_text(group, by)))
    end
    return { Activities = activities }
end

-- The desired capacity grows with it, whether it shrank before or not.
function operations.exit_standby(world, params)
    local group = named(world, params)
    local list, activities = members(group, params, { "Standby" }), {}
    move_capacity(world, group, #list, "move out of standby")
    for i, member in ipairs(list) do
        scaling.change_member(world, group.AutoScalingGroupName, member.InstanceId,
                              { LifecycleState = "InService" })
        scaling.register(world, group, member.InstanceId)
        activities[i] = scaling.activity(world, group, "Moving EC2 instance out of Standby: "
            .. member.InstanceId, ("instance %s was moved out of standby %s"):format(
                member.InstanceId, capacity_text(group, #list)))
    end
    return { Activities = activities }
end

function operations.detach_instances(world, params)
    local group = named(world, params)
    need(params, "ShouldDecrementDesiredCapacity")
    local list, activities = members(group, params, { "InService", "Standby" }), {}
    local by = params.ShouldDecrementDesiredCapacity and -#list or 0
    if by < 0 then move_capacity(world, group, by, "detach") end
    for i, member in ipairs(list) do
        scaling.remove_member(world, group.AutoScalingGroupName, member.InstanceId)
        scaling.forget_tag(world, member.InstanceId)
        activities[i] = scaling.activity(world, group, "Detaching EC2 instance: "
            .. member.InstanceId, ("instance %s was detached %s"):format(
                member.InstanceId, capacity_text(group, by)))
    end
    return { Activities = activities }
end

local function attachable(world, id)
    local instance = world.resources.Instances[id]
    if not instance then refuse("Invalid Instance ID(s): [%s]", id) end
    local group = scaling.group_of(world, id)
    if group then
        refuse("Instance %s is already part of AutoScalingGroup:%s", id,
               group.AutoScalingGroupName)
    elseif instance.State.Name ~= "running" then
        refuse("Instance %s is not in correct state. Instance(s) must be in 'running' state", id)
    end
end

function operations.attach_instances(world, params)
    local group, ids = named(world, params), params.InstanceIds or {}
    if #ids == 0 then refuse("At least one instance must be specified.") end
    for _, id in ipairs(ids) do attachable(world, id) end
    move_capacity(world, group, #ids, "attach")
    for _, id in ipairs(ids) do
        scaling.add_member(world, group.AutoScalingGroupName, id)
        scaling.activity(world, group, "Attaching an existing EC2 instance: " .. id,
                         ("an instance was attached %s"):format(capacity_text(group, #ids)))
    end
    return {}
end

function operations.set_instance_protection(world, params)
    local group = named(world, params)
    need(params, "InstanceIds", "ProtectedFromScaleIn")
    local states = { "InService", "EnteringStandby", "Standby" }
    for _, member in ipairs(members(group, params, states)) do
        scaling.change_member(world, group.AutoScalingGroupName, member.InstanceId,
                              { ProtectedFromScaleIn = params.ProtectedFromScaleIn })
    end
    return {}
end

-- ---- the group ----------------------------------------------------------------------------

local function processes_of(params)
    local list = params.ScalingProcesses or {}
    for _, name in ipairs(list) do
        if not values.contains(PROCESSES, name) then
            refuse("Invalid scaling process name: %s", name)
        end
    end
    return #list > 0 and list or PROCESSES
end

local function set_suspended(world, group, by_name)
    local list = {}
    for _, name in ipairs(values.sorted_keys(by_name)) do list[#list + 1] = by_name[name] end
    scaling.change(world, group.AutoScalingGroupName, { SuspendedProcesses = list })
end

local function suspended_by_name(group)
    local by_name = {}
    for _, one in ipairs(group.SuspendedProcesses) do by_name[one.ProcessName] = one end
    return by_name
end

function operations.suspend_processes(world, params)
    local group = named(world, params)
    local by_name = suspended_by_name(group)
    for _, name in ipairs(processes_of(params)) do
        by_name[name] = by_name[name] or { ProcessName = name, SuspensionReason =
            "User suspended at " .. sim_world.time(world):gsub("%+00:00$", "Z") }
    end
    set_suspended(world, group, by_name)
    return {}
end

function operations.resume_processes(world, params)
    local group = named(world, params)
    local by_name = suspended_by_name(group)
    for _, name in ipairs(processes_of(params)) do by_name[name] = nil end
    set_suspended(world, group, by_name)
    return {}
end

local SETTINGS = { "MinSize", "MaxSize", "DesiredCapacity", "DefaultCooldown", "HealthCheckType",
                   "HealthCheckGracePeriod", "TerminationPolicies",
                   "NewInstancesProtectedFromScaleIn" }

-- A size that is moved past the desired capacity takes it along, unless that is given too.
local function check_sizes(changes, after)
    if after.MinSize > after.MaxSize then
        refuse("Max bound, %d, must be greater than or equal to min bound, %d", after.MaxSize,
               after.MinSize)
    end
    if not changes.DesiredCapacity then
        changes.DesiredCapacity = math.min(math.max(after.DesiredCapacity, after.MinSize),
                                           after.MaxSize)
    elseif after.DesiredCapacity < after.MinSize or after.DesiredCapacity > after.MaxSize then
        refuse("Desired capacity:%d must be between the specified min size:%d and max size:%d",
               after.DesiredCapacity, after.MinSize, after.MaxSize)
    end
end

function operations.update_auto_scaling_group(world, params)
    local group, changes = named(world, params), {}
    for _, name in ipairs(SETTINGS) do changes[name] = params[name] end
    local kind = changes.HealthCheckType
    if kind and kind ~= "EC2" and kind ~= "ELB" then
        refuse("Unsupported Health Check Type: %s", kind)
    end
    check_sizes(changes, values.with(group, changes))
    scaling.change(world, group.AutoScalingGroupName, changes)
    return {}
end

return autoscaling
