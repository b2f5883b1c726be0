-- sim_access.lua - finding what a request names, or refusing as EC2 does.
--
-- Owns: lookups that raise NotFound or Malformed, required parameters, tags in requests.
local errors = require "sim_errors"
local kinds = require "sim_kinds"
local values = require "sim_values"

local access = {}

function access.need(params, ...)
    for _, name in ipairs { ... } do
        local value = params[name]
        if value == nil or value == "" or (type(value) == "table" and next(value) == nil) then
            errors.missing(name)
        end
    end
end

local function malformed(kind, id)
    if kind.malformed == "InvalidParameterValue" then
        errors.invalid("Invalid value for %s: %s", kind.parameter, tostring(id))
    end
    errors.raise(kind.malformed, 'Invalid id: "%s" (expecting "%s-...")', tostring(id), kind.prefix)
end

local function missing(kind, ids)
    local code, one, many = table.unpack(kind.missing)
    if #ids > 1 and many then errors.raise(code, many, table.concat(ids, ", ")) end
    errors.raise(code, one, ids[1])
end

-- The resource, or EC2's refusal.
function access.get(world, kind_name, id)
    local found = world.resources[kind_name][id]
    if found then return found end
    local kind = kinds[kind_name]
    if not kinds.well_formed(kind, id) then malformed(kind, id) end
    missing(kind, { id })
end

-- Several, in the order named, each once.
function access.get_all(world, kind_name, ids)
    local kind, list, lost, seen = kinds[kind_name], {}, {}, {}
    for _, id in ipairs(ids) do
        local found = world.resources[kind_name][id]
        if not found and not kinds.well_formed(kind, id) then malformed(kind, id) end
        if not found then lost[#lost + 1] = id end
        if found and not seen[id] then list[#list + 1] = found end
        seen[id] = true
    end
    if #lost > 0 then missing(kind, lost) end
    return list
end

-- The resource whose id is in params[member], which must be given.
function access.named(world, kind_name, params, member)
    member = member or kinds[kind_name].id
    access.need(params, member)
    return access.get(world, kind_name, params[member])
end

-- ---- tags ---------------------------------------------------------------------------------

local function check_key(key)
    if type(key) ~= "string" or key == "" then
        errors.raise("InvalidTagKey.Malformed", "Tag keys cannot be empty")
    end
    if key:sub(1, 4):lower() == "aws:" then
        errors.invalid("Tag keys starting with 'aws:' are reserved for internal use")
    end
    if #key > 128 then
        errors.invalid("Tag key exceeds the maximum length of 128 characters")
    end
end

function access.check_tags(tags)
    local seen = {}
    for _, tag in ipairs(tags) do
        check_key(tag.Key)
        if utf8.len(tag.Value or "") and utf8.len(tag.Value or "") > 256 then
            errors.invalid("Tag value exceeds the maximum length of 256 characters")
        end
        if seen[tag.Key] then
            errors.invalid("Duplicate tag key '%s' specified.", tag.Key)
        end
        seen[tag.Key] = true
    end
end

-- `tags` with those of `more` set. Sorted by key, so that what was set twice is the same.
function access.merged_tags(world, tags, more)
    local by_key, list, user_tags = {}, {}, 0
    for _, tag in ipairs(tags or {}) do by_key[tag.Key] = tag end
    for _, tag in ipairs(more) do by_key[tag.Key] = { Key = tag.Key, Value = tag.Value or "" } end
    for _, key in ipairs(values.sorted_keys(by_key)) do
        list[#list + 1] = by_key[key]
        if key:sub(1, 4) ~= "aws:" then user_tags = user_tags + 1 end
    end
    if user_tags > world.quotas.tags then
        errors.raise("TagLimitExceeded", "More than %d tags specified", world.quotas.tags)
    end
    return list
end

-- The tags that a creation's TagSpecifications give to resources of `resource_type`.
function access.created_tags(world, params, resource_type)
    local tags = {}
    for _, specification in ipairs(params.TagSpecifications or {}) do
        if specification.ResourceType == resource_type then
            for _, tag in ipairs(specification.Tags or {}) do tags[#tags + 1] = tag end
        end
    end
    access.check_tags(tags)
    return access.merged_tags(world, {}, tags)
end

return access
