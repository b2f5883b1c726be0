-- facts_scaling.lua - facts about Auto Scaling groups and their members.
--
-- Owns: the kinds scaling.member, scaling.protection, scaling.process and scaling.settings; what
-- Standby, detaching, attaching, protection, suspending and a group's settings set. Pure.
--
-- Coming back raises a group's desired capacity by one. Where it was not lowered before (the
-- group was at its minimum and launched a replacement), it is set back afterwards; the group then
-- has one instance too many and removes one. Undo must not be what kills the instance, so it is
-- protected from scale-in first when a replacement is there; the protection stays.
local calls = require "calls"
local facts = require "facts"

local function scaling(operation, params)
    return { service = "autoscaling", operation = operation, params = params }
end

local function read_group(name)
    return scaling("describe_auto_scaling_groups", { AutoScalingGroupNames = { name } })
end

local function group_of(name, look)
    return facts.first(look, read_group(name), "AutoScalingGroups")
end

local function reads(fact) return { read_group(fact.group or fact.id) } end

local function member_of(fact, look)
    local group, state = group_of(fact.group, look)
    if not group then return nil, state end
    for _, member in ipairs(group.Instances or {}) do
        if member.InstanceId == fact.id then return member end
    end
    return nil, facts.ABSENT
end

-- ---- membership ---------------------------------------------------------------------------

local member = { reads = reads, relation = true }

-- On the way is as good as there.
local SETTLED = { EnteringStandby = "Standby", Pending = "InService" }

function member.attribute(fact) return "place in Auto Scaling group " .. fact.group end

function member.value(fact, look)
    local found, state = member_of(fact, look)
    if not found then return state end
    return facts.state(SETTLED[found.LifecycleState] or found.LifecycleState)
end

local function sizes_of(group)
    return { min = group.MinSize, max = group.MaxSize, desired = group.DesiredCapacity }
end

-- The group's sizes now, or as they were when the call was planned; and whether a replacement
-- has come.
local function known_sizes(fact, look)
    local group = look and group_of(fact.group, look)
    if not group then return fact.sizes, false end
    local count = 0
    for _, one in ipairs(group.Instances or {}) do
        if one.LifecycleState == "InService" and one.InstanceId ~= fact.id then
            count = count + 1
        end
    end
    return sizes_of(group), count >= group.DesiredCapacity and count > 0
end

