-- facts_tags.lua - facts about tags.
--
-- Owns: the kind tag (of one resource, by key); what create_tags and delete_tags set, from the
-- before-state of advice_tags.lua. Pure. Tags that begin with "cordon:" are evidence: no facts.
local calls = require "calls"
local facts = require "facts"

local EVIDENCE = "^cordon:"

local tag = { together = true }

local function read_tags(id)
    return calls.ec2("describe_tags", { Filters = { calls.filter("resource-id", id) } })
end

function tag.attribute(fact) return "tag " .. fact.tag end

function tag.reads(fact) return { read_tags(fact.id) } end

function tag.value(fact, look)
    local result, state = look(read_tags(fact.id))
    if not result then return state end
    for _, one in ipairs(result.Tags or {}) do
        if one.ResourceId == fact.id and one.Key == fact.tag then
            return facts.state(one.Value or "")
        end
    end
    return facts.ABSENT
end

function tag.set(fact, _, wanted)
    local operation = wanted.absent and "delete_tags" or "create_tags"
    return { calls.ec2(operation, { Resources = { fact.id },
                                    Tags = { { Key = fact.tag, Value = wanted.value } } }) }
end

-- ---- mutations ----------------------------------------------------------------------------

local function old_state(found, id, key)
    if not found or not found.tags then return facts.unknown(found and found.unread) end
    for _, one in ipairs(found.tags) do
        if one.resource == id and one.key == key then return facts.state(one.value or "") end
    end
    return facts.ABSENT
end

local function each(call, visit)
    for _, id in ipairs(call.params.Resources or {}) do
        for _, one in ipairs(call.params.Tags or {}) do
            if one.Key and not one.Key:find(EVIDENCE) then visit(id, one.Key, one.Value) end
        end
    end
end

local create = { advised = true }

function create.facts(call, found)
    local list = {}
    each(call, function(id, key, value)
        list[#list + 1] = { kind = "tag", id = id, tag = key, before = old_state(found, id, key),
                            after = facts.state(value or "") }
    end)
    return list
end

local delete = { advised = true }

-- Without tags, all of the resource go, but AWS's own.
local function all_of(call, found)
    local list = {}
    local is_named = {}
    for _, id in ipairs(call.params.Resources or {}) do is_named[id] = true end
    for _, one in ipairs(found and found.tags or {}) do
        local is_kept = one.key:find(EVIDENCE) or one.key:find("^aws:")
        if is_named[one.resource] and not is_kept then
            list[#list + 1] = { kind = "tag", id = one.resource, tag = one.key,
                                before = facts.state(one.value or ""), after = facts.ABSENT }
        end
    end
    return list
end

function delete.facts(call, found)
    if #(call.params.Tags or {}) == 0 then return all_of(call, found) end
    local list = {}
    each(call, function(id, key, value)
        local before = old_state(found, id, key)
        -- A value that is given must be the tag's, else it stays.
        if value == nil or before.unknown or before.value == value then
            list[#list + 1] = { kind = "tag", id = id, tag = key, before = before,
                                after = facts.ABSENT }
        end
    end)
    return list
end

return { kinds = { tag = tag },
         mutations = { ["ec2.create_tags"] = create, ["ec2.delete_tags"] = delete } }
