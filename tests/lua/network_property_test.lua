-- network_property_test.lua - isolation by NACLs, routes and gateways in random worlds: what it
-- cuts, whom it names, and that it does what was rehearsed, faults or no faults.
--
-- WORLDS in the environment: a third as many (`make property` runs ten thousand of isolate-sg's).
local case = require "network_case"
local check = require "check"

local WORLDS = (math.tointeger(tonumber(os.getenv "WORLDS")) or 1000) // 3
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
    { "no new connection passes the edge; who is hit was named; as rehearsed", function()
        local sums = each(FIRST, WORLDS, case.isolate)
        print(("   %d worlds: %d new connections tried, %d open ones stopped, %d full lists, %d "
            .. "with nothing to do"):format(WORLDS, sums.probes, sums.stopped, sums.full,
                                            sums.nothing))
        check.ok(sums.stopped > WORLDS // 2 and sums.full > 0, "hardly anything was tried")
        check.ok(sums.nothing * 3 < WORLDS, "too often there was nothing to do")
    end },
    { "under a fault only rehearsed calls are made", function()
        local sums = each(FIRST + 2000000, WORLDS // 2, case.disturbed)
        print(("   %d worlds with a fault: %d stopped (%d at a call not rehearsed)"):format(
            WORLDS // 2, sums.stopped, sums.left))
        check.ok(sums.stopped * 20 > WORLDS // 2, "hardly any fault was felt")
    end },
}
