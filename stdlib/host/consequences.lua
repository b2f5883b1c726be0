-- consequences.lua - what a rehearsed plan would do to connections.
--
-- Owns: comparing the copy of the VPC with the copy in which the plan was carried out:
-- reachability before and after, and the classes of flow that can outlive the isolation, with
-- the lever that closes each. Pure: it reads the two worlds of rehearsal.lua.
local forecast = require "survivors_forecast"
local reach = require "reach"
local rehearsal = require "rehearsal"

local consequences = {}

local function has_family(world, instance, prefix)
    for _, interface in pairs(world.resources.NetworkInterfaces or {}) do
        local attachment = interface.Attachment or {}
        if attachment.InstanceId == instance and #(interface[prefix] or {}) > 0 then return true end
    end
    return false
end

local function same_groups(a, b)
    local seen = {}
    for _, group in ipairs(a.Groups or {}) do seen[group.GroupId] = true end
    for _, group in ipairs(b.Groups or {}) do
        if not seen[group.GroupId] then return false end
    end
    return #(a.Groups or {}) == #(b.Groups or {})
end

-- Does the plan give some interface of the instance other groups?
local function cuts_by_groups(before, after, instance)
    for id, interface in pairs(before.resources.NetworkInterfaces or {}) do
        local later = (after.resources.NetworkInterfaces or {})[id]
        local mine = (interface.Attachment or {}).InstanceId == instance
        if mine and later and not same_groups(interface, later) then return true end
    end
    return false
end

local function reachability(before, after, instance)
    local change = reach.compare(before, after, instance)
    return { instance = instance, into_before = change.before.into, into_after = change.after.into,
             out_before = change.before.out, out_after = change.after.out }
end

-- 5, not 5.0, in sentences.
local function whole(seconds)
    return math.tointeger(seconds) or seconds
end

local function survivors_of(before, after, about, instance)
    if not cuts_by_groups(before, after, instance) then return {} end
    return forecast.list(before, {
        instance = instance, method = "groups", convert = about.convert, settle = whole(about.settle),
        families = { v4 = true, v6 = has_family(before, instance, "Ipv6Addresses") },
    })
end

-- {instances = {ids}, convert, settle}: {reach = {...}, survivors = {{text, lever, certainty}}}.
function consequences.of(about)
    local before, after = rehearsal.worlds()
    local result = { reach = {}, survivors = {} }
    for _, instance in ipairs(about.instances or {}) do
        if before.resources.Instances[instance] then
            result.reach[#result.reach + 1] = reachability(before, after, instance)
            for _, entry in ipairs(survivors_of(before, after, about, instance)) do
                result.survivors[#result.survivors + 1] =
                    { text = entry.text, lever = entry.lever, certainty = entry.certainty }
            end
        end
    end
    result.missing = rehearsal.missing()
    return result
end

return consequences
