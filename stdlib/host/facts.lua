-- facts.lua - facts: single pieces of AWS state that mutations set.
--
-- Owns: the one table of kinds of facts and of mutations (facts_*.lua, by subject), keys,
-- comparing, and looking things up in answers. Pure; whatever AWS calls by a new id each time
-- (associations, attachments) is looked up in fresh answers, never remembered.
--
-- A fact is {kind = "interface.groups", id = "eni-1", ...}: what it is about, never what it is.
-- What it is, is a state: {value = V} | {absent = true} | {unknown = "why"}.
--
-- A kind (of facts_*.lua, `kinds`), `look` as made by facts.look:
--   attribute(fact)          short text; with the id it identifies the fact
--   reads(fact)              the calls that show it
--   value(fact, look)        its state
--   set(fact, now, wanted, look)   calls that bring it from state to state; nil and why not; nil,
--                            why and true when only the handle is not known yet
--   text(value)              for people
--   same(a, b)               are values equal? (default: as canonical data)
--   alike(a, b)              could AWS show `a` when `b` was set? (default: same)
--   handle(fact, look)       the id of the association that it is, where it has one
--   parts(id, item)          for kinds whose facts are parts of a resource: the facts that the
--                            described resource holds, but for those that it is made with
--   together                 true: facts of several resources may be set at once
--   relation                 true: it is a tie to something else, and does not go with its subject
--
-- A mutation (of facts_*.lua, `mutations`, by "service.operation"; maybe a list of them, the first
-- that knows the call's parameters speaks):
--   advised                  true: the rest of its advice is in an advice_*.lua file, whose
--                            before-state is `found`
--   names, after(call)       the call names an association by this parameter: find gives {fact,
--                            before}, after the state that the call leaves
--   made(result)             ids of what it made       deletes(call)   the id of what it deletes
--   kept, evidence(result)   evidence: why it stays, and the ids
--   handle                   member of the result that names the association
--   fate_reads(call), fate(call, look)   when the facts do not tell whether it happened
--   knows                    names of the parameters that it understands; nil: all
--   understands(call)        more conditions, or nil
--   reads(call)              further reads, for find
--   find(call, look)         what the parameters do not say (the subnet of an association id): a
--                            table that the before-state keeps; nil and why when it is not known
--   facts(call, found, result)   facts, each with `after` (a state) and maybe `before`
--   lost(call)               why there is no way back, however the facts look
--   note                     in words, what taking it back does
--   targets(call, found)     {{kind, id}, ...} of blast.lua: whoever is behind is hit, too
local calls = require "calls"
local values = require "sim_values"

local facts = { kinds = {}, mutations = {} }

facts.ABSENT = { absent = true }

function facts.state(value)
    if value == nil then return { absent = true } end
    return { value = value }
end

function facts.unknown(why)
    return { unknown = why or "it was not read" }
end

-- ---- comparing ----------------------------------------------------------------------------

-- 22.0 is 22: numbers may have been through JSON.
local function canonical(value)
    if math.type(value) == "float" then return math.tointeger(value) or value end
    if type(value) ~= "table" then return value end
    local result = {}
    for key, inner in pairs(value) do result[key] = canonical(inner) end
    return result
end

-- A text that is equal for equal data.
function facts.signature(value)
    return values.signature(canonical(value))
end

local function as_data(a, b)
    return facts.signature(a) == facts.signature(b)
end

local function compared(how, a, b)
    if not a or not b or a.unknown or b.unknown then return false end
    if a.absent or b.absent then return a.absent == b.absent end
    return how(a.value, b.value)
end

-- Are two states of a fact equal? Unknown ones never are.
function facts.same(fact, a, b)
    return compared(facts.kinds[fact.kind].same or as_data, a, b)
end

-- Could AWS show `now` where `set` was set (in another order, with members filled in)?
function facts.alike(fact, now, set)
    local kind = facts.kinds[fact.kind]
    return compared(kind.alike or kind.same or as_data, now, set)
end

-- ---- asking a fact's kind -----------------------------------------------------------------

function facts.attribute(fact) return facts.kinds[fact.kind].attribute(fact) end

function facts.key(fact) return fact.id .. "\0" .. facts.attribute(fact) end

function facts.reads(fact) return facts.kinds[fact.kind].reads(fact) end

function facts.value(fact, look) return facts.kinds[fact.kind].value(fact, look) end

function facts.set(fact, now, wanted, look)
    return facts.kinds[fact.kind].set(fact, now, wanted, look)
end

function facts.is_relation(fact) return facts.kinds[fact.kind].relation == true end

-- A state in words; "" for nothing.
function facts.text(fact, state)
    if not state or state.absent then return "" end
    if state.unknown then return "(not known: " .. state.unknown .. ")" end
    local text = facts.kinds[fact.kind].text
    return text and text(state.value) or tostring(state.value)
end

-- ---- answers ------------------------------------------------------------------------------

function facts.call_key(call)
    return call.service .. "." .. call.operation .. facts.signature(call.params)
end

-- Adds calls to a list, each once. `seen` is the set of those that are in it.
function facts.gather(list, seen, more)
    for _, call in ipairs(more) do
        local key = facts.call_key(call)
        if not seen[key] then
            seen[key] = true
            list[#list + 1] = call
        end
    end
end

local ABSENT_CODES = { "NotFound", "NonExistentQueue", "QueueDoesNotExist", "NotExist",
                       "NoSuchEntity" }

local function says_absent(code)
    for _, part in ipairs(ABSENT_CODES) do
        if code:find(part, 1, true) then return true end
    end
    return false
end

-- function(call) -> the call's answer among those beside `reads`, or nil.
function facts.answers(reads, answers)
    local by_call = {}
    for i, read in ipairs(reads) do by_call[facts.call_key(read)] = (answers or {})[i] end
    return function(call) return by_call[facts.call_key(call)] end
end

-- function(call) -> the result; or nil and a state: absent when AWS says that what the call names
-- is not there, else unknown.
function facts.look(reads, answers)
    local answer_of = facts.answers(reads, answers)
    return function(call)
        local answer = answer_of(call)
        if not answer then return nil, facts.unknown() end
        if not answer.error then return answer.value or {} end
        local code = answer.error.code or "error"
        if says_absent(code) then return nil, { absent = true } end
        return nil, facts.unknown(("%s: %s"):format(code, answer.error.message or ""))
    end
end

-- The first resource of a result's list; nil and a state when there is none.
function facts.first(look, read, list)
    local result, state = look(read)
    if not result then return nil, state end
    local item = (result[list] or {})[1]
    if not item then return nil, { absent = true } end
    return item
end

-- What `find` gives when a lookup found nothing.
function facts.not_found(state, what)
    return nil, state.unknown or ("there is no " .. what)
end

-- ---- the table ----------------------------------------------------------------------------

local FILES = { "facts_rules", "facts_interfaces", "facts_instances", "facts_profiles",
                "facts_acls", "facts_routes", "facts_gateways", "facts_vpcs", "facts_tags",
                "facts_queues", "facts_scaling", "facts_targets", "facts_roles",
                "facts_exists", "facts_evidence" }

local function understood(mutation, call)
    if mutation.knows then
        local known = { DryRun = true }
        for _, name in ipairs(mutation.knows) do known[name] = true end
        for name in pairs(call.params) do
            if not known[name] then return false end
        end
    end
    return not mutation.understands or mutation.understands(call)
end

local loaded

-- The kinds build calls and compare with what is above, so they come after it.
local function load()
    if loaded then return end
    loaded = true
    for _, file in ipairs(FILES) do
        local part = require(file)
        for name, kind in pairs(part.kinds or {}) do
            assert(not facts.kinds[name], "two kinds " .. name)
            facts.kinds[name] = kind
        end
        for name, mutation in pairs(part.mutations or {}) do
            assert(not facts.mutations[name], "two mutations " .. name)
            facts.mutations[name] = mutation[1] and mutation or { mutation }
        end
    end
end

-- The mutation that understands a call; nil when none does.
function facts.mutation(call)
    load()
    for _, mutation in ipairs(facts.mutations[call.service .. "." .. call.operation] or {}) do
        if understood(mutation, call) then return mutation end
    end
    return nil
end

-- ---- the facts of one call ----------------------------------------------------------------

local function copied(fact, before, after)
    local copy = values.shallow(fact)
    copy.before, copy.after = before, after
    return copy
end

-- By the id of an association: whose it is was found before, or (`origin`: {fact, before}) is
-- known from the call that made it.
local function of_named(mutation, call, found, origin)
    local known = found or origin
    if not known then return {} end
    return { copied(known.fact, known.before, mutation.after(call)) }
end

-- The facts that a call sets, each with `before` and `after`. `before` is the advisor's
-- before-state of the call: planned ids may be in its facts, so they are matched by their places.
function facts.of(call, before, result, origin)
    local mutation = facts.mutation(call)
    if not mutation then return {} end
    before = before or {}
    local found, list = before.found, nil
    if mutation.advised then found = before end
    if mutation.names then
        list = of_named(mutation, call, found, origin)
    else
        list = mutation.facts(call, found, result)
    end
    for i, fact in ipairs(list) do
        local known = (before.facts or {})[i]
        fact.before = fact.before or known and known.kind == fact.kind and known.before
            or facts.unknown "it was not read before"
    end
    return list
end

-- The id under which a result names the association that the call made, or nil.
function facts.handle_in(result)
    result = result or {}
    return result.NewAssociationId or result.AssociationId or result.AttachmentId
        or (result.IamInstanceProfileAssociation or {}).AssociationId
end

-- Every mutation that has a row, as "service.operation"; for tests.
function facts.known()
    load()
    return calls.sorted_keys(facts.mutations)
end

return facts
