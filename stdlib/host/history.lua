-- history.lua - what a run's changes come to, fact by fact.
--
-- Owns: walking changes (undo.lua has their shape) in their order. Per fact: its first
-- before-state and the states in which the run may have left it; what the run made; what has no
-- way back. Pure. It judges nothing by the journal's word alone: a change whose outcome nobody
-- knows leaves two states possible, and what a create without a result made is looked for.
--
-- history.of(changes, answer_of) -> {
--   entries = list of {fact, before, lefts = {state, ...}, contained = true for a part of a
--             resource that the run made, found = true when it was looked for and is there,
--             loose = true when it is a part and nobody knows how it was left}
--             in the order of their first change, without those of what the run deleted again
--   created = set of ids that the run made and did not delete
--   others  = list of {subject, attribute, state = "kept" | "lost" | "unknown", note}
-- }
local advice_rows = require "advice_rows"
local calls = require "calls"
local facts = require "facts"
local generic = require "advice_generic"

local history = {}

-- The call as the advisor knows calls; `created` is a set of ids.
local function call_of(change, created)
    return { service = change.service, operation = change.operation,
             params = change.params or {}, created = calls.sorted_keys(created) }
end

local function is_lost_create(change, mutation)
    return change.ok == nil and not change.result and mutation ~= nil and mutation.made ~= nil
end

-- ---- searching ----------------------------------------------------------------------------

-- What results say was made: a search leaves these out.
local function known_made(changes)
    local created = {}
    for _, change in ipairs(changes) do
        local mutation = facts.mutation(call_of(change, {}))
        local made = mutation and mutation.made and change.result and mutation.made(change.result)
        for _, id in ipairs(made or {}) do created[id] = true end
    end
    return created
end

local function search_reads(call)
    local row = advice_rows.of(call)
    return row and row.fate_reads and row.fate_reads(call) or {}
end

-- The reads that find what creates without a result made.
function history.searches(changes)
    local list, created = {}, known_made(changes)
    for _, change in ipairs(changes) do
        local call = call_of(change, created)
        if is_lost_create(change, facts.mutation(call)) then
            local reads = search_reads(call)
            table.move(reads, 1, #reads, #list + 1, list)
        end
    end
    return list
end

-- {state, result}: whether a create without a result took effect.
local function search(self, change)
    local call = call_of(change, self.known)
    local reads, answers = search_reads(call), {}
    for i, read in ipairs(reads) do answers[i] = self.answer_of(read) end
    local row = advice_rows.of(call)
    if #reads == 0 or #answers < #reads or not row.fate then return { state = "unknown" } end
    return row.fate(call, answers)
end

-- ---- what is no fact ----------------------------------------------------------------------

local function subject_of(call) return generic.diff(call)[1].subject end

local function note(self, state, subject, attribute, text)
    self.others[#self.others + 1] = { subject = subject, attribute = attribute, state = state,
                                      note = text }
end

local function note_evidence(self, mutation, call, result)
    local ids = result and mutation.evidence(result) or {}
    if #ids == 0 then ids = { subject_of(call) } end
    for _, id in ipairs(ids) do note(self, "kept", id, "evidence", mutation.kept) end
end

-- Evidence tags: what the row says of them, whatever the journal says.
local function evidence_note(call, change)
    local row = advice_rows.of(call)
    local inverse = row and row.inverse and row.inverse(call, change.before or {}, change.result)
    return inverse and inverse.class == "kept" and inverse.note or nil
end

-- ---- facts --------------------------------------------------------------------------------

local function note_existence(self, fact)
    if fact.kind ~= "exists" then return end
    if not fact.after.absent then self.created[fact.id] = true end
end

local function start_entry(self, fact)
    local contained = self.created[fact.id] and fact.kind ~= "exists"
        and not facts.is_relation(fact)
    local entry = { fact = fact, before = fact.before, lefts = { fact.before },
                    contained = contained or nil }
    self.by_key[facts.key(fact)] = entry
    self.entries[#self.entries + 1] = entry
    return entry
end

-- `certain`: the call was made; else the fact may be as it was before the call, too.
local function take(self, fact, certain)
    note_existence(self, fact)
    local entry = self.by_key[facts.key(fact)] or start_entry(self, fact)
    if certain then entry.lefts = {} end
    entry.loose = entry.contained and not certain or nil
    entry.lefts[#entry.lefts + 1] = fact.after
    if fact.kind == "exists" and fact.after.absent then
        self.deleted[fact.id] = certain and self.created[fact.id] or nil
    end
    -- Handles are looked up anew: they change with every change.
    fact.handle = nil
    return entry
end

local function remember_handle(self, list, result)
    local handle, fact = facts.handle_in(result), list[#list]
    if handle and fact then self.origins[handle] = { fact = fact, before = fact.after } end
end

local function take_facts(self, change, mutation, call, result)
    local origin = mutation.names and self.origins[call.params[mutation.names] or ""]
    local list = facts.of(call, change.before, result, origin)
    local certain = change.ok == true
    for _, fact in ipairs(list) do
        local entry = take(self, fact, certain)
        entry.found = entry.found or (not change.result and result ~= nil) or nil
    end
    remember_handle(self, list, result)
    return #list
end

-- A call that sets no fact: why nothing can be said of it.
local function note_rest(self, change, mutation, call)
    local lost = mutation.lost and mutation.lost(call)
    if lost then
        note(self, "lost", subject_of(call), call.operation, lost)
    elseif mutation.names or (change.before or {}).unread then
        note(self, "unknown", subject_of(call), call.operation,
             (change.before or {}).unread or "what it is about is not known")
    end
end

local function walk(self, change)
    local call = call_of(change, self.created)
    local mutation, result = facts.mutation(call), change.result
    if not mutation then
        return note(self, "lost", subject_of(call), call.operation, generic.inverse(call).note)
    elseif mutation.kept then
        return note_evidence(self, mutation, call, result)
    elseif is_lost_create(change, mutation) then
        local fate = search(self, change)
        if fate.state == "not_done" then return end
        if fate.state == "unknown" then
            return note(self, "unknown", subject_of(call), call.operation,
                        "nobody knows whether it made something: look for it yourself")
        end
        result = fate.result
    end
    if take_facts(self, change, mutation, call, result) > 0 then return end
    local evidence = evidence_note(call, change)
    if evidence then return note(self, "kept", subject_of(call), "evidence", evidence) end
    note_rest(self, change, mutation, call)
end

-- ---- all ----------------------------------------------------------------------------------

-- What the run deleted again needs nothing, nor does anything of it.
local function without_deleted(self)
    local list = {}
    for _, entry in ipairs(self.entries) do
        if not self.deleted[entry.fact.id] then list[#list + 1] = entry end
    end
    for id in pairs(self.deleted) do self.created[id] = nil end
    return list
end

function history.of(changes, answer_of)
    local self = { answer_of = answer_of, known = known_made(changes), created = {}, deleted = {},
                   origins = {}, entries = {}, by_key = {}, others = {} }
    for _, change in ipairs(changes) do
        if change.ok ~= false then walk(self, change) end
    end
    return { entries = without_deleted(self), created = self.created, others = self.others }
end

return history
