-- advice_interfaces.lua - advice on the security groups of network interfaces.
--
-- Owns: the row of modify_network_interface_attribute, for its Groups attribute. Pure, but for
-- the names of planned groups, which the rehearsal remembers. The other attributes get the
-- generic answer: they have no inverse here.
local calls = require "calls"
local generic = require "advice_generic"
local rehearsal = require "rehearsal"

local row = {}

local function changes_groups(call)
    return call.params.Groups ~= nil and #call.params.Groups > 0
end

-- Whatever else the call changes beside the groups is not in these answers.
local SPOKEN_FOR = { NetworkInterfaceId = true, Groups = true, DryRun = true }

function row.understands(call)
    for name in pairs(call.params) do
        if not SPOKEN_FOR[name] then return false end
    end
    return true
end

-- The groups that can be read for their names.
local function real_groups(call)
    local ids = {}
    for _, id in ipairs(call.params.Groups or {}) do
        if not calls.is_planned(id) then ids[#ids + 1] = id end
    end
    return ids
end

function row.reads(call)
    local id = call.params.NetworkInterfaceId
    if not changes_groups(call) or calls.is_planned(id) then return {} end
    local list = { calls.ec2("describe_network_interfaces", { NetworkInterfaceIds = { id } }) }
    local ids = real_groups(call)
    if #ids > 0 then list[2] = calls.ec2("describe_security_groups", { GroupIds = ids }) end
    return list
end

-- The groups that the interface will carry, with their names as far as they are known.
local function groups_after(call, answers)
    local names, list = {}, {}
    local value = answers and answers[2] and calls.answered(answers, 2)
    for _, group in ipairs(value and value.SecurityGroups or {}) do
        names[group.GroupId] = group.GroupName
    end
    for i, id in ipairs(call.params.Groups) do
        list[i] = { id = id, name = names[id] or rehearsal.name_of(id) }
    end
    return list
end

local function describe_groups(groups)
    local list = {}
    for _, group in ipairs(groups or {}) do
        list[#list + 1] = { id = group.GroupId, name = group.GroupName }
    end
    return list
end

function row.before(call, answers)
    if not changes_groups(call) then return nil end
    local value, why = calls.answered(answers, 1)
    local interface = value and (value.NetworkInterfaces or {})[1]
    if not interface then return { unread = why or "there is no such network interface" } end
    return { interface = interface.NetworkInterfaceId,
             instance = (interface.Attachment or {}).InstanceId,
             subnet = interface.SubnetId, vpc = interface.VpcId,
             groups = describe_groups(interface.Groups),
             after = groups_after(call, answers) }
end

function row.inverse(call, before)
    if not changes_groups(call) then return generic.inverse(call) end
    if calls.is_made(call, call.params.NetworkInterfaceId) then
        return { class = "inverted", calls = {},
                 note = "made by this run: deleting the interface takes it back" }
    end
    if not before.groups or #before.groups == 0 then
        return { class = "irreversible", calls = {},
                 note = "its groups could not be read before: "
                        .. (before.unread or "not asked for") }
    end
    local ids = {}
    for _, group in ipairs(before.groups) do ids[#ids + 1] = group.id end
    return { class = "inverted", note = "gives the interface its groups back",
             calls = { calls.ec2("modify_network_interface_attribute",
                                 { NetworkInterfaceId = call.params.NetworkInterfaceId,
                                   Groups = ids }) } }
end

-- sg-web (sg-1), sg-(planned-1) "cordon-final-..."
local function group_text(group)
    local name = group.name
    if not name or name == "" then return group.id end
    if calls.is_planned(group.id) then return ('%s "%s"'):format(group.id, name) end
    return ("%s (%s)"):format(name, group.id)
end

local function groups_text(groups)
    local parts = {}
    for _, group in ipairs(groups) do parts[#parts + 1] = group_text(group) end
    return table.concat(parts, ", ")
end

function row.diff(call, before)
    if not changes_groups(call) then return nil end
    return { { sign = "~", subject = call.params.NetworkInterfaceId, attribute = "groups",
               before = before.groups and groups_text(before.groups) or "(not known)",
               after = groups_text(before.after or groups_after(call)) } }
end

function row.hits(call, before)
    if not changes_groups(call) then return nil end
    local target = { call.params.NetworkInterfaceId }
    target[2] = before.instance
    return { target = target, others = {} }
end

function row.fate_reads(call)
    if not changes_groups(call) then return {} end
    return { calls.ec2("describe_network_interfaces",
                       { NetworkInterfaceIds = { call.params.NetworkInterfaceId } }) }
end

function row.fate(call, answers)
    local value = calls.answered(answers, 1)
    local interface = value and (value.NetworkInterfaces or {})[1]
    if not interface then return calls.fate(nil) end
    local carried, count = {}, 0
    for _, group in ipairs(interface.Groups or {}) do carried[group.GroupId] = true end
    for _, id in ipairs(call.params.Groups) do count = count + (carried[id] and 1 or 0) end
    return calls.fate(count == #call.params.Groups and count == #(interface.Groups or {}))
end

return { ["ec2.modify_network_interface_attribute"] = row }
