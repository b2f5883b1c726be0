-- undo.lua - taking a run back, and what became of what it left.
--
-- Owns: comparing how every fact that a run touched was before, was left, and is now; the calls
-- that bring it back, in stages. Pure: the host reads and calls (host/run/advisor.h).
--
-- `changes`: a list, in the order in which they were made, of
--   {key, service, operation, params (with real ids), before, inverse, result,
--    ok = true | false (it did not happen) | nil (nobody knows)}
--   `before`, `inverse`: as the advisor gave them for the call; `result`: the call's output.
-- `answers`: beside the reads, {value = ...} or {error = {code, message}} each.
--
-- undo.reads(changes) -> a list of calls {service, operation, params}: all that must be read.
-- undo.plan(changes, answers) -> {items = {item, ...}, stages = {{call, ...}, ...}}
--   item = {subject, attribute, was, left, now (texts, "" for nothing), state, note}
--   state: "back"     the calls will bring it back       "already"  it is as it was
--          "drift"    it is neither: left alone          "kept"     evidence
--          "lost"     there is no way back (note: why)   "unknown"  could not be read (note: why)
--   stages: in order; the calls of one stage may be made at once.
-- undo.left(changes, answers) -> {items = {{subject, attribute, left, now, state, note}, ...}}
--   from the same reads; state: "as_left" | "moved" | "unknown"
local facts = require "facts"
local history = require "history"
local stages = require "undo_stages"

local undo = {}

-- ---- reading ------------------------------------------------------------------------------

local function nothing() return nil end

function undo.reads(changes)
    local list, seen = {}, {}
    facts.gather(list, seen, history.searches(changes))
    for _, entry in ipairs(history.of(changes, nothing).entries) do
        facts.gather(list, seen, facts.reads(entry.fact))
    end
    return list
end

-- The run's history and the way to look things up in the answers.
local function open(changes, answers)
    local reads = undo.reads(changes)
    return history.of(changes, facts.answers(reads, answers)), facts.look(reads, answers)
end

-- What a search found is there, though nobody could ask for it by its id.
local function now_of(entry, look)
    local now = facts.value(entry.fact, look)
    if now.unknown and entry.found and entry.fact.kind == "exists" then return facts.state(true) end
    return now
end

local function is_as_left(entry, now)
    if entry.loose then return true end
    for _, left in ipairs(entry.lefts) do
        if facts.alike(entry.fact, now, left) then return true end
    end
    return false
end

local function item_of(entry, now)
    return { subject = entry.fact.id, attribute = facts.attribute(entry.fact),
             left = facts.text(entry.fact, entry.lefts[#entry.lefts]),
             now = facts.text(entry.fact, now) }
end

-- ---- what the run made --------------------------------------------------------------------

-- What somebody else put into a resource that the run made, or changed in it: a text, or nil.
local function foreign_part(run, entry, look)
    local touched = {}
    for _, other in ipairs(run.entries) do
        if other.contained and other.fact.id == entry.fact.id then
            touched[facts.key(other.fact)] = true
            local now = facts.value(other.fact, look)
            if not now.unknown and not now.absent and not is_as_left(other, now) then
                return facts.attribute(other.fact) .. ": " .. facts.text(other.fact, now)
            end
        end
    end
    if entry.fact.kind ~= "exists" then return nil end
    for _, part in ipairs(facts.kinds.exists.parts(entry.fact, look)) do
        if not touched[facts.key(part)] then return facts.attribute(part) end
    end
    return nil
end

-- ---- one fact -----------------------------------------------------------------------------

local function decide_back(entry, now, look)
    local calls, why = facts.set(entry.fact, now, entry.before, look)
    if calls then return "back", nil, calls end
    return "lost", why
end

local function decide(run, entry, now, look)
    if now.unknown then return "unknown", "it could not be read: " .. now.unknown end
    if entry.before.unknown then
        return "lost", "how it was before is not known: " .. entry.before.unknown
    elseif facts.same(entry.fact, now, entry.before) then
        return "already"
    elseif is_as_left(entry, now) then
        local foreign = entry.fact.kind == "exists" and foreign_part(run, entry, look)
        if foreign then
            return "drift", "somebody changed it since (" .. foreign .. "): delete it yourself "
                .. "when nobody needs it"
        end
        return decide_back(entry, now, look)
    elseif facts.alike(entry.fact, now, entry.before) then
        return "already"
    end
    return "drift", "somebody changed it since: it is left alone"
end

local function of_history(one)
    return { subject = one.subject, attribute = one.attribute, was = "", left = "", now = "",
             state = one.state, note = one.note }
end

function undo.plan(changes, answers)
    local run, look = open(changes, answers)
    local items, going_back = {}, {}
    for _, entry in ipairs(run.entries) do
        if not entry.contained then
            local now = now_of(entry, look)
            local item, calls = item_of(entry, now), nil
            item.was = facts.text(entry.fact, entry.before)
            item.state, item.note, calls = decide(run, entry, now, look)
            if calls then going_back[#going_back + 1] = { fact = entry.fact, calls = calls } end
            items[#items + 1] = item
        end
    end
    for _, one in ipairs(run.others) do items[#items + 1] = of_history(one) end
    return { items = items, stages = stages.of(going_back, look) }
end

-- ---- verifying ----------------------------------------------------------------------------

local function left_item(entry, look)
    local now = now_of(entry, look)
    local item = item_of(entry, now)
    item.state = is_as_left(entry, now) and "as_left" or "moved"
    if now.unknown then item.state, item.note = "unknown", now.unknown end
    return item
end

-- What somebody put into a resource that the run made is no fact of the run's.
local function added_items(entry, run, look, items)
    if entry.fact.kind ~= "exists" or entry.before.unknown then return end
    local touched = {}
    for _, other in ipairs(run.entries) do touched[facts.key(other.fact)] = true end
    for _, part in ipairs(facts.kinds.exists.parts(entry.fact, look)) do
        if not touched[facts.key(part)] then
            items[#items + 1] = { subject = part.id, attribute = facts.attribute(part), left = "",
                                  now = facts.text(part, facts.value(part, look)), state = "moved",
                                  note = "somebody added it" }
        end
    end
end

function undo.left(changes, answers)
    local run, look = open(changes, answers)
    local items = {}
    for _, entry in ipairs(run.entries) do
        items[#items + 1] = left_item(entry, look)
        added_items(entry, run, look, items)
    end
    return { items = items }
end

return undo