-- `coming_back`, and what its capacity needs around it.
local function return_calls(fact, look, coming_back)
    if fact.decrement ~= false then return { coming_back } end
    local sizes, replaced = known_sizes(fact, look)
    if not sizes then return nil, "the group's sizes are not known", true end
    local list, back = {}, { AutoScalingGroupName = fact.group, DesiredCapacity = sizes.desired }
    if sizes.desired + 1 > sizes.max then
        list[1] = scaling("update_auto_scaling_group", { AutoScalingGroupName = fact.group,
                                                         MaxSize = sizes.desired + 1 })
        back.MaxSize = sizes.max
    end
    list[#list + 1] = coming_back
    if replaced then
        list[#list + 1] = scaling("set_instance_protection", {
            AutoScalingGroupName = fact.group, InstanceIds = { fact.id },
            ProtectedFromScaleIn = true })
    end
    list[#list + 1] = scaling("update_auto_scaling_group", back)
    return list
end

local function about(fact, more)
    more.AutoScalingGroupName, more.InstanceIds = fact.group, { fact.id }
    return more
end

local function leave(fact)
    return { scaling("detach_instances", about(fact, { ShouldDecrementDesiredCapacity = true })) }
end

local function to_standby(fact)
    return { scaling("enter_standby", about(fact, { ShouldDecrementDesiredCapacity = true })) }
end

function member.set(fact, now, wanted, look)
    if wanted.absent then return leave(fact) end
    if now.absent then
        local list, why, later = return_calls(fact, look,
                                              scaling("attach_instances", about(fact, {})))
        if not list or wanted.value == "InService" then return list, why, later end
        return table.move(to_standby(fact), 1, 1, #list + 1, list)
    elseif wanted.value == "Standby" then
        return to_standby(fact)
    elseif now.value == "Standby" and wanted.value == "InService" then
        return return_calls(fact, look, scaling("exit_standby", about(fact, {})))
    end
    return nil, ("it cannot be brought from %s to %s"):format(now.value, wanted.value)
end

-- ---- protection from scale-in -------------------------------------------------------------

local protection = { reads = reads }

function protection.attribute(fact) return "scale-in protection in " .. fact.group end

function protection.value(fact, look)
    local found, state = member_of(fact, look)
    if not found then return state end
    return facts.state(found.ProtectedFromScaleIn == true)
end

function protection.set(fact, now, wanted)
    if now.absent or wanted.absent then return nil, "it is not in the group" end
    return { scaling("set_instance_protection",
                     about(fact, { ProtectedFromScaleIn = wanted.value })) }
end

-- ---- suspended processes ------------------------------------------------------------------

local process = { reads = reads }

function process.attribute(fact) return "process " .. fact.process end

function process.value(fact, look)
    local group, state = group_of(fact.id, look)
    if not group then return state end
    for _, one in ipairs(group.SuspendedProcesses or {}) do
        if one.ProcessName == fact.process then return facts.state("suspended") end
    end
    return facts.state("running")
end

function process.set(fact, now, wanted)
    if now.absent or wanted.absent then return nil, "the group is gone" end
    local verb = wanted.value == "suspended" and "suspend_processes" or "resume_processes"
    return { scaling(verb, { AutoScalingGroupName = fact.id,
                             ScalingProcesses = { fact.process } }) }
end

-- ---- settings -----------------------------------------------------------------------------

-- Those that one call sets are one fact: a minimum above the desired capacity would be refused.
local settings = { reads = reads }

function settings.attribute(fact) return table.concat(fact.names, ", ") end

function settings.value(fact, look)
    local group, state = group_of(fact.id, look)
    if not group then return state end
    local value = {}
    for _, name in ipairs(fact.names) do value[name] = group[name] end
    return facts.state(value)
end

function settings.set(fact, now, wanted)
    if now.absent or wanted.absent then return nil, "the group is gone" end
    local params = { AutoScalingGroupName = fact.id }
    for name, value in pairs(wanted.value) do params[name] = value end
    return { scaling("update_auto_scaling_group", params) }
end

function settings.text(value)
    local texts = {}
    for i, name in ipairs(calls.sorted_keys(value)) do
        texts[i] = name .. "=" .. tostring(value[name])
    end
    return table.concat(texts, " ")
end

-- ---- mutations ----------------------------------------------------------------------------

local function reads_group(call)
    return call.params.AutoScalingGroupName and { read_group(call.params.AutoScalingGroupName) }
        or {}
end

local function find_sizes(call, look)
    local group, state = group_of(call.params.AutoScalingGroupName, look)
    if not group then return facts.not_found(state, "such Auto Scaling group") end
    return { sizes = sizes_of(group) }
end

-- One fact for each instance that the call names.
local function of_instances(kind, names, after, note)
    local row = { knows = { "AutoScalingGroupName", "InstanceIds", table.unpack(names) },
                  note = note, reads = reads_group, find = find_sizes }
    function row.understands(call) return call.params.AutoScalingGroupName ~= nil end
    function row.facts(call, found)
        local list = {}
        for i, id in ipairs(call.params.InstanceIds or {}) do
            list[i] = { kind = kind, id = id, group = call.params.AutoScalingGroupName,
                        decrement = call.params.ShouldDecrementDesiredCapacity,
                        sizes = found and found.sizes, after = after(call) }
        end
        return list
    end
    return row
end

local function becomes(state) return function() return state end end

local DECREMENT = { "ShouldDecrementDesiredCapacity" }

local PROCESSES = { "AZRebalance", "AddToLoadBalancer", "AlarmNotification", "HealthCheck",
                    "InstanceRefresh", "Launch", "ReplaceUnhealthy", "ScheduledActions",
                    "Terminate" }

local function of_processes(after)
    local row = { knows = { "AutoScalingGroupName", "ScalingProcesses" },
                  note = "sets the group's processes back" }
    function row.facts(call)
        local list, named = {}, call.params.ScalingProcesses or {}
        for i, name in ipairs(#named > 0 and named or PROCESSES) do
            list[i] = { kind = "scaling.process", id = call.params.AutoScalingGroupName,
                        process = name, after = facts.state(after) }
        end
        return list
    end
    return row
end

local SETTINGS = { "DefaultCooldown", "DesiredCapacity", "HealthCheckGracePeriod",
                   "HealthCheckType", "MaxSize", "MinSize", "NewInstancesProtectedFromScaleIn" }

local update = { knows = { "AutoScalingGroupName", table.unpack(SETTINGS) },
                 note = "sets the group's settings back" }

function update.facts(call)
    local names, after = {}, {}
    for _, name in ipairs(SETTINGS) do
        if call.params[name] ~= nil then
            names[#names + 1], after[name] = name, call.params[name]
        end
    end
    if #names == 0 then return {} end
    return { { kind = "scaling.settings", id = call.params.AutoScalingGroupName, names = names,
               after = facts.state(after) } }
end

return {
    kinds = { ["scaling.member"] = member, ["scaling.protection"] = protection,
              ["scaling.process"] = process, ["scaling.settings"] = settings },
    mutations = {
        ["autoscaling.enter_standby"] = of_instances("scaling.member", DECREMENT,
            becomes(facts.state("Standby")), "takes it out of Standby"),
        ["autoscaling.exit_standby"] = of_instances("scaling.member", {},
            becomes(facts.state("InService")), "puts it in Standby again"),
        ["autoscaling.detach_instances"] = of_instances("scaling.member", DECREMENT,
            becomes(facts.ABSENT), "attaches it to its group again"),
        ["autoscaling.attach_instances"] = of_instances("scaling.member", {},
            becomes(facts.state("InService")), "detaches it from the group again"),
        ["autoscaling.set_instance_protection"] = of_instances("scaling.protection",
            { "ProtectedFromScaleIn" },
            function(call) return facts.state(call.params.ProtectedFromScaleIn == true) end,
            "sets its protection back"),
        ["autoscaling.suspend_processes"] = of_processes("suspended"),
        ["autoscaling.resume_processes"] = of_processes("running"),
        ["autoscaling.update_auto_scaling_group"] = update,
    },
}
