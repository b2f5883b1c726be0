-- drill_compare.lua - two states of a world side by side.
--
-- Owns: what counts as a difference. Evidence stays by design (tags whose key begins with
-- "cordon:", snapshots), so do an Auto Scaling group's list of activities and states that pass by
-- themselves. The id of a rule is not part of what the rule allows, nor that of an association part
-- of what it joins: EC2 gives a new one each time. Pure.
local kinds = require "sim_kinds"
local values = require "sim_values"

local compare = {}

local IGNORED = { ClientTokens = true, Snapshots = true, SecurityGroupRules = true,
                  ScalingActivities = true, TargetStates = true }

local function own_tags(resource, member)
    local list = resource[member]
    if not list then return resource end
    local kept = {}
    for _, tag in ipairs(list) do
        if not (tag.Key or ""):find("^cordon:") then kept[#kept + 1] = tag end
    end
    if #kept == #list then return resource end
    return values.with(resource, { [member] = kept })
end

local NEW_EACH_TIME = { NetworkAclAssociationId = values.NONE,
                        RouteTableAssociationId = values.NONE }
local UNORDERED = { "Associations", "Routes" }

-- The items of a list whose order says nothing, without the ids that EC2 gives anew.
local function as_set(list)
    local items = {}
    for i, item in ipairs(list) do items[i] = values.with(item, NEW_EACH_TIME) end
    table.sort(items, function(a, b) return values.signature(a) < values.signature(b) end)
    return items
end

local function plain(kind, resource)
    local changes = {}
    for _, member in ipairs(UNORDERED) do
        if type(resource[member]) == "table" then changes[member] = as_set(resource[member]) end
    end
    local own = own_tags(resource, kinds[kind].tags)
    return next(changes) and values.with(own, changes) or own
end

local function same(kind, before, after)
    if before == after then return true end
    if not before or not after then return false end
    return values.equal(plain(kind, before), plain(kind, after))
end

-- Every difference as {kind, id, before, after}; a group's rules are part of the group.
function compare.differences(before, after)
    local list = {}
    for _, kind in ipairs(kinds.names) do
        local ids = {}
        if not IGNORED[kind] and before.resources[kind] ~= after.resources[kind] then
            for id in pairs(before.resources[kind]) do ids[id] = true end
            for id in pairs(after.resources[kind]) do ids[id] = true end
        end
        for _, id in ipairs(values.sorted_keys(ids)) do
            local old, new = before.resources[kind][id], after.resources[kind][id]
            if not same(kind, old, new) then
                list[#list + 1] = { kind = kind, id = id, before = old, after = new }
            end
        end
    end
    return list
end

local function words_of(difference)
    if not difference.before then return difference.id .. " was made" end
    if not difference.after then return difference.id .. " is gone" end
    local members = {}
    for _, name in ipairs(values.sorted_keys(values.with(difference.before, difference.after))) do
        if not values.equal(difference.before[name], difference.after[name]) then
            members[#members + 1] = name
        end
    end
    return difference.id .. " changed in " .. table.concat(members, ", ")
end

function compare.text(differences)
    local texts = {}
    for i, one in ipairs(differences) do texts[i] = words_of(one) end
    return table.concat(texts, "; ")
end

-- ---- whose a resource is ------------------------------------------------------------------

local function instance_of_attachment(resource)
    return ((resource or {}).Attachment or {}).InstanceId
end

local OWNER = {
    Instances = function(resource) return resource.InstanceId end,
    NetworkInterfaces = instance_of_attachment,
    Volumes = function(resource) return ((resource.Attachments or {})[1] or {}).InstanceId end,
    Attributes = function(resource) return resource.ResourceId end,
    Addresses = function(resource) return resource.InstanceId end,
    IamInstanceProfileAssociations = function(resource) return resource.InstanceId end,
}

local function belongs_to(difference, instances)
    local owner = OWNER[difference.kind]
    if not owner then return false end
    local before, after = difference.before, difference.after
    return instances[before and owner(before)] or instances[after and owner(after)] or false
end

-- Groups that are new may be carried only by whom they were made for, which the carriers tell.
local MAY_BE_NEW = { SecurityGroups = true, NetworkAcls = true, RouteTables = true }

-- The differences that are not of these instances (a set of ids).
function compare.elsewhere(differences, instances)
    local list = {}
    for _, one in ipairs(differences) do
        local new = not one.before and MAY_BE_NEW[one.kind]
        if not new and not belongs_to(one, instances) then list[#list + 1] = one end
    end
    return list
end

return compare
