-- rehearsed_calls.lua - what was executed beside what was rehearsed, as the host's gate sees it.
--
-- Owns: the keys of calls, planned ids and the real ones, the refusal of what was not rehearsed.
local check = require "check"
local values = require "sim_values"

local rehearsed_calls = {}

-- The mutations by the gate's keys (host/gate/key.h): each step counts anew, and parallels that
-- only read do not count.
function rehearsed_calls.by_key(mutations)
    local map, numbers, ordinals = {}, {}, {}
    for _, call in ipairs(mutations) do
        local path = call.step
        for number, item in call.branch:gmatch("(%d+)%.(%d+)") do
            local known = numbers[path] or { count = 0 }
            numbers[path] = known
            if not known[number] then
                known.count = known.count + 1
                known[number] = known.count
            end
            path = ("%s/%d.%s"):format(path, known[number], item)
        end
        ordinals[path] = (ordinals[path] or 0) + 1
        map[path .. "#" .. ordinals[path]] = call
    end
    return map
end

-- A value in which planned ids are the real ones.
local function bound(value, bindings)
    if type(value) == "string" then return bindings[value] or value end
    if type(value) ~= "table" then return value end
    local result = {}
    for key, inner in pairs(value) do result[key] = bound(inner, bindings) end
    return result
end

-- Planned ids in what a call was to give, beside the real ones in what it gave.
local function bind(planned, real, bindings)
    if type(planned) == "table" and type(real) == "table" then
        for key, inner in pairs(planned) do bind(inner, real[key], bindings) end
    elseif type(planned) == "string" and planned:find("(planned-", 1, true) then
        bindings[planned] = real
    end
end

local function bindings_of(planned, made)
    local bindings = {}
    for key, call in pairs(made) do bind((planned[key] or {}).result, call.result, bindings) end
    return bindings
end

-- The gate: what was not rehearsed is refused, and then all but closing calls.
local LEFT = "LeftThePlan"

function rehearsed_calls.gate_of(plan)
    local planned, latched = rehearsed_calls.by_key(plan.mutations), false
    return function(mutations, call)
        local key
        for known, one in pairs(rehearsed_calls.by_key(mutations)) do
            if one == call then key = known end
        end
        local twin = planned[key]
        if not twin or twin.operation ~= call.operation or (latched and call.phase ~= "close") then
            latched = true
            error({ code = LEFT, message = call.operation .. " was not rehearsed" }, 0)
        end
    end
end

local function params_text(params)
    return check.show(values.with(params, { ClientToken = values.NONE }))
end

-- Every executed call was rehearsed as it is; `whole`: and every rehearsed one was executed.
function rehearsed_calls.compare(seed, plan, run, whole)
    local planned, made = rehearsed_calls.by_key(plan.mutations), rehearsed_calls.by_key(run.mutations)
    local bindings = bindings_of(planned, made)
    local left = false
    for key, call in pairs(made) do
        local twin = planned[key]
        local refused = (call.failed or {}).code == LEFT
        left = left or refused
        local at = ("world %d, %s %s"):format(seed, key, call.operation)
        if not refused then
            check.ok(twin, at .. " was not rehearsed")
            check.equal(call.operation, twin.operation, at)
            check.equal(params_text(call.params), params_text(bound(twin.params, bindings)), at)
        end
    end
    for key, call in pairs(whole and planned or {}) do
        check.ok(made[key], ("world %d: %s %s was rehearsed, not executed"):format(
            seed, key, call.operation))
    end
    return left
end

return rehearsed_calls
