-- sim_sqs_test.lua - queues deliver as SQS does.
local check = require "check"
local helper = require "sim_helper"
local md5 = require "sim_md5"
local sim = require "sim"
local sim_clock = require "sim_clock"

local function call(w, operation, params) return helper.call(w, operation, params, "sqs") end
local function fails(w, operation, params, code, words)
    return helper.fails(w, operation, params, code, words, "sqs")
end

local function setup(attributes, name)
    local w = helper.new()
    return w, call(w, "create_queue", { QueueName = name or "q", Attributes = attributes }).QueueUrl
end

local function send(w, url, body, more)
    local params = { QueueUrl = url, MessageBody = body }
    for key, value in pairs(more or {}) do params[key] = value end
    return call(w, "send_message", params)
end

local function receive(w, url, more)
    local params = { QueueUrl = url, MaxNumberOfMessages = 10 }
    for key, value in pairs(more or {}) do params[key] = value end
    return call(w, "receive_message", params).Messages
end

local function bodies(messages)
    local list = {}
    for i, message in ipairs(messages or {}) do list[i] = message.Body end
    return table.concat(list, " ")
end

return {
    { "MD5 is MD5", function()
        local expected = { [""] = "d41d8cd98f00b204e9800998ecf8427e",
                           abc = "900150983cd24fb0d6963f7d28e17f72",
            ["message digest"] = "f96b697d7cb7938d525a2f31aaf161d0",
            ["12345678901234567890123456789012345678901234567890123456789012345678901234567890"] =
                "57edf4a22be3c955ac49da2e2107b67a" }
        for text, hex in pairs(expected) do check.equal(md5.hex(text), hex) end
        check.equal(#md5.hex(("x"):rep(55)) + #md5.hex(("x"):rep(56)) + #md5.hex(("x"):rep(64)), 96)
    end },
    { "a message is invisible while it is worked on, comes back, and goes when deleted", function()
        local w, url = setup()
        check.equal(receive(w, url), nil, "an empty receive has no Messages")
        local sent = send(w, url, "hello")
        local one = receive(w, url, { MessageSystemAttributeNames = { "All" } })[1]
        check.equal({ one.MessageId, one.MD5OfBody, one.Attributes.ApproximateReceiveCount },
                    { sent.MessageId, sent.MD5OfMessageBody, "1" })
        check.equal(receive(w, url), nil)
        sim_clock.advance(w.world, 31)
        local again = receive(w, url, { AttributeNames = { "ApproximateReceiveCount" } })[1]
        check.equal(again.Attributes, { ApproximateReceiveCount = "2" })
        check.ok(again.ReceiptHandle ~= one.ReceiptHandle)
        call(w, "delete_message", { QueueUrl = url, ReceiptHandle = one.ReceiptHandle })
        check.equal(call(w, "get_queue_attributes", { QueueUrl = url, AttributeNames = { "All" } })
            .Attributes.ApproximateNumberOfMessagesNotVisible, "1", "an old handle deletes nothing")
        call(w, "delete_message", { QueueUrl = url, ReceiptHandle = again.ReceiptHandle })
        call(w, "delete_message", { QueueUrl = url, ReceiptHandle = again.ReceiptHandle })
        sim_clock.advance(w.world, 31)
        check.equal(receive(w, url), nil)
        fails(w, "delete_message", { QueueUrl = url, ReceiptHandle = "junk" },
              "ReceiptHandleIsInvalid")
    end },
    { "visibility is extended and given back; twelve hours at most", function()
        local w, url = setup()
        send(w, url, "a")
        local handle = receive(w, url)[1].ReceiptHandle
        local function change(seconds)
            return { QueueUrl = url, ReceiptHandle = handle, VisibilityTimeout = seconds }
        end
        call(w, "change_message_visibility", change(100))
        sim_clock.advance(w.world, 60)
        check.equal(receive(w, url), nil)
        fails(w, "change_message_visibility", change(43200), "InvalidParameterValue",
              "beyond the limit")
        fails(w, "change_message_visibility", change(43201), "InvalidParameterValue")
        call(w, "change_message_visibility", change(0))
        fails(w, "change_message_visibility", change(10),
              "AWS.SimpleQueueService.MessageNotInflight")
        check.equal(bodies(receive(w, url)), "a")
    end },
    { "after too many receives a message goes to the dead-letter queue", function()
        local w, dead = setup(nil, "dead")
        local arn = call(w, "get_queue_attributes", { QueueUrl = dead,
                                                      AttributeNames = { "QueueArn" } }).Attributes.QueueArn
        local url = call(w, "create_queue", { QueueName = "q",
                                              Attributes = { VisibilityTimeout = "10",
            RedrivePolicy = ('{"deadLetterTargetArn":"%s","maxReceiveCount":"2"}'):format(arn) } }).QueueUrl
        send(w, url, "poison")
        for _ = 1, 2 do
            check.equal(bodies(receive(w, url)), "poison")
            sim_clock.advance(w.world, 11)
        end
        check.equal(receive(w, url), nil)
        check.equal(bodies(receive(w, dead)), "poison")
        check.equal(call(w, "list_dead_letter_source_queues", { QueueUrl = dead }).queueUrls,
                    { url })
        fails(w, "set_queue_attributes", { QueueUrl = url, Attributes = { RedrivePolicy = "{}" } },
              "InvalidParameterValue")
    end },
    { "a long poll waits in simulated time, until a message is there or the wait is over",
      function()
        local w, url = setup()
        local before = w.world.now
        check.equal(receive(w, url, { WaitTimeSeconds = 20 }), nil)
        check.equal(w.world.now - before, 20000000)
        send(w, url, "later", { DelaySeconds = 7 })
        check.equal(receive(w, url), nil)
        check.equal(bodies(receive(w, url, { WaitTimeSeconds = 20 })), "later")
        check.equal(w.world.now - before, 27000000)
        local answer = sim.answer(w.world, { service = "sqs", operation = "receive_message",
                                             can_wait = false,
                                             params = { QueueUrl = url, WaitTimeSeconds = 5 } })
        check.equal({ answer.value, answer.wait_until }, { {}, w.world.now + 5000000 })
    end },
    { "a FIFO queue keeps the order of a group, one run at a time, and drops repetitions",
      function()
        local w, url = setup({ FifoQueue = "true" }, "q.fifo")
        local function put(body, group, dedup)
            return send(w, url, body, { MessageGroupId = group, MessageDeduplicationId = dedup
                                        or body })
        end
        local first = put("a1", "a")
        check.equal(put("a1", "a").MessageId, first.MessageId)
        put("a2", "a")
        put("b1", "b")
        local one = receive(w, url, { MaxNumberOfMessages = 1,
                                      MessageSystemAttributeNames = { "All" } })[1]
        check.equal({ one.Body, one.Attributes.MessageGroupId }, { "a1", "a" })
        check.equal(bodies(receive(w, url)), "b1", "the group waits")
        call(w, "delete_message", { QueueUrl = url, ReceiptHandle = one.ReceiptHandle })
        check.equal(bodies(receive(w, url)), "a2")
        sim_clock.advance(w.world, 301)
        check.ok(put("a1", "a").MessageId ~= first.MessageId)
        fails(w, "send_message", { QueueUrl = url, MessageBody = "x" }, "MissingParameter",
              "MessageGroupId")
        fails(w, "send_message", { QueueUrl = url, MessageBody = "x", MessageGroupId = "a" },
              "InvalidParameterValue")
        fails(w, "create_queue", { QueueName = "x.fifo" }, "InvalidParameterValue")
    end },
    { "batches answer entry by entry", function()
        local w, url = setup()
        local sent = call(w, "send_message_batch", { QueueUrl = url, Entries = {
            { Id = "1", MessageBody = "one" }, { Id = "2", MessageBody = "two",
                                                 DelaySeconds = 901 },
            { Id = "3", MessageBody = "three" } } })
        check.equal({ #sent.Successful, sent.Failed[1].Id, sent.Failed[1].SenderFault },
                    { 2, "2", true })
        local entries = {}
        for i, message in ipairs(receive(w, url)) do
            entries[i] = { Id = "m" .. i, ReceiptHandle = i == 1 and "junk"
                           or message.ReceiptHandle }
        end
        local gone = call(w, "delete_message_batch", { QueueUrl = url, Entries = entries })
        check.equal({ #gone.Successful, gone.Failed[1].Code }, { 1, "ReceiptHandleIsInvalid" })
        local function refused(list, code)
            fails(w, "delete_message_batch", { QueueUrl = url, Entries = list }, code)
        end
        refused({ { Id = "a", ReceiptHandle = "x" }, { Id = "a", ReceiptHandle = "x" } },
                "AWS.SimpleQueueService.BatchEntryIdsNotDistinct")
        refused({ { Id = "a b", ReceiptHandle = "x" } },
                "AWS.SimpleQueueService.InvalidBatchEntryId")
        local many = {}
        for i = 1, 11 do many[i] = { Id = "m" .. i, ReceiptHandle = "x" } end
        refused(many, "AWS.SimpleQueueService.TooManyEntriesInBatchRequest")
    end },
    { "message attributes come with the digest that clients check", function()
        local w, url = setup()
        local sent = send(w, url, "x",
                          { MessageAttributes = { kind = { DataType = "String",
                                                           StringValue = "test" } } })
        check.equal(sent.MD5OfMessageAttributes,
                    md5.hex("\0\0\0\4kind\0\0\0\6String\1\0\0\0\4test"))
        local one = receive(w, url, { MessageAttributeNames = { "k.*", "ki*", "kind" },
                                      VisibilityTimeout = 0 })[1]
        check.equal(one.MessageAttributes.kind.StringValue, "test")
        check.equal(receive(w, url)[1].MessageAttributes, nil)
    end },
    { "queues: made once, found, listed, refused", function()
        local w, url = setup()
        check.equal(call(w, "create_queue", { QueueName = "q" }).QueueUrl, url)
        fails(w, "create_queue", { QueueName = "q", Attributes = { DelaySeconds = "5" } },
              "QueueAlreadyExists")
        fails(w, "create_queue", { QueueName = "a b" }, "InvalidParameterValue")
        fails(w, "create_queue", { QueueName = "r", Attributes = { Nothing = "1" } },
              "InvalidAttributeName")
        fails(w, "create_queue", { QueueName = "r", Attributes = { DelaySeconds = "901" } },
              "InvalidAttributeValue")
        check.equal(call(w, "get_queue_url", { QueueName = "q" }).QueueUrl, url)
        check.equal(call(w, "list_queues", { QueueNamePrefix = "q" }).QueueUrls, { url })
        check.equal(call(w, "list_queues", { QueueNamePrefix = "z" }), {})
        local local_url = "http://127.0.0.1:4566/111122223333/q"
        check.ok(send(w, local_url, "by another host").MessageId)
        call(w, "purge_queue", { QueueUrl = url })
        check.equal(receive(w, url), nil)
        call(w, "tag_queue", { QueueUrl = url, Tags = { a = "b" } })
        check.equal(call(w, "list_queue_tags", { QueueUrl = url }).Tags, { a = "b" })
        call(w, "delete_queue", { QueueUrl = url })
        local error = fails(w, "send_message", { QueueUrl = url, MessageBody = "x" },
                            "AWS.SimpleQueueService.NonExistentQueue")
        check.equal(error.shape, "QueueDoesNotExist")
    end },
    { "old messages go, a thousand are no burden", function()
        local w, url = setup { MessageRetentionPeriod = "60" }
        send(w, url, "old")
        sim_clock.advance(w.world, 61)
        check.equal(receive(w, url), nil)
        local started = os.clock()
        for i = 1, 1000 do send(w, url, "m" .. i) end
        local count = 0
        for _ = 1, 100 do count = count + #receive(w, url) end
        check.equal(count, 1000)
        check.ok(os.clock() - started < 3, "slow")
    end },
}
