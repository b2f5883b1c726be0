-- facts_queues.lua - facts about SQS queues: attributes and tags.
--
-- Owns: the kinds queue.attribute and queue.tag; what the calls on queues and messages set. What
-- is done to messages has no way back. Pure.
local calls = require "calls"
local facts = require "facts"

local function sqs(operation, params)
    return { service = "sqs", operation = operation, params = params }
end

-- ---- attributes ---------------------------------------------------------------------------

local attribute = {}

local function read_attributes(url)
    return sqs("get_queue_attributes", { QueueUrl = url, AttributeNames = { "All" } })
end

function attribute.attribute(fact) return "attribute " .. fact.name end

function attribute.reads(fact) return { read_attributes(fact.id) } end

-- One that is set to "" is taken away.
local function stated(text)
    return facts.state(text ~= "" and text or nil)
end

function attribute.value(fact, look)
    local result, state = look(read_attributes(fact.id))
    if not result then return state end
    return stated((result.Attributes or {})[fact.name])
end

function attribute.set(fact, _, wanted)
    return { sqs("set_queue_attributes",
                 { QueueUrl = fact.id, Attributes = { [fact.name] = wanted.value or "" } }) }
end

local set_attributes = { knows = { "QueueUrl", "Attributes" }, note = "sets the attributes back" }

function set_attributes.facts(call)
    local list = {}
    for _, name in ipairs(calls.sorted_keys(call.params.Attributes or {})) do
        list[#list + 1] = { kind = "queue.attribute", id = call.params.QueueUrl, name = name,
                            after = stated(call.params.Attributes[name]) }
    end
    return list
end

function set_attributes.understands(call) return call.params.QueueUrl ~= nil end

-- ---- tags ---------------------------------------------------------------------------------

local tag = {}

local function read_tags(url) return sqs("list_queue_tags", { QueueUrl = url }) end

function tag.attribute(fact) return "tag " .. fact.tag end

function tag.reads(fact) return { read_tags(fact.id) } end

function tag.value(fact, look)
    local result, state = look(read_tags(fact.id))
    if not result then return state end
    return facts.state((result.Tags or {})[fact.tag])
end

function tag.set(fact, _, wanted)
    if wanted.absent then
        return { sqs("untag_queue", { QueueUrl = fact.id, TagKeys = { fact.tag } }) }
    end
    return { sqs("tag_queue", { QueueUrl = fact.id, Tags = { [fact.tag] = wanted.value } }) }
end

local function understands(call) return call.params.QueueUrl ~= nil end

local tag_queue = { knows = { "QueueUrl", "Tags" }, understands = understands,
                    note = "restores the tags" }

function tag_queue.facts(call)
    local list = {}
    for _, key in ipairs(calls.sorted_keys(call.params.Tags or {})) do
        list[#list + 1] = { kind = "queue.tag", id = call.params.QueueUrl, tag = key,
                            after = facts.state(call.params.Tags[key]) }
    end
    return list
end

local untag_queue = { knows = { "QueueUrl", "TagKeys" }, understands = understands,
                      note = "restores the tags" }

function untag_queue.facts(call)
    local list = {}
    for i, key in ipairs(call.params.TagKeys or {}) do
        list[i] = { kind = "queue.tag", id = call.params.QueueUrl, tag = key,
                    after = facts.ABSENT }
    end
    return list
end

-- ---- messages -----------------------------------------------------------------------------

local function no_way_back(why)
    return { facts = function() return {} end, lost = function() return why end }
end

local sent = "a message that was sent may have been received by now"
local received = "a message that was received stays hidden from others for a while, and the count "
    .. "of its receptions stays"
local deleted = "a deleted message is gone for good"
local hidden = "how long the message would have been hidden is not told"

local mutations = {
    ["sqs.set_queue_attributes"] = set_attributes,
    ["sqs.tag_queue"] = tag_queue, ["sqs.untag_queue"] = untag_queue,
    ["sqs.purge_queue"] = no_way_back "purged messages are gone for good",
    ["sqs.receive_message"] = no_way_back(received),
}
for suffix in pairs { [""] = true, _batch = true } do
    mutations["sqs.send_message" .. suffix] = no_way_back(sent)
    mutations["sqs.delete_message" .. suffix] = no_way_back(deleted)
    mutations["sqs.change_message_visibility" .. suffix] = no_way_back(hidden)
end

return { kinds = { ["queue.attribute"] = attribute, ["queue.tag"] = tag }, mutations = mutations }
