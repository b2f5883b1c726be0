-- sim_sqs_queues.lua - SQS: making, naming and setting queues.
local errors = require "sim_errors"
local queues = require "sim_queues"
local sim_world = require "sim_world"
local values = require "sim_values"

local sqs_queues = { operations = {} }
local operations = sqs_queues.operations

local SECOND = 1000000

local DEFAULTS = { DelaySeconds = "0", MaximumMessageSize = "262144", VisibilityTimeout = "30",
                   MessageRetentionPeriod = "345600", ReceiveMessageWaitTimeSeconds = "0" }

local RANGES = { DelaySeconds = { 0, 900 }, MaximumMessageSize = { 1024, 1048576 },
                 VisibilityTimeout = { 0, 43200 }, MessageRetentionPeriod = { 60, 1209600 },
                 ReceiveMessageWaitTimeSeconds = { 0, 20 } }

local PLAIN = { Policy = true, RedrivePolicy = true, RedriveAllowPolicy = true, FifoQueue = true,
                ContentBasedDeduplication = true, DeduplicationScope = true,
                FifoThroughputLimit = true,
                KmsMasterKeyId = true, KmsDataKeyReusePeriodSeconds = true,
                SqsManagedSseEnabled = true }

-- An error with the name that the JSON protocol gives it beside the older code.
function sqs_queues.raise(code, shape, message)
    local failure = errors.make(code, message)
    failure.shape = shape
    error(failure, 0)
end

function sqs_queues.invalid(message, ...)
    if select("#", ...) > 0 then message = message:format(...) end
    sqs_queues.raise("InvalidParameterValue", "InvalidParameterValueException", message)
end

-- The queue that a request names by its URL, whatever host the URL has.
function sqs_queues.named(world, params)
    if not params.QueueUrl then
        sqs_queues.raise("MissingParameter", "MissingParameter",
                         "The request must contain the parameter QueueUrl.")
    end
    local queue = world.resources.Queues[params.QueueUrl]
    if not queue then
        local account, name = params.QueueUrl:match("/(%d+)/([%w_%.%-]+)$")
        for _, url in ipairs(name and account == world.account
                             and sim_world.all_ids(world, "Queues") or {}) do
            if world.resources.Queues[url].Name == name then queue = world.resources.Queues[url] end
        end
    end
    if not queue then
        sqs_queues.raise("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist",
                         "The specified queue does not exist.")
    end
    return queue
end

-- ---- attributes ---------------------------------------------------------------------------

local function check_attributes(attributes)
    for name, value in pairs(attributes) do
        local range, number = RANGES[name], math.tointeger(tonumber(value))
        if range and (not number or number < range[1] or number > range[2]) then
            sqs_queues.raise("InvalidAttributeValue", "InvalidAttributeValue",
                             "Invalid value for the parameter " .. name .. ".")
        elseif not range and not PLAIN[name] then
            sqs_queues.raise("InvalidAttributeName", "InvalidAttributeName",
                             "Unknown Attribute " .. name .. ".")
        end
    end
end

-- {arn, most} of a RedrivePolicy, or the refusal. The policy is JSON; two members matter.
local function redrive_of(text)
    if not text or text == "" then return nil end
    local arn = text:match('"deadLetterTargetArn"%s*:%s*"([^"]+)"')
    local most = text:match('"maxReceiveCount"%s*:%s*"?(%d+)"?')
    if not arn or not most or tonumber(most) < 1 or tonumber(most) > 1000 then
        sqs_queues.raise("InvalidParameterValue", "InvalidAttributeValue",
            "Value " .. text
                .. " for parameter RedrivePolicy is invalid. Reason: Redrive policy does "
            .. "not contain mandatory attributes.")
    end
    return { arn = arn, most = math.tointeger(tonumber(most)) }
end

local function with_attributes(queue, attributes)
    check_attributes(attributes)
    local all = values.with(queue.Attributes, attributes)
    -- A policy or a key that is set to nothing is taken away.
    for name in pairs(attributes) do
        if all[name] == "" then all[name] = nil end
    end
    return values.with(queue, { Attributes = all,
                                Redrive = redrive_of(all.RedrivePolicy) or values.NONE })
end

local FIFO_NAME = "The name of a FIFO queue can only include alphanumeric characters, hyphens, "
    .. "or underscores, must end with .fifo suffix and be 1 to 80 in length."

local function check_name(name, attributes)
    local base = name:match("^(.*)%.fifo$")
    if #name > 80 or not (base or name):find("^[%w_%-]+$") then
        sqs_queues.invalid("Can only include alphanumeric characters, hyphens, or underscores. "
                           .. "1 to 80 in length")
    elseif base and attributes.FifoQueue ~= "true" then
        sqs_queues.invalid("The queue name can end in .fifo only for a FIFO queue")
    elseif not base and attributes.FifoQueue == "true" then
        sqs_queues.invalid(FIFO_NAME)
    end
end

