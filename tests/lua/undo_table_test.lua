-- undo_table_test.lua - every mutation that the simulator models: done and undone, or in a list.
local advisor = require "advisor"
local cases = require "undo_cases"
local check = require "check"
local facts = require "facts"
local sim = require "sim"
local undo_world = require "undo_world"

local READS = { describe = true, get = true, list = true, search = true }

local function mutations()
    local list = {}
    for _, one in ipairs(sim.modelled()) do
        if not READS[one.operation:match("^%l+")] then
            list[#list + 1] = one.service .. "." .. one.operation
        end
    end
    return list
end

local function call_of(name, params)
    local service, operation = name:match("^(%w+)%.(.+)$")
    return { service = service, operation = operation, params = params or {}, created = {} }
end

-- Each inverse that was recorded is of the class "inverted"; the state is as before after undo.
local function prove(name, make, planned)
    local s = undo_world.new(planned)
    make(s.run, s)
    for _, change in ipairs(s.run.changes) do
        local class = (change.inverse or {}).class
        check.ok(class == "inverted", ("%s: %s is %s: %s"):format(
            name, change.operation, class, (change.inverse or {}).note))
    end
    for _, item in ipairs(s.run:left()) do
        check.equal(item.state, "as_left", name .. ": " .. item.subject .. " " .. item.attribute)
    end
    s.run:check_undone(s.before, name)
end

-- The inverses of single calls, last one first, do the same without any reads: they are what a
-- person is given to type.
local function prove_single(name, make)
    local s = undo_world.new()
    make(s.run, s)
    local changes = s.run.changes
    if #changes ~= 1 then return end
    for _, call in ipairs(changes[1].inverse.calls) do
        s.run:apply { stages = { { call } } }
    end
    require("undo_run").same(s.before, require("undo_run").state(s.w), name .. ", by hand")
end

local tests = {}
local function test(name, fn) tests[#tests + 1] = { name, fn } end

test("every mutation of the simulator is proven, kept or irreversible", function()
    local known = {}
    for _, name in ipairs(mutations()) do
        known[name] = true
        local lists = 0
        for _, list in pairs(cases) do lists = lists + (list[name] and 1 or 0) end
        check.equal(lists, 1, name .. " must be in one list of undo_cases.lua")
    end
    for _, list in pairs(cases) do
        for name in pairs(list) do check.ok(known[name], name .. " is not simulated") end
    end
    -- What only collects evidence needs no proof: it changes nothing.
    local evidence = require("facts_evidence").mutations
    for _, name in ipairs(facts.known()) do
        check.ok(known[name] or evidence[name], name .. " is not simulated")
    end
end)

for _, name in ipairs(mutations()) do
    for i, make in ipairs(cases.inverted[name] or {}) do
        test(("%s %d is undone"):format(name, i), function() prove(name, make) end)
        test(("%s %d is undone, planned"):format(name, i), function() prove(name, make, true) end)
        test(("%s %d by hand"):format(name, i), function() prove_single(name, make) end)
    end
    if cases.kept[name] then
        test(name .. " is evidence: kept", function()
            local s = undo_world.new()
            s.run:call(call_of(name).operation, cases.kept[name](s))
            check.equal(s.run.changes[1].inverse.class, "kept")
            local plan = s.run:undo()
            check.equal(plan.stages, {})
            check.equal(plan.items[1].state, "kept")
            check.has(plan.items[1].subject, "snap-")
        end)
    end
    local words = cases.irreversible[name]
    if words then
        test(name .. " has no way back, and says why", function()
            local call = call_of(name, { InstanceIds = { "i-0123456789abcdef0" } })
            local inverse = advisor.inverse(call, advisor.before(call, {}), {})
            check.equal(inverse.class, "irreversible")
            check.has(inverse.note, words)
            local plan = advisor.undo({ { service = call.service, operation = call.operation,
                                          params = call.params, ok = true } }, {})
            check.equal(plan.stages, {})
            check.ok(plan.items[1].state == "lost" or plan.items[1].state == "unknown")
        end)
    end
end

return tests
