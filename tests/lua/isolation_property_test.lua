-- isolation_property_test.lua - isolate-sg in random worlds: what it cuts, what it leaves alone,
-- and that it does what was rehearsed, faults or no faults.
--
-- WORLDS in the environment: how many, and a third as many with faults (`make property` runs
-- ten thousand).
local case = require "isolation_case"
local check = require "check"

local WORLDS = math.tointeger(tonumber(os.getenv "WORLDS")) or 1000
local FIRST = math.tointeger(tonumber(os.getenv "FIRST")) or 1

local function each(first, count, run)
    local sums = {}
    for seed = first, first + count - 1 do
        for name, value in pairs(run(seed)) do
            sums[name] = (sums[name] or 0) + (math.type(value) and value or value and 1 or 0)
        end
    end
    return sums
end

return {
    { "no flow of the target lives but those named; nobody else's changed; as rehearsed", function()
        local sums = each(FIRST, WORLDS, case.isolate)
        print(("   %d worlds: %d flows, %d left and named; %d refused, %d with nothing to do")
            :format(WORLDS, sums.flows or 0, sums.left or 0, sums.refused or 0, sums.nothing or 0))
        check.ok((sums.refused or 0) * 5 < WORLDS, "too many were refused")
    end },
    { "under a fault only rehearsed calls are made, and nothing stays open", function()
        local sums = each(FIRST + 1000000, WORLDS // 3, case.disturbed)
        print(("   %d worlds with a fault: %d stopped (%d at a call not rehearsed), %d refused")
            :format(WORLDS // 3, sums.stopped or 0, sums.left or 0, sums.refused or 0))
        check.ok((sums.stopped or 0) * 60 > WORLDS, "hardly any fault was felt")
    end },
}
