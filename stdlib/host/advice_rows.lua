-- advice_rows.lua - which row of advice speaks for a call.
--
-- Owns: the one table of the advice_*.lua files, and the choice of a row. Pure. A row has, as far
-- as it knows them:
--   reads(call)  before(call, answers)  inverse(call, before, result)  diff(call, before)
--   hits(call, before)  fate_reads(call)  fate(call, answers)  understands(call)
local by_facts = require "advice_facts"

local advice_rows = {}

local rows = {}
for _, file in ipairs { "advice_groups", "advice_rules", "advice_interfaces", "advice_tags" } do
    for operation, row in pairs(require(file)) do
        assert(not rows[operation], "two rows for " .. operation)
        rows[operation] = row
    end
end

-- A row speaks only for the parameters that it understands: with others beside them the call gets
-- what its facts tell, or the generic answer, which shows all of them and promises no way back.
function advice_rows.of(call)
    local row = rows[call.service .. "." .. call.operation]
    if row and (not row.understands or row.understands(call)) then return row end
    return by_facts.row(call)
end

return advice_rows
