-- sim_sqs.lua - SQS: sending, receiving, deleting, visibility; one by one and in batches.
--
-- Owns: the checks of requests and the answers. A receive that waits moves the simulated clock
-- to the moment when a message is there or the wait is over; with call.can_wait == false (a
-- server that must not) it answers at once, and the answer's `wait_until` (microseconds of
-- simulated time) says how long to go on asking.
local md5 = require "sim_md5"
local queues = require "sim_queues"
local sim_clock = require "sim_clock"
local sqs_queues = require "sim_sqs_queues"
local values = require "sim_values"

local sqs = { operations = sqs_queues.operations }
local operations, raise, invalid, named = sqs.operations, sqs_queues.raise, sqs_queues.invalid,
                                          sqs_queues.named

local SECOND = 1000000
local MOST_INVISIBLE = 43200

-- ---- message attributes -------------------------------------------------------------------

local function sized(text) return (">I4"):pack(#text) .. text end

-- MD5 as SQS defines it for message attributes; nil for none. Binary values are raw here.
local function attributes_md5(attributes)
    if not attributes or not next(attributes) then return nil end
    local parts = {}
    for _, name in ipairs(values.sorted_keys(attributes)) do
        local one = attributes[name]
        local binary = (one.DataType or ""):find("^Binary") ~= nil
        parts[#parts + 1] = sized(name) .. sized(one.DataType or "") .. (binary and "\2" or "\1")
            .. sized((binary and one.BinaryValue or one.StringValue) or "")
    end
    return md5.hex(table.concat(parts))
end

-- ---- sending ------------------------------------------------------------------------------

local function check_body(queue, body)
    if not body or body == "" then
        raise("MissingParameter", "MissingParameter",
              "The request must contain the parameter MessageBody.")
    end
    local most = queues.number(queue, "MaximumMessageSize")
    if #body > most then
        invalid("One or more parameters are invalid. Reason: Message must be shorter "
                .. "than %d bytes.", most)
    end
end

-- Group and deduplication id; a FIFO queue needs both.
local function fifo_fields(queue, params)
    if not queues.is_fifo(queue) then
        if params.MessageDeduplicationId then
            invalid("Value %s for parameter MessageDeduplicationId is invalid. Reason: The request "
                    .. "includes a parameter that is not valid for this queue type.",
                    params.MessageDeduplicationId)
        end
        return params.MessageGroupId, nil
    end
    if not params.MessageGroupId then
        raise("MissingParameter", "MissingParameter",
              "The request must contain the parameter MessageGroupId.")
    elseif params.DelaySeconds and params.DelaySeconds ~= 0 then
        invalid("Value %d for parameter DelaySeconds is invalid. Reason: The request include "
                .. "parameter that is not valid for this queue type.", params.DelaySeconds)
    end
    local dedup = params.MessageDeduplicationId
    if not dedup and queue.Attributes.ContentBasedDeduplication == "true" then
        dedup = md5.hex(params.MessageBody)
    elseif not dedup then
        invalid("The queue should either have ContentBasedDeduplication enabled or "
                .. "MessageDeduplicationId provided explicitly")
    end
    return params.MessageGroupId, dedup
end

local function send(world, queue, params)
    check_body(queue, params.MessageBody)
    local delay = params.DelaySeconds or queues.number(queue, "DelaySeconds")
    if delay < 0 or delay > 900 then
        invalid("Value %d for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 "
                .. "and <= 900.", delay)
    end
    local group, dedup = fifo_fields(queue, params)
    local message = queues.send(world, queue, { body = params.MessageBody, group = group,
                                                dedup = dedup,
                                                delay = delay,
                                                attributes = params.MessageAttributes })
    return { MessageId = message.id, MD5OfMessageBody = md5.hex(params.MessageBody),
             MD5OfMessageAttributes = attributes_md5(params.MessageAttributes),
             SequenceNumber = queues.is_fifo(queue) and message.sequence or nil }
end

function operations.send_message(world, params)
    return send(world, named(world, params), params)
end

-- ---- receiving ----------------------------------------------------------------------------

local function milliseconds(us) return tostring(us // 1000) end

local SYSTEM = {
    SenderId = function() return "AIDASIMULATED0000RESP" end,
    SentTimestamp = function(message) return milliseconds(message.sent) end,
    ApproximateReceiveCount = function(message) return tostring(message.received) end,
    ApproximateFirstReceiveTimestamp = function(message) return milliseconds(message.first) end,
    MessageGroupId = function(message) return message.group end,
    MessageDeduplicationId = function(message) return message.dedup end,
    SequenceNumber = function(message, fifo) return fifo and message.sequence or nil end,
    DeadLetterQueueSourceArn = function(message) return message.source end,
}

local function system_attributes(message, wanted, fifo)
    local out = {}
    for name, get in pairs(SYSTEM) do
        if values.contains(wanted, "All") or values.contains(wanted, name) then
            out[name] = get(message, fifo)
        end
    end
    return next(out) and out or nil
end

local function wants(names, name)
    for _, wanted in ipairs(names or {}) do
        local prefix = wanted:match("^(.*)%.%*$")
        if wanted == "All" or wanted == ".*" or wanted == name
            or (prefix and name:sub(1, #prefix) == prefix) then
            return true
        end
    end
    return false
end

local function message_attributes(message, names)
    local out = {}
    for name, value in pairs(message.attributes or {}) do
        if wants(names, name) then out[name] = value end
    end
    return next(out) and out or nil
end

local function shown(message, params, fifo)
    local wanted = params.MessageSystemAttributeNames or params.AttributeNames
    local attributes = message_attributes(message, params.MessageAttributeNames)
    return { MessageId = message.id, ReceiptHandle = message.handle, Body = message.body,
             MD5OfBody = md5.hex(message.body),
             Attributes = system_attributes(message, wanted, fifo),
             MessageAttributes = attributes, MD5OfMessageAttributes = attributes_md5(attributes) }
end

local function check_range(name, value, least, most)
    if value < least or value > most then
        invalid("Value %d for parameter %s is invalid. Reason: Must be >= %d and <= %d, "
                .. "if provided.",
                value, name, least, most)
    end
    return value
end

-- Receives; when nothing is there, at the moments when something becomes visible.
local function receive_within(world, queue, most, timeout, until_us)
    local list = queues.receive(world, queue, most, timeout)
    while #list == 0 do
        local moment = queues.next_visible(world, queue, until_us)
        sim_clock.move_to(world, moment or until_us)
        if not moment then return list end
        list = queues.receive(world, queue, most, timeout)
    end
    return list
end

function operations.receive_message(world, params, call)
    local queue = named(world, params)
    local most = check_range("MaxNumberOfMessages", params.MaxNumberOfMessages or 1, 1, 10)
    local wait = check_range("WaitTimeSeconds", params.WaitTimeSeconds
                             or queues.number(queue, "ReceiveMessageWaitTimeSeconds"), 0, 20)
    local timeout = check_range("VisibilityTimeout", params.VisibilityTimeout
                                or queues.number(queue, "VisibilityTimeout"), 0, MOST_INVISIBLE)
    local until_us, list = world.now + wait * SECOND, nil
    if call.can_wait == false then
        list = queues.receive(world, queue, most, timeout)
        call.wait_until = #list == 0 and wait > 0 and until_us or nil
    else
        list = receive_within(world, queue, most, timeout, until_us)
    end
    if #list == 0 then return {} end
    for i, message in ipairs(list) do list[i] = shown(message, params, queues.is_fifo(queue)) end
    return { Messages = list }
end

-- ---- deleting, visibility -----------------------------------------------------------------

local function check_handle(handle)
    if not queues.is_handle(handle) then
        raise("ReceiptHandleIsInvalid", "ReceiptHandleIsInvalid",
              ('The input receipt handle "%s" is not a valid receipt handle.'):format(
                  tostring(handle)))
    end
end

-- Deleting again, or with an older handle, is no error on a standard queue.
local function delete(world, queue, params)
    check_handle(params.ReceiptHandle)
    local message, at = queues.by_handle(world, queue, params.ReceiptHandle)
    if message and queues.is_fifo(queue) and message.visible <= world.now then
        invalid("Value %s for parameter ReceiptHandle is invalid. Reason: The receipt handle "
                .. "has expired.",
                params.ReceiptHandle)
    end
    if message then queues.delete(world, queue, at) end
    return {}
end

function operations.delete_message(world, params)
    return delete(world, named(world, params), params)
end

local function change_visibility(world, queue, params)
    check_handle(params.ReceiptHandle)
    local seconds = params.VisibilityTimeout
    if not seconds then
        raise("MissingParameter", "MissingParameter",
              "The request must contain the parameter VisibilityTimeout.")
    end
    check_range("VisibilityTimeout", seconds, 0, MOST_INVISIBLE)
    local message = queues.by_handle(world, queue, params.ReceiptHandle)
    if not message or message.visible <= world.now then
        raise("AWS.SimpleQueueService.MessageNotInflight", "MessageNotInflight",
              "The message referred to is not in flight.")
    elseif world.now + seconds * SECOND - message.first > MOST_INVISIBLE * SECOND then
        invalid("Value %d for parameter VisibilityTimeout is invalid. Reason: Total "
                .. "VisibilityTimeout for the message is beyond the limit [%d seconds]", seconds,
                MOST_INVISIBLE)
    end
    message.visible = world.now + seconds * SECOND
    return {}
end

function operations.change_message_visibility(world, params)
    return change_visibility(world, named(world, params), params)
end

-- ---- batches ------------------------------------------------------------------------------

local function check_batch(entries)
    local code = "AWS.SimpleQueueService."
    if not entries or #entries == 0 then
        raise(code .. "EmptyBatchRequest", "EmptyBatchRequest",
              "There should be at least one entry in the request.")
    elseif #entries > 10 then
        raise(code .. "TooManyEntriesInBatchRequest", "TooManyEntriesInBatchRequest",
              ("Maximum number of entries per request are 10. You have sent %d."):format(#entries))
    end
    local seen = {}
    for _, entry in ipairs(entries) do
        if not tostring(entry.Id):find("^[%w_%-]+$") or #entry.Id > 80 then
            raise(code .. "InvalidBatchEntryId", "InvalidBatchEntryId",
                  "A batch entry id can only contain alphanumeric characters, hyphens and "
                  .. "underscores. It can be at most 80 letters long.")
        elseif seen[entry.Id] then
            raise(code .. "BatchEntryIdsNotDistinct", "BatchEntryIdsNotDistinct",
                  "Id " .. entry.Id .. " repeated.")
        end
        seen[entry.Id] = true
    end
end

-- One entry after the other; what fails is told in Failed, the rest is done.
local function batch(one)
    return function(world, params)
        local queue, done, failed = named(world, params), {}, {}
        check_batch(params.Entries)
        for _, entry in ipairs(params.Entries) do
            local ok, result = pcall(one, world, queue, entry)
            if ok then
                done[#done + 1] = values.with(result, { Id = entry.Id })
            elseif type(result) == "table" and result.code then
                failed[#failed + 1] = { Id = entry.Id, Code = result.code, Message = result.message,
                                        SenderFault = result.status < 500 }
            else
                error(result, 0)
            end
        end
        return { Successful = done, Failed = #failed > 0 and failed or nil }
    end
end

operations.send_message_batch = batch(send)
operations.delete_message_batch = batch(delete)
operations.change_message_visibility_batch = batch(change_visibility)

return sqs
