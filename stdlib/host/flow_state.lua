-- flow_state.lua - one flow through time: its tracking entries, its packets, its state.
--
-- Owns: what a change of the rules or of the clock does to a connection that is open. It knows
-- verdicts (flow_verdict.lua), never the world. Between two of its own moments (`next_moment`)
-- and two verdicts nothing about a flow changes, so packets are counted, not replayed.
--
-- States: "alive"; "paused" (a NACL or a route stops it, it goes on when that is lifted in
-- time); "cut" (for good: one flow is one connection); "never possible" (it could not be
-- opened; an active one is tried again with each packet); "unknown" (and why).
local protocols = require "flow_protocols"
local texts = require "flow_texts"
local tracking = require "flow_tracking"

local state = {}

-- Linux retransmits for 924.6 s at least before it gives up (tcp_retries2 = 15). Other systems
-- give up sooner: a flow that is paused for longer counts as cut.
local TCP_GIVES_UP = 924600000
local SECOND = 1000000

-- The last packet at or before `now`, and the first one after it; nil for none.
local function last_tick(flow, now)
    if now < flow.started then return nil end
    if not flow.every then return flow.started end
    return flow.started + (now - flow.started) // flow.every * flow.every
end

local function next_tick(flow, now)
    if not flow.every then return nil end
    if now < flow.started then return flow.started end
    return flow.started + ((now - flow.started) // flow.every + 1) * flow.every
end

local function is_expired(flow, entry, side, now)
    if entry.expired then return "yes" end
    local early, late = tracking.death(flow.protocol, entry, side, flow.last_packet)
    if not early or now < early then return "no" end
    return now >= late and "yes" or "maybe"
end

-- What an interface does with a packet of an open flow: the answer and why.
local function untracked_answer(side)
    if side.open == "no" then return "no", texts.dropped(side) end
    if side.open == "maybe" then return "maybe", side.open_why end
    if side.reply == "yes" then return "yes" end
    return "maybe", texts.half_open(side)
end

local function expired_answer(flow, side)
    if side.open ~= "yes" then return side.open, texts.expired(side) end
    if flow.protocol == "tcp" then return "maybe", texts.midstream(side) end
    return "yes"
end

local function answer_at(flow, entry, side, now)
    if side.free then return "yes" end
    if entry.mode == "untracked" then return untracked_answer(side) end
    local expired = is_expired(flow, entry, side, now)
    if expired == "yes" then return expired_answer(flow, side) end
    if expired == "maybe" then
        local answer = expired_answer(flow, side)
        if answer ~= "yes" then return "maybe", texts.changed_timeouts(side) end
    end
    if entry.mode == "maybe" then
        local answer, why = untracked_answer(side)
        if answer ~= "yes" then return "maybe", side.always_why or why end
    end
    if protocols.is_icmp(flow.protocol) and not flow.every and side.open ~= "yes" then
        return "maybe", texts.icmp_timeout(side)
    end
    return "yes"
end

-- All interfaces together: the first "no" decides, else the first "maybe".
local function groups_answer(flow, now)
    local answer, why = "yes", nil
    for i, side in ipairs(flow.verdict.sides) do
        local here, reason = answer_at(flow, flow.entries[i], side, now)
        local both = protocols.both(answer, here)
        if both ~= answer then answer, why = both, reason end
    end
    return answer, why
end

local function set(flow, now, name, why)
    if flow.state == name and flow.why == why then return false end
    flow.state, flow.why = name, why
    flow.history[#flow.history + 1] = { at = now, state = name, why = why }
    return true
end

local function open_entries(flow, at)
    flow.open, flow.last_packet, flow.entries = true, at, {}
    flow.seen_as = flow.verdict.path.seen
    for i, side in ipairs(flow.verdict.sides) do flow.entries[i] = tracking.open(side, at) end
end

-- A verdict whose ends changed in number or place (a hole, another interface) starts with fresh
-- entries for the new ones: a packet that passes there makes them.
local function match_entries(flow)
    local kept = {}
    for i, side in ipairs(flow.verdict.sides) do
        for _, entry in ipairs(flow.entries) do
            if entry.id == side.id and entry.direction == side.direction then kept[i] = entry end
        end
        kept[i] = kept[i] or tracking.open(side, flow.last_packet)
    end
    flow.entries = kept
end

local function tag_entries(flow)
    for i, side in ipairs(flow.verdict.sides) do
        flow.entries[i].id, flow.entries[i].direction = side.id, side.direction
    end
end

local function cut(flow, now, why)
    flow.over = true
    return set(flow, now, "cut", why)
end

local function pause(flow, now, why)
    flow.paused_since = flow.paused_since or now
    local gives_up = flow.protocol == "tcp" and next_tick(flow, flow.paused_since)
    if gives_up and now >= gives_up + TCP_GIVES_UP then
        return cut(flow, now, texts.gave_up(why))
    end
    return set(flow, now, "paused", why)
end

-- A connection is over for good when an end is gone or its packets come from another address.
local function over_for_good(flow)
    local path = flow.verdict.path
    if path.gone or path.moved then return path.gone or path.moved end
    if path.answer == "yes" and path.seen ~= flow.seen_as then
        return texts.readdressed(path, flow.seen_as)
    end
    return nil
end

local function not_open(flow, now)
    local verdict = flow.verdict
    flow.pending = verdict.possible ~= "no" and flow.every ~= nil
    if verdict.possible == "no" or flow.state == nil or not flow.pending then
        local why = verdict.possible == "no" and verdict.why or texts.never_tried()
        return set(flow, now, "never possible", why)
    end
    return false
end

-- The state as of `now`, which is never before the last moment seen. True when it changed.
function state.settle(flow, now)
    local verdict = flow.verdict
    if flow.over then return false end
    if not flow.open then return not_open(flow, now) end
    local over = over_for_good(flow)
    if over then return cut(flow, now, over) end
    local answer, why = groups_answer(flow, now)
    for i, side in ipairs(verdict.sides) do
        if is_expired(flow, flow.entries[i], side, now) == "yes" then
            flow.entries[i].expired = true
        end
    end
    if answer == "no" then return cut(flow, now, why) end
    if answer == "maybe" then flow.doubt = flow.doubt or why end
    if verdict.path.answer == "no" then return pause(flow, now, verdict.path.why) end
    flow.paused_since, flow.blocked = nil, answer ~= "yes"
    local unsure = flow.doubt or (verdict.path.answer == "maybe" and verdict.path.why)
    if unsure then return set(flow, now, "unknown", unsure) end
    return set(flow, now, "alive", texts.alive(flow))
end

-- Does each packet of a flow come too late for the entry that the one before it made?
local function is_slow_udp(flow, side)
    return flow.protocol == "udp" and flow.every and flow.every > side.timeouts.udp * SECOND
end

-- What the rules make of one entry when they let a packet through.
local function renewed(flow, entry, side, first, last)
    if is_slow_udp(flow, side) then return tracking.open(side, last) end
    if entry.expired or (entry.mode == "untracked" and side.target ~= "untracked") then
        return tracking.open(side, first)
    end
    entry.mode = side.target
    return entry
end

local function carry(flow, first, last)
    for i, side in ipairs(flow.verdict.sides) do
        if side.open == "yes" and not side.free and not flow.blocked then
            flow.entries[i] = renewed(flow, flow.entries[i], side, first, last)
        end
    end
    tag_entries(flow)
    flow.last_packet = math.max(flow.last_packet, last)
end

-- The packets after the last moment seen, up to `now`.
local function run_packets(flow, now)
    local first = next_tick(flow, flow.seen)
    if not first or first > now then return end
    if not flow.open then
        if not flow.pending then return end
        open_entries(flow, first)
        tag_entries(flow)
        if flow.verdict.possible == "maybe" then flow.doubt = flow.verdict.why end
        if last_tick(flow, now) > first then carry(flow, first, last_tick(flow, now)) end
    elseif not flow.paused_since then
        carry(flow, first, last_tick(flow, now))
    end
end

-- Lets time go on to `now`, under the verdict that holds until then. True when it changed.
function state.run(flow, now)
    if not flow.over then run_packets(flow, now) end
    flow.seen = now
    return state.settle(flow, now)
end

-- A flow begins: open when it was possible.
function state.begin(flow, verdict, now, started)
    flow.verdict, flow.started, flow.seen, flow.history = verdict, started, now, {}
    if verdict.possible ~= "no" and started <= now then
        open_entries(flow, started)
        tag_entries(flow)
        flow.last_packet = last_tick(flow, now)
        if verdict.possible == "maybe" then flow.doubt = verdict.why end
    end
    state.settle(flow, now)
end

-- The world changed at `now`: from here on another verdict holds. True when the state changed.
function state.change(flow, verdict, now)
    flow.verdict = verdict
    if flow.open and not flow.over and not verdict.path.gone then
        match_entries(flow)
        tag_entries(flow)
    end
    return state.settle(flow, now)
end

local function earliest(a, b)
    if not a or (b and b < a) then return b end
    return a
end

-- Would the next packet change an entry?
local function will_change(flow)
    for i, side in ipairs(flow.verdict.sides) do
        local entry = flow.entries[i]
        if side.open == "yes" and not side.free and not flow.blocked
            and (entry.expired or entry.mode ~= side.target) then
            return true
        end
    end
    return false
end

-- Does it make a difference when an entry dies? Where the rules let the next packet through it
-- makes a new one, and nobody notices; but of TCP nobody knows.
local function matters(flow, entry, side)
    return not entry.expired and (side.open ~= "yes" or flow.protocol == "tcp")
end

-- The earliest moment after `now` at which an entry dies, unless a packet comes before.
local function next_death(flow, now, packet)
    local first = nil
    for i, side in ipairs(flow.verdict.sides) do
        local entry = flow.entries[i]
        if matters(flow, entry, side) then
            local early, late = tracking.death(flow.protocol, entry, side, flow.last_packet)
            if early and early <= now then early = late end
            if early and early > now and not (packet and packet <= early) then
                first = earliest(first, early)
            end
        end
    end
    return first
end

-- When the flow must be looked at again, if its verdict stays; nil: never.
function state.next_moment(flow, now)
    if flow.over or flow.verdict.path.unfiltered then return nil end
    local packet = next_tick(flow, now)
    if not flow.open then return flow.pending and packet or nil end
    if flow.paused_since then
        local gives_up = flow.protocol == "tcp" and next_tick(flow, flow.paused_since)
        return earliest(next_death(flow, now, nil), gives_up and gives_up + TCP_GIVES_UP)
    end
    if packet and will_change(flow) then return earliest(next_death(flow, now, packet), packet) end
    return next_death(flow, now, packet)
end

return state
