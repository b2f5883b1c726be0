-- advice_tags.lua - advice on tags.
--
-- Owns: the rows of create_tags and delete_tags. Pure. cordon's own tags ("cordon:...") are
-- evidence: they are kept, undo never touches them.
local calls = require "calls"

local EVIDENCE = "^cordon:"

local function is_evidence(tags)
    if #tags == 0 then return false end
    for _, tag in ipairs(tags) do
        if not tag.Key:find(EVIDENCE) then return false end
    end
    return true
end

-- The tags that a call names; one without a key is AWS's to refuse.
local function tags_of(call)
    local tags = {}
    for _, tag in ipairs(call.params.Tags or {}) do
        if tag.Key then tags[#tags + 1] = tag end
    end
    return tags
end

local function resources_of(call) return call.params.Resources or {} end

-- The resources whose tags can be read: planned ones have none.
local function readable(call)
    local ids = {}
    for _, id in ipairs(resources_of(call)) do
        if not calls.is_planned(id) then ids[#ids + 1] = id end
    end
    return ids
end

local function reads(call)
    local ids, keys = readable(call), {}
    for _, tag in ipairs(tags_of(call)) do keys[#keys + 1] = tag.Key end
    if #ids == 0 or is_evidence(tags_of(call)) then return {} end
    local filters = { { Name = "resource-id", Values = ids } }
    -- Without tags, delete_tags takes every tag of the resource.
    if #keys > 0 then filters[2] = { Name = "key", Values = keys } end
    return { calls.ec2("describe_tags", { Filters = filters }) }
end

local function before(call, answers)
    if is_evidence(tags_of(call)) or #readable(call) == 0 then return { tags = {} } end
    local value, why = calls.answered(answers, 1)
    if not value then return { unread = why } end
    local list = {}
    for _, tag in ipairs(value.Tags or {}) do
        list[#list + 1] = { resource = tag.ResourceId, key = tag.Key, value = tag.Value }
    end
    return { tags = list }
end

local function old_value(state, resource, key)
    for _, tag in ipairs(state.tags) do
        if tag.resource == resource and tag.key == key then return tag.value end
    end
    return nil
end

local function not_known(state)
    return { class = "irreversible", calls = {},
             note = "the tags could not be read before: " .. (state.unread or "not asked for") }
end

-- Old values are written back, new keys are deleted; evidence among them stays.
local function restore(call, state)
    local list = {}
    for _, resource in ipairs(resources_of(call)) do
        local old, new = {}, {}
        for _, tag in ipairs(tags_of(call)) do
            local value = old_value(state, resource, tag.Key)
            local list_of_its_kind = value and old or new
            if not tag.Key:find(EVIDENCE) then
                list_of_its_kind[#list_of_its_kind + 1] = { Key = tag.Key,
                                                            Value = value or tag.Value }
            end
        end
        if #old > 0 then
            list[#list + 1] = calls.ec2("create_tags", { Resources = { resource }, Tags = old })
        end
        if #new > 0 then
            list[#list + 1] = calls.ec2("delete_tags", { Resources = { resource }, Tags = new })
        end
    end
    return list
end

local create = { reads = reads, before = before }

function create.inverse(call, state)
    if is_evidence(tags_of(call)) then
        return { class = "kept", calls = {}, note = "evidence: undo leaves these tags" }
    end
    if not state.tags then return not_known(state) end
    return { class = "inverted", calls = restore(call, state), note = "restores the tags" }
end

function create.diff(call, state)
    local lines = {}
    for _, resource in ipairs(resources_of(call)) do
        for _, tag in ipairs(tags_of(call)) do
            local old = state.tags and old_value(state, resource, tag.Key)
            lines[#lines + 1] = { sign = old and "~" or "+", subject = resource,
                                  attribute = "tag " .. tag.Key, before = old,
                                  after = tag.Value or "" }
        end
    end
    return #lines > 0 and lines or nil
end

function create.hits(call)
    return { target = resources_of(call), others = {} }
end

local delete = { reads = reads, before = before, hits = create.hits }

local function removed(call, state, resource)
    local list, named = {}, {}
    for _, tag in ipairs(tags_of(call)) do named[tag.Key] = true end
    for _, tag in ipairs(state.tags) do
        if tag.resource == resource and (next(named) == nil or named[tag.key]) then
            list[#list + 1] = { Key = tag.key, Value = tag.value }
        end
    end
    return list
end

function delete.inverse(call, state)
    if is_evidence(tags_of(call)) then
        return { class = "irreversible", calls = {}, note = "these tags are evidence" }
    end
    if not state.tags then return not_known(state) end
    local list = {}
    for _, resource in ipairs(resources_of(call)) do
        local tags = removed(call, state, resource)
        if #tags > 0 then
            list[#list + 1] = calls.ec2("create_tags", { Resources = { resource }, Tags = tags })
        end
    end
    return { class = "inverted", calls = list, note = "restores the tags" }
end

function delete.diff(call, state)
    local lines = {}
    for _, resource in ipairs(resources_of(call)) do
        for _, tag in ipairs(tags_of(call)) do
            lines[#lines + 1] = { sign = "-", subject = resource, attribute = "tag " .. tag.Key,
                                  before = state.tags and old_value(state, resource, tag.Key)
                                           or tag.Value }
        end
    end
    return #lines > 0 and lines or nil
end

local function fate_reads(call)
    return { calls.ec2("describe_tags", { Filters = { { Name = "resource-id",
                                                        Values = resources_of(call) } } }) }
end

function create.fate(call, answers)
    local value = calls.answered(answers, 1)
    if not value then return calls.fate(nil) end
    local now = {}
    for _, tag in ipairs(value.Tags or {}) do
        now[tag.ResourceId .. "\0" .. tag.Key] = tag.Value
    end
    for _, resource in ipairs(resources_of(call)) do
        for _, tag in ipairs(tags_of(call)) do
            if now[resource .. "\0" .. tag.Key] ~= (tag.Value or "") then return calls.fate(false) end
        end
    end
    return calls.fate(true)
end

create.fate_reads = fate_reads

return { ["ec2.create_tags"] = create, ["ec2.delete_tags"] = delete }
