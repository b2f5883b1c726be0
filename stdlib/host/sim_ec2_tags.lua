-- sim_ec2_tags.lua - CreateTags and DeleteTags, on every kind that has tags.
local access = require "sim_access"
local errors = require "sim_errors"
local kinds = require "sim_kinds"
local sim_world = require "sim_world"

local operations = {}

-- The resources named, or EC2's refusal before anything is changed.
local function named(world, params)
    access.need(params, "Resources")
    local list = {}
    for i, id in ipairs(params.Resources) do
        local kind = kinds.of_id(id)
        if not kind then errors.raise("InvalidID", "The ID '%s' is not valid", tostring(id)) end
        list[i] = { kind = kind, resource = access.get(world, kind.name, id) }
    end
    return list
end

local function set_tags(world, item, tags)
    sim_world.change(world, item.kind.name, item.resource[item.kind.id],
                     { [item.kind.tags] = tags })
end

function operations.create_tags(world, params)
    access.need(params, "Resources", "Tags")
    access.check_tags(params.Tags)
    for _, item in ipairs(named(world, params)) do
        set_tags(world, item, access.merged_tags(world, item.resource[item.kind.tags], params.Tags))
    end
    return {}
end

-- A tag goes when its key is named without a value, or with the value it has. Without Tags all
-- go but AWS's own.
local function stays(tag, tags)
    if tag.Key:sub(1, 4) == "aws:" then return true end
    if not tags or #tags == 0 then return false end
    for _, named_tag in ipairs(tags) do
        if named_tag.Key == tag.Key and (named_tag.Value == nil
                                         or named_tag.Value == tag.Value) then
            return false
        end
    end
    return true
end

function operations.delete_tags(world, params)
    for _, tag in ipairs(params.Tags or {}) do
        if (tag.Key or ""):sub(1, 4) == "aws:" then
            errors.invalid("Tag keys starting with 'aws:' are reserved for internal use")
        end
    end
    for _, item in ipairs(named(world, params)) do
        local kept = {}
        for _, tag in ipairs(item.resource[item.kind.tags] or {}) do
            if stays(tag, params.Tags) then kept[#kept + 1] = tag end
        end
        set_tags(world, item, kept)
    end
    return {}
end

return operations