function operations.create_queue(world, params)
    local name, attributes = params.QueueName, params.Attributes or {}
    if not name then
        sqs_queues.raise("MissingParameter", "MissingParameter",
                         "The request must contain the parameter QueueName.")
    end
    check_name(name, attributes)
    local url = ("https://sqs.%s.amazonaws.com/%s/%s"):format(world.region, world.account, name)
    local time = tostring(world.now // 1000000)
    local queue = with_attributes({ QueueUrl = url, Name = name, Tags = params.tags or {},
        Attributes = values.with(DEFAULTS, { CreatedTimestamp = time, LastModifiedTimestamp = time,
            SqsManagedSseEnabled = "true",
            QueueArn = ("arn:aws:sqs:%s:%s:%s"):format(world.region, world.account,
                                                       name) }) }, attributes)
    local gone = world.resources.Attributes[url]
    if gone and world.now - gone.DeletedAt < 60 * SECOND then
        sqs_queues.raise("AWS.SimpleQueueService.QueueDeletedRecently", "QueueDeletedRecently",
                         "You must wait 60 seconds after deleting a queue before you can create "
                         .. "another with the same name.")
    end
    local earlier = world.resources.Queues[url]
    for attribute, value in pairs(earlier and attributes or {}) do
        if earlier.Attributes[attribute] ~= value then
            sqs_queues.raise("QueueAlreadyExists", "QueueNameExists",
                             "A queue already exists with the "
                             .. "same name and a different value for attribute " .. attribute)
        end
    end
    if not earlier then sim_world.put(world, "Queues", queue) end
    return { QueueUrl = url }
end

function operations.delete_queue(world, params)
    local queue = sqs_queues.named(world, params)
    sim_world.remove(world, "Queues", queue.QueueUrl)
    world.queues[queue.QueueUrl] = nil
    sim_world.put(world, "Attributes", { ResourceId = queue.QueueUrl, DeletedAt = world.now })
    return {}
end

function operations.get_queue_url(world, params)
    for _, url in ipairs(sim_world.all_ids(world, "Queues")) do
        if world.resources.Queues[url].Name == params.QueueName then return { QueueUrl = url } end
    end
    sqs_queues.raise("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist",
                     "The specified queue does not exist.")
end

function operations.list_queues(world, params)
    local urls, prefix = {}, params.QueueNamePrefix or ""
    for _, url in ipairs(sim_world.all_ids(world, "Queues")) do
        if world.resources.Queues[url].Name:sub(1, #prefix) == prefix then urls[#urls + 1] = url end
    end
    return { QueueUrls = #urls > 0 and urls or nil }
end

function operations.list_dead_letter_source_queues(world, params)
    local dead, urls = sqs_queues.named(world, params), {}
    for _, url in ipairs(sim_world.all_ids(world, "Queues")) do
        local redrive = world.resources.Queues[url].Redrive
        if redrive and redrive.arn == dead.Attributes.QueueArn then urls[#urls + 1] = url end
    end
    return { queueUrls = urls }
end

function operations.set_queue_attributes(world, params)
    local queue = sqs_queues.named(world, params)
    local changed = with_attributes(queue, params.Attributes or {})
    changed.Attributes = values.with(changed.Attributes,
                                     { LastModifiedTimestamp = tostring(world.now // 1000000) })
    sim_world.put(world, "Queues", changed)
    return {}
end

function operations.get_queue_attributes(world, params)
    local queue = sqs_queues.named(world, params)
    local all = values.shallow(queue.Attributes)
    local visible, flying, delayed = queues.counts(world, queue)
    all.ApproximateNumberOfMessages = tostring(visible)
    all.ApproximateNumberOfMessagesNotVisible = tostring(flying)
    all.ApproximateNumberOfMessagesDelayed = tostring(delayed)
    local wanted, out = params.AttributeNames or {}, {}
    for name, value in pairs(all) do
        if values.contains(wanted, "All") or values.contains(wanted, name) then
            out[name] = value
        end
    end
    for _, name in ipairs(wanted) do
        if name ~= "All" and not all[name] and not PLAIN[name] then
            sqs_queues.raise("InvalidAttributeName", "InvalidAttributeName", "Unknown Attribute "
                             .. name .. ".")
        end
    end
    return { Attributes = next(out) and out or nil }
end

function operations.purge_queue(world, params)
    local queue = sqs_queues.named(world, params)
    if queue.PurgedAt and world.now - queue.PurgedAt < 60 * SECOND then
        sqs_queues.raise("AWS.SimpleQueueService.PurgeQueueInProgress", "PurgeQueueInProgress",
            ("Only one PurgeQueue operation on %s is allowed every 60 seconds."):format(queue.Name))
    end
    queues.purge(world, queue)
    sim_world.change(world, "Queues", queue.QueueUrl, { PurgedAt = world.now })
    return {}
end

function operations.tag_queue(world, params)
    local queue = sqs_queues.named(world, params)
    sim_world.change(world, "Queues", queue.QueueUrl,
                     { Tags = values.with(queue.Tags, params.Tags or {}) })
    return {}
end

function operations.untag_queue(world, params)
    local queue, gone = sqs_queues.named(world, params), {}
    for _, key in ipairs(params.TagKeys or {}) do gone[key] = values.NONE end
    sim_world.change(world, "Queues", queue.QueueUrl, { Tags = values.with(queue.Tags, gone) })
    return {}
end

function operations.list_queue_tags(world, params)
    local tags = sqs_queues.named(world, params).Tags
    return { Tags = next(tags) and tags or nil }
end

return sqs_queues
