-- advisor.lua - what the host asks about a call: what to read first, the state before, the
-- inverse, the diff, what is hit.
--
-- Owns: the answers for operations that nobody knows. Pure functions from values to values
-- (host/run/advisor.h has the shapes); it never calls out. Which row speaks for a call is
-- advice_rows.lua's. `call.created` lists the ids that this run made (planned or real).
local generic = require "advice_generic"
local row_of = require("advice_rows").of
local undo = require "undo"

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

-- Taking a whole run back, and what became of what it left (undo.lua has the shapes).
advisor.undo_reads, advisor.undo, advisor.left = undo.reads, undo.plan, undo.left

return advisor
