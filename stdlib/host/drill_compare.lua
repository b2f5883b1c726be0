-- drill_compare.lua - two states of a world side by side.
--
-- Owns: what counts as a difference. Evidence stays by design (tags whose key begins with
-- "cordon:", snapshots), so do an Auto Scaling group's list of activities and states that pass by
-- themselves, and neither the id of a rule nor that of an association is part of what it is. Pure.
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

-- A time-out that was set to AWS's default is the default: it cannot be unset.
local DEFAULTS = { TcpEstablishedTimeout = 432000, UdpTimeout = 30, UdpStreamTimeout = 180 }

local function own_timeouts(interface)
    local set = {}
    for name, seconds in pairs(interface.ConnectionTrackingConfiguration or {}) do
        if seconds ~= DEFAULTS[name] then set[name] = seconds end
    end
    return values.with(interface, {
        ConnectionTrackingConfiguration = next(set) and set or values.NONE })
end

local NORMAL = { NetworkInterfaces = own_timeouts }

-- An instance shows its interfaces.
function NORMAL.Instances(instance)
    local list = {}
    for i, interface in ipairs(instance.NetworkInterfaces or {}) do
        list[i] = own_timeouts(interface)
    end
    return values.with(instance, { NetworkInterfaces = list })
end

-- AWS names associations anew each time, and lists them, and routes, in no order.
local RENAMED = { AssociationId = true, NetworkAclAssociationId = true,
                  RouteTableAssociationId = true }

local function plain(value, member)
    if type(value) ~= "table" then return value end
    local copy = {}
    for key, inner in pairs(value) do
        if not RENAMED[key] then copy[key] = plain(inner, key) end
    end
    if member ~= "Associations" and member ~= "Routes" then return copy end
    for i, one in ipairs(copy) do copy[i] = values.signature(one) end
    table.sort(copy)
    return copy
end

local function comparable(kind, resource)
    resource = own_tags(resource, kinds[kind].tags)
    return plain(NORMAL[kind] and NORMAL[kind](resource) or resource)
end

local function same(kind, before, after)
    if before == after then return true end
    if not before or not after then return false end
    return values.equal(comparable(kind, before), comparable(kind, after))
end

-- Associations that are resources of their own, by what they are about.
local KEYS = { IamInstanceProfileAssociations = "InstanceId" }

local function by_key(kind, resources)
    if not KEYS[kind] then return resources end
    local map = {}
    for _, resource in pairs(resources) do map[resource[KEYS[kind]]] = resource end
    return map
end

-- Every difference as {kind, id, before, after}; a group's rules are part of the group.
function compare.differences(before, after)
    local list = {}
    for _, kind in ipairs(kinds.names) do
        local ids, old, new = {}, {}, {}
        if not IGNORED[kind] and before.resources[kind] ~= after.resources[kind] then
            old, new = by_key(kind, before.resources[kind]), by_key(kind, after.resources[kind])
            for id in pairs(old) do ids[id] = true end
            for id in pairs(new) do ids[id] = true end
        end
        for _, id in ipairs(values.sorted_keys(ids)) do
            if not same(kind, old[id], new[id]) then
                list[#list + 1] = { kind = kind, id = id, before = old[id], after = new[id] }
            end
        end
    end
    return list
end

local function words_of(difference)
    if not difference.before then return difference.id .. " was made" end
    if not difference.after then return difference.id .. " is gone" end
    local members = {}
    local before = comparable(difference.kind, difference.before)
    local after = comparable(difference.kind, difference.after)
    for _, name in ipairs(values.sorted_keys(values.with(before, after))) do
        if not values.equal(before[name], after[name]) then
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
