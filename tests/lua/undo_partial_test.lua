-- undo_partial_test.lua - runs that stopped in the middle, undos that did.
--
-- Every case of undo_cases.lua is stopped after each of its calls, whose outcome is known, or not
-- known and done, or not known and not done; and every undo is stopped after each of its stages.
local cases = require "undo_cases"
local check = require "check"
local undo_run = require "undo_run"
local undo_world = require "undo_world"

local tests = {}
local function test(name, fn) tests[#tests + 1] = { name, fn } end

local function names()
    local list = {}
    for name in pairs(cases.inverted) do list[#list + 1] = name end
    table.sort(list)
    return list
end

-- The run up to its call number `limit`; false when it has fewer calls.
local function stopped(make, limit, outcome)
    local s = undo_world.new()
    s.run.limit, s.run.outcome, s.run.tags = limit, outcome, true
    local ok, why = pcall(make, s.run, s)
    check.ok(ok or why == undo_run.STOP, why)
    s:wait(120)
    return not ok and s or nil
end

local stops = 0
for _, name in ipairs(names()) do
    test(name .. ": a run that stops after any of its calls", function()
        for _, make in ipairs(cases.inverted[name]) do
            for _, outcome in ipairs { "known", "unknown", "lost" } do
                local limit = 1
                while limit < 100 do
                    local s = stopped(make, limit, outcome ~= "known" and outcome or nil)
                    if not s then break end
                    s.run:check_undone(s.before, ("%s, %d calls, %s"):format(name, limit, outcome))
                    limit, stops = limit + 1, stops + 1
                end
            end
        end
    end)
    test(name .. ": an undo that stops after any of its stages", function()
        for _, make in ipairs(cases.inverted[name]) do
            local done = 0
            repeat
                local s = undo_world.new()
                make(s.run, s)
                local plan = s.run:undo()
                local some = { stages = table.move(plan.stages, 1, done, 1, {}) }
                s.run:apply(some)
                s.run:check_undone(s.before, ("%s after %d stages"):format(name, done))
                done = done + 1
            until done > #plan.stages
        end
    end)
end

test("enough of them", function() check.ok(stops > 300, stops .. " runs stopped") end)

return tests
