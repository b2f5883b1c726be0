-- sim_queues.lua - the messages of simulated SQS queues.
--
-- Owns: which message can be received when: visibility, delays, retention, the order of FIFO
-- groups, deduplication, the dead-letter queue. Messages live in world.queues[url]; they are
-- changed in place (a fork has its own). It checks no request.
local sim_world = require "sim_world"
local values = require "sim_values"

local queues = {}

local SECOND = 1000000
local DEDUPLICATION_SECONDS = 300

function queues.number(queue, name)
    return math.tointeger(tonumber(queue.Attributes[name])) or 0
end

function queues.is_fifo(queue)
    return queue.Attributes.FifoQueue == "true"
end

function queues.state(world, url)
    if not world.queues[url] then world.queues[url] = { list = {}, sequence = 0, recent = {} } end
    return world.queues[url]
end

-- ---- sending ------------------------------------------------------------------------------

local function forget_old(recent, now)
    for _, id in ipairs(values.sorted_keys(recent)) do
        if recent[id].at + DEDUPLICATION_SECONDS * SECOND <= now then recent[id] = nil end
    end
end

-- Puts a message in; the one that was sent before under the same deduplication id stands for it.
-- fields: body, group, dedup, delay (seconds), attributes.
function queues.send(world, queue, fields)
    local state = queues.state(world, queue.QueueUrl)
    if fields.dedup then
        forget_old(state.recent, world.now)
        local earlier = state.recent[fields.dedup]
        if earlier then return earlier end
    end
    state.sequence = state.sequence + 1
    local number = sim_world.random(world, math.maxinteger)
    local message = {
        id = ("%08x-%04x-4%03x-8%03x-%012x"):format(number & 0xffffffff, number >> 32 & 0xffff,
            state.sequence & 0xfff, number >> 48 & 0xfff, state.sequence),
        body = fields.body, attributes = fields.attributes, group = fields.group,
        dedup = fields.dedup, sent = world.now, received = 0,
        visible = world.now + fields.delay * SECOND,
        sequence = ("%020d"):format(18800000000000000 + state.sequence),
    }
    state.list[#state.list + 1] = message
    if fields.dedup then
        state.recent[fields.dedup] = { at = world.now, id = message.id,
                                       sequence = message.sequence }
    end
    return message
end

-- ---- receiving ----------------------------------------------------------------------------

local function drop_expired(world, queue, state)
    local oldest = world.now - queues.number(queue, "MessageRetentionPeriod") * SECOND
    local first = state.list[1]
    if not first or first.sent > oldest then return end
    state.list = values.without(state.list, function(message) return message.sent <= oldest end)
end

local function dead_letter_queue(world, queue)
    local policy = queue.Redrive
    if not policy then return nil end
    for _, url in ipairs(sim_world.all_ids(world, "Queues")) do
        local other = world.resources.Queues[url]
        if other.Attributes.QueueArn == policy.arn then return other, policy.most end
    end
    return nil
end

-- Moves a message that was received too often; true when it did.
local function redrive(world, queue, message)
    local dead, most = dead_letter_queue(world, queue)
    if not dead or message.received < most then return false end
    local moved = values.with(message, { handle = values.NONE, received = message.received,
                                         visible = world.now, source = queue.Attributes.QueueArn })
    table.insert(queues.state(world, dead.QueueUrl).list, moved)
    return true
end

-- Indices of what can be received now, at most `most`, and what goes to the dead-letter queue.
local function receivable(world, queue, state, most)
    local fifo, blocked, found, dead = queues.is_fifo(queue), {}, {}, { count = 0 }
    for i, message in ipairs(state.list) do
        if #found >= most then break end
        if message.visible > world.now then
            if fifo then blocked[message.group] = true end
        elseif not (fifo and blocked[message.group]) then
            if redrive(world, queue, message) then
                dead[message.id], dead.count = true, dead.count + 1
            else
                found[#found + 1] = i
            end
        end
    end
    return found, dead
end

-- Up to `most` messages, invisible from now for `timeout` seconds.
function queues.receive(world, queue, most, timeout)
    local state = queues.state(world, queue.QueueUrl)
    drop_expired(world, queue, state)
    local found, dead = receivable(world, queue, state, most)
    local list = {}
    for n, i in ipairs(found) do
        local message = state.list[i]
        message.received = message.received + 1
        message.first = message.first or world.now
        message.visible = world.now + timeout * SECOND
        message.handle = ("AQEB%016x%016x"):format(sim_world.random(world, math.maxinteger),
                                                   values.hash(message.id))
        list[n] = message
    end
    if dead.count > 0 then
        state.list = values.without(state.list, function(message) return dead[message.id] end)
    end
    return list
end

-- When the next message becomes visible, by `until_us` at the latest; nil when none does.
function queues.next_visible(world, queue, until_us)
    local best
    for _, message in ipairs(queues.state(world, queue.QueueUrl).list) do
        if message.visible > world.now and message.visible <= until_us then
            best = math.min(best or message.visible, message.visible)
        end
    end
    return best
end

-- ---- after receiving ----------------------------------------------------------------------

-- The message of a receipt handle and its position; nil when it is gone or the handle is old.
function queues.by_handle(world, queue, handle)
    return values.find(queues.state(world, queue.QueueUrl).list, "handle", handle)
end

function queues.is_handle(handle)
    return type(handle) == "string" and handle:find("^AQEB%x+$") ~= nil and #handle == 36
end

function queues.delete(world, queue, at)
    table.remove(queues.state(world, queue.QueueUrl).list, at)
end

function queues.purge(world, queue)
    queues.state(world, queue.QueueUrl).list = {}
end

-- visible, in flight, delayed.
function queues.counts(world, queue)
    local visible, flying, delayed = 0, 0, 0
    local state = queues.state(world, queue.QueueUrl)
    drop_expired(world, queue, state)
    for _, message in ipairs(state.list) do
        if message.visible <= world.now then
            visible = visible + 1
        elseif message.received > 0 then
            flying = flying + 1
        else
            delayed = delayed + 1
        end
    end
    return visible, flying, delayed
end

return queues
