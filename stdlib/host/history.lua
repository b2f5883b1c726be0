-- history.lua - what a run's changes come to, fact by fact.
--
-- Owns: walking changes in their order; per fact its first before-state and the states in which
-- the run may have left it; what the run made; what has no way back. Pure. It judges nothing by
-- the journal's word alone: calls whose outcome nobody knows leave two states possible.
--
-- history.of(changes, look) -> {
--   entries  = list of {fact, before, lefts = {state, ...}, at = number of the first change,
--              contained = id of the made resource that it is a part of, or nil}
--   created  = set of ids that the run made; deleted = set of ids that it deleted again
--   kept     = list of {subject, attribute, note}     lost, unclear = likewise
-- }
-- A change is {key, service, operation, params, before, inverse, result, ok} (undo.lua).
local advisor_row = require "advice_facts"
local calls = require "calls"
local facts = require "facts"

local history = {}

local function subject_of(change)
    local generic = require "advice_generic"
    local line = generic.diff { operation = change.operation, params = change.params or {} }[1]
    return line.subject
end

-- ---- outcomes -----------------------------------------------------------------------------

-- A create without a result: what it made is looked for. Its reads, none when that is not needed.
local function search_of(change, created)
    if change.ok ~= nil or change.result then return {} end
    local advisor = require "advisor"
    return advisor.fate_reads(history.call_of(change, created))
end

-- The call as the advisor knows calls. `created` is a set of ids.
function history.call_of(change, created)
    return { service = change.service, operation = change.operation,
             params = change.params or {}, created = created and calls.sorted_keys(created) or {} }
end

-- The reads that find what creates without a result made.
function history.searches(changes)
    local list, created = {}, {}
    for _, change in ipairs(changes) do
        for _, id in ipairs(history.made_ids(change)) do created[id] = true end
    end
    for _, change in ipairs(changes) do
        for _, read in ipairs(search_of(change, created)) do list[#list + 1] = read end
    end
    return list
end

-- The ids of the resources that a change made.
function history.made_ids(change)
    local mutation = facts.mutation(history.call_of(change))
    if not mutation or not mutation.made or not change.result then return {} end
    return mutation.made(change.result)
end

return history
