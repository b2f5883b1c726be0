-- advisor.lua - what the host asks about a call: what to read first, the state before, the
-- inverse, the diff, what is hit.
--
-- Owns: the one table of known operations and the answers for unknown ones. Pure functions
-- from values to values (host/run/advisor.h has the shapes); it never calls out. Rows live in
-- the advice_*.lua files, one entry per operation:
--   reads(call)  before(call, answers)  inverse(call, before, result)  diff(call, before)
--   hits(call, before)  fate_reads(call)  fate(call, answers)  understands(call)
-- `call.created` lists the ids that this run made (planned or real).
local generic = require "advice_generic"

local rows = {}
for _, file in ipairs { "advice_groups", "advice_rules", "advice_interfaces", "advice_tags" } do
    for operation, row in pairs(require(file)) do
        assert(not rows[operation], "two rows for " .. operation)
        rows[operation] = row
    end
end

-- A row speaks only for the parameters that it understands: with others beside them the call gets
-- the generic answer, which shows all of them and promises no way back.
local function row_of(call)
    local row = rows[call.service .. "." .. call.operation]
    if row and row.understands and not row.understands(call) then return nil end
    return row
end

local advisor = {}

function advisor.reads_needed(call)
    local row = row_of(call)
    return row and row.reads and row.reads(call) or {}
end

function advisor.before(call, answers)
    local row = row_of(call)
    return row and row.before and row.before(call, answers) or nil
end

function advisor.inverse(call, before, result)
    local row = row_of(call)
    if row and row.inverse then return row.inverse(call, before or {}, result) end
    return generic.inverse(call)
end

function advisor.diff(call, before)
    local row = row_of(call)
    local lines = row and row.diff and row.diff(call, before or {})
    return lines or generic.diff(call)
end

function advisor.hits(call, before)
    local row = row_of(call)
    return row and row.hits and row.hits(call, before or {}) or nil
end

-- Whether a call whose answer never came has taken effect.
function advisor.fate_reads(call)
    local row = row_of(call)
    return row and row.fate_reads and row.fate_reads(call) or {}
end

function advisor.fate(call, answers)
    local row = row_of(call)
    return row and row.fate and row.fate(call, answers) or { state = "unknown" }
end

return advisor
