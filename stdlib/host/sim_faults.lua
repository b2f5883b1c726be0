-- sim_faults.lua - faults that a drill injects into a world's answers.
--
-- Owns: the rules in world.faults, each looked at for every call in order. A rule:
--   operation  method name, with * as a wildcard; service (optional)
--   nth, times the first call that it hits (1) and how many from there on (1; without nth: all)
--   params     members that the call's parameters must have, with these values
-- and what it does, one or more of:
--   code, message, status   that error, nothing is done
--   deny       UnauthorizedOperation (of EC2; AccessDenied elsewhere), also for a dry run
--   latency    seconds of simulated time before the answer
--   timeout    "before": nothing is done, "after": it is done; the caller sees neither
--   stale      so many reads that match see the state before the latest mutation
--   change     calls that a colleague makes just before this one
--   kill       "before" or "after": the host dies there
--   disk       "full": the host's disk is, from this call on: world.disk says so
local errors = require "sim_errors"
local sim_world = require "sim_world"
local values = require "sim_values"

local faults = {}

local function name_matches(pattern, name)
    if pattern == name then return true end
    if not pattern:find("*", 1, true) then return false end
    return name:find("^" .. pattern:gsub("[^%w*]", "%%%0"):gsub("%*", ".*") .. "$") ~= nil
end
faults.name_matches = name_matches

local function params_match(wanted, params)
    for name, value in pairs(wanted or {}) do
        if not values.equal(params[name], value) then return false end
    end
    return true
end

local function concerns(rule, call)
    return (not rule.service or rule.service == call.service)
        and name_matches(rule.operation or "*", call.operation)
            and params_match(rule.params, call.params)
end

-- Counts the call for the rule; is it one of those that the rule hits?
local function is_hit(rule)
    rule.seen = (rule.seen or 0) + 1
    local first = rule.nth or 1
    local last = rule.times and first + rule.times - 1 or rule.nth and first or math.huge
    return rule.seen >= first and rule.seen <= last
end

-- Is the operation denied by the world's list ("revoke_*")?
function faults.is_denied(world, call)
    for _, pattern in ipairs(world.denied) do
        if name_matches(pattern, call.operation) then return true end
    end
    return false
end

-- As policies name the services, where it is not as clients do.
local PREFIX = { elbv2 = "elasticloadbalancing" }

-- EC2 has a code and an opening sentence of its own.
function faults.denial(world, call)
    local action = call.operation:gsub("_%l", function(text) return text:sub(2):upper() end)
    action = (PREFIX[call.service] or call.service) .. ":"
        .. action:sub(1, 1):upper() .. action:sub(2)
    local text = ("User: %s is not authorized to perform: %s because no identity-based policy "
        .. "allows the %s action"):format(world.caller, action, action)
    if call.service ~= "ec2" then return errors.make("AccessDenied", text) end
    return errors.make("UnauthorizedOperation",
                       "You are not authorized to perform this operation. " .. text)
end

local function time_out(done)
    local failure = errors.make("RequestTimeout", "no answer came before the time-out", 0)
    failure.retryable = false
    return { unknown = true, error = failure, done = done }
end

-- The state that stale reads of a rule see, or nil.
local function stale_world(rule, call)
    if not call.reads or not rule.before or (rule.left or 0) <= 0 then return nil end
    rule.left = rule.left - 1
    return rule.before
end

-- What one rule does to a call that it hits.
local function apply(world, rule, call, plan, run)
    if rule.latency then plan.latency = (plan.latency or 0) + rule.latency end
    for _, change in ipairs(rule.change or {}) do run(change) end
    if rule.disk then world.disk = rule.disk end
    if rule.kill == "before" then plan.answer = { kill = true } end
    if rule.kill == "after" then plan.kill = true end
    if rule.timeout == "before" then plan.answer = time_out(false) end
    if rule.timeout == "after" then plan.timeout = true end
    if rule.deny then plan.answer = { error = faults.denial(world, call) } end
    if rule.code then
        plan.answer = { error = errors.make(rule.code, rule.message, rule.status) }
    end
end

-- What the rules say about a call: {answer} to give at once, {timeout, kill} to apply after it
-- was done, {world} to read from, {latency}. The first answer counts, but every rule counts the
-- call. `run(call)` makes a colleague's change.
function faults.before(world, call, run)
    local plan = {}
    for _, rule in ipairs(world.faults) do
        if concerns(rule, call) then
            if rule.stale then
                plan.world = plan.world or stale_world(rule, call)
            elseif is_hit(rule) and not plan.answer then
                apply(world, rule, call, plan, run)
            end
        end
    end
    return plan
end

-- Before a mutation is done: rules with `stale` keep the state for the reads to come.
function faults.remember(world)
    local fork
    for _, rule in ipairs(world.faults) do
        if rule.stale then
            fork = fork or sim_world.fork(world)
            rule.before, rule.left = fork, rule.stale
        end
    end
end

function faults.after(plan, answer)
    if plan.kill then return { kill = true, done = answer.error == nil } end
    if plan.timeout then return time_out(answer.error == nil) end
    return answer
end

return faults
