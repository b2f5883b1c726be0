-- advice_facts.lua - advice that follows from the facts that a call sets.
--
-- Owns: one way to all answers of the advisor (advisor.lua) for every mutation that facts.lua
-- knows and no other advice_*.lua file speaks for: reads, before-state, inverse, diff, hits, fate.
-- The before-state is {facts = {fact, ...} (each with `before` and `after`), found, unread = why
-- what the call names could not be looked up}; nil when a call sets no fact. Pure, but for the copy of the VPC, which is asked
-- who is hit.
local blast = require "blast"
local calls = require "calls"
local facts = require "facts"
local generic = require "advice_generic"
local rehearsal = require "rehearsal"

local advice = {}

-- Parts of what the run made go with it: they need no inverse of their own.
local function goes_with_its_own(call, fact)
    return fact.kind ~= "exists" and calls.is_made(call, fact.id) and not facts.is_relation(fact)
end

-- ---- before -------------------------------------------------------------------------------

local function lookups(mutation, call)
    local list = {}
    for _, read in ipairs(mutation.reads and mutation.reads(call) or {}) do
        if not calls.planned_in(read.params) then list[#list + 1] = read end
    end
    return list
end

local function facts_before(mutation, call, found)
    if mutation.names then return found and facts.of(call, { found = found }) or {} end
    return mutation.facts(call, found)
end

function advice.reads(call)
    local mutation, list, seen = facts.mutation(call), {}, {}
    facts.gather(list, seen, lookups(mutation, call))
    for _, fact in ipairs(facts_before(mutation, call)) do
        if not fact.before and not calls.is_made(call, fact.id) then
            facts.gather(list, seen, facts.reads(fact))
        end
    end
    return list
end

local function state_before(call, fact, look)
    if fact.before then return fact.before end
    if calls.is_made(call, fact.id) then return facts.ABSENT end
    return facts.value(fact, look)
end

function advice.before(call, answers)
    local mutation, found, why = facts.mutation(call), nil, nil
    local look = facts.look(advice.reads(call), answers)
    if mutation.find then found, why = mutation.find(call, look) end
    local list = facts_before(mutation, call, found)
    for _, fact in ipairs(list) do fact.before = state_before(call, fact, look) end
    if #list == 0 and not found and not why then return nil end
    return { facts = list, found = found, unread = why }
end

-- ---- the way back -------------------------------------------------------------------------

local function inverted(list, note) return { class = "inverted", calls = list, note = note } end

local function irreversible(note) return { class = "irreversible", calls = {}, note = note } end

local function unread(why) return irreversible("it could not be read before: " .. why) end

-- The calls that take one fact back, right after the call; nil and why not.
local function back(call, fact, result)
    if fact.before.unknown then return nil, "it could not be read before: " .. fact.before.unknown end
    if goes_with_its_own(call, fact) or facts.same(fact, fact.after, fact.before) then return {} end
    fact.handle = facts.handle_in(result) or fact.handle
    local list, why, later = facts.set(fact, fact.after, fact.before)
    if later then return {} end
    return list, why
end

local MADE = "made by this run: deleting it takes it back"

-- Why there is none, or nil; and what there is to say before anything is computed.
local function settled(mutation, call, before)
    if mutation.kept then return { class = "kept", calls = {}, note = mutation.kept } end
    local lost = mutation.lost and mutation.lost(call)
    if lost then return irreversible(lost) end
    if mutation.deletes then return inverted({}, mutation.note) end
    if not before.unread or calls.planned_in(call.params) then return nil end
    return unread(before.unread)
end

function advice.inverse(call, before, result)
    local mutation, list, parts = facts.mutation(call), {}, 0
    local answer = settled(mutation, call, before)
    if answer then return answer end
    local all = facts.of(call, before, result)
    for i = #all, 1, -1 do
        if goes_with_its_own(call, all[i]) then parts = parts + 1 end
        local more, why = back(call, all[i], result)
        if not more then return irreversible(why) end
        table.move(more, 1, #more, #list + 1, list)
    end
    return inverted(list, #all > 0 and parts == #all and MADE or mutation.note)
end

-- ---- for people ---------------------------------------------------------------------------

local function sign_of(fact)
    if fact.before.absent then return "+" end
    return fact.after.absent and "-" or "~"
end

local function line_of(fact)
    local line = { sign = sign_of(fact), subject = fact.id, attribute = facts.attribute(fact) }
    if line.sign ~= "+" then line.before = facts.text(fact, fact.before) end
    if line.sign ~= "-" then line.after = facts.text(fact, fact.after) end
    return line
end

local function line_of_new(mutation, call)
    local sign, subject, attribute = mutation.sign(call)
    return { { sign = sign, subject = subject, attribute = attribute,
               after = generic.params_text(call.params) } }
end

function advice.diff(call, before)
    local mutation, lines = facts.mutation(call), {}
    if mutation.sign then return line_of_new(mutation, call) end
    for i, fact in ipairs(facts.of(call, before)) do lines[i] = line_of(fact) end
    return #lines > 0 and lines or nil
end

local function ids_of(list)
    local ids, seen = {}, {}
    for _, fact in ipairs(list) do
        if not seen[fact.id] then ids[#ids + 1] = fact.id end
        seen[fact.id] = true
    end
    return ids
end

-- Who is behind, from the copy of the VPC; nil when the copy does not hold what is changed.
local function behind(call, targets)
    local world, others = rehearsal.worlds(), {}
    for _, target in ipairs(targets) do
        if calls.is_made(call, target.id) then return {} end
        if not (world.resources[target.kind] or {})[target.id or ""] then return nil end
    end
    for i, one in ipairs(blast.of(world, targets)) do
        others[i] = { id = one.id, name = one.name or "", kind = one.kind }
    end
    return others
end

function advice.hits(call, before)
    local mutation = facts.mutation(call)
    if mutation.made then return { target = {}, others = {} } end
    local list = facts.of(call, before)
    if #list == 0 then return nil end
    local targets = mutation.targets and mutation.targets(call, before.found)
    local others = targets and behind(call, targets) or not mutation.targets and {} or nil
    return others and { target = ids_of(list), others = others }
end

-- ---- did it happen? -----------------------------------------------------------------------

function advice.fate_reads(call)
    local mutation, list, seen = facts.mutation(call), {}, {}
    if mutation.fate_reads then return mutation.fate_reads(call) end
    if mutation.names then return lookups(mutation, call) end
    for _, fact in ipairs(mutation.facts(call)) do facts.gather(list, seen, facts.reads(fact)) end
    return list
end

-- An association that is still there under its id was not changed.
local function fate_of_named(mutation, call, look)
    for _, read in ipairs(lookups(mutation, call)) do
        local result, state = look(read)
        if not result and state.unknown then return calls.fate(nil) end
    end
    return calls.fate(mutation.find(call, look) == nil)
end

local function result_of(mutation, fact, look)
    local handle = facts.kinds[fact.kind].handle
    return mutation.handle and handle and { [mutation.handle] = handle(fact, look) } or {}
end

local function fate_of_facts(mutation, call, look)
    local list, done = mutation.facts(call), 0
    for _, fact in ipairs(list) do
        local now = facts.value(fact, look)
        if now.unknown then return calls.fate(nil) end
        if facts.alike(fact, now, fact.after) then done = done + 1 end
    end
    if #list == 0 or (done > 0 and done < #list) then return calls.fate(nil) end
    return calls.fate(done == #list, done > 0 and result_of(mutation, list[1], look) or nil)
end

function advice.fate(call, answers)
    local mutation = facts.mutation(call)
    local look = facts.look(advice.fate_reads(call), answers)
    if mutation.fate then return mutation.fate(call, look) end
    if mutation.names then return fate_of_named(mutation, call, look) end
    return fate_of_facts(mutation, call, look)
end

-- ---- the row ------------------------------------------------------------------------------

-- The advisor's row for a call, or nil.
function advice.row(call)
    local mutation = facts.mutation(call)
    return mutation and not mutation.advised and advice or nil
end

return advice
