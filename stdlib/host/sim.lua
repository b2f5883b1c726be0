-- sim.lua - the simulator answers a call as AWS would.
--
-- Owns: the way of a call: faults, permission, DryRun, ClientToken, the operation (all of it or
-- nothing), the clock. It knows no operation itself.
--
-- answer(world, call) -> {value = ...} | {error = {code, message, status, retryable}}
--                      | {unknown = true, error} (a time-out) | {kill = true}
--                      | {not_modelled = true}
-- and beside a value maybe wait_until (sim_sqs.lua).
-- A call is {service, operation (method name), params}. Values are the world's own: to be copied
-- or left as they are.
local ec2 = require "sim_ec2"
local errors = require "sim_errors"
local faults = require "sim_faults"
local later = require "later"
local sim_clock = require "sim_clock"
local sim_world = require "sim_world"
local sts = require "sim_sts"
local values = require "sim_values"

-- Most worlds are asked nothing of these.
local scaling = later "sim_scaling"

local sim = {}

local SERVICES = { autoscaling = later "sim_autoscaling", ec2 = ec2, elbv2 = later "sim_elbv2",
                   iam = later "sim_iam", sqs = later "sim_sqs", sts = sts }

local READ_VERBS = { describe = true, get = true, list = true, search = true }

local function reads_only(call)
    if call.service == "sqs" then return false end
    return READ_VERBS[call.operation:match("^%l+")] or false
end

-- Is the operation simulated?
function sim.models(service, operation)
    local known = SERVICES[service]
    return known ~= nil and known.operations[operation] ~= nil
end

-- Every simulated operation as {service, operation}, sorted.
function sim.modelled()
    local list = {}
    for _, service in ipairs(values.sorted_keys(SERVICES)) do
        for _, operation in ipairs(values.sorted_keys(SERVICES[service].operations)) do
            list[#list + 1] = { service = service, operation = operation }
        end
    end
    return list
end

-- ---- dry runs -----------------------------------------------------------------------------

local function dry_run(service, call)
    if not service.no_dry_run or service.no_dry_run[call.operation] then
        errors.raise("UnknownParameter", "The parameter DryRun is not recognized")
    end
    errors.raise("DryRunOperation", "Request would have succeeded, but DryRun flag is set.")
end

-- ---- client tokens ------------------------------------------------------------------------

local function run_with_token(world, call, run)
    local token = call.params.ClientToken
    local key = call.operation .. "|" .. token
    local asked = values.signature(values.with(call.params, { ClientToken = values.NONE }))
    local earlier = world.resources.ClientTokens[key]
    if earlier and earlier.Asked ~= asked then
        errors.raise("IdempotentParameterMismatch", "Arguments on this idempotent request are "
                     .. "inconsistent with arguments used in previous request(s).")
    elseif earlier then
        return earlier.Value
    end
    local value = run()
    sim_world.put(world, "ClientTokens", { Key = key, Asked = asked, Value = value })
    return value
end

-- ---- the way of a call --------------------------------------------------------------------

local function perform(world, service, call)
    if faults.is_denied(world, call) then error(faults.denial(world, call), 0) end
    if call.params.DryRun == true then dry_run(service, call) end
    local operation = service.operations[call.operation]
    local function run() return operation(world, call.params, call) end
    local remembers = service.client_token and service.client_token[call.operation]
    if remembers and call.params.ClientToken and call.params.ClientToken ~= "" then
        return run_with_token(world, call, run)
    end
    return run()
end

local function as_answer(ok, result)
    if ok then return { value = result } end
    if type(result) == "table" and result.code then return { error = result } end
    return { error = errors.make("InternalError", "The simulator failed: " .. tostring(result)) }
end

-- The operation, all of it or nothing.
local function performed(world, service, call)
    if call.reads then return as_answer(pcall(perform, world, service, call)) end
    if not call.params.DryRun then faults.remember(world) end
    local answer = as_answer(pcall(sim_world.atomically, world, perform, world, service, call))
    if answer.value and next(world.resources.AutoScalingGroups) then scaling.wake(world) end
    return answer
end

local function normal(call)
    local own = { service = call.service, operation = call.operation, params = call.params or {},
                  can_wait = call.can_wait }
    own.reads = reads_only(own)
    return own
end

-- A colleague's call: no faults, no counting.
local function run_quietly(world)
    return function(call)
        local own = normal { service = call.service or "ec2", operation = call.operation,
                             params = call.params }
        local service = SERVICES[own.service]
        if service and service.operations[own.operation] then performed(world, service, own) end
    end
end

function sim.answer(world, call)
    local own = normal(call)
    local counter = own.service .. "." .. own.operation
    world.counts[counter] = (world.counts[counter] or 0) + 1
    sim_clock.move_to(world, world.now + world.call_latency)
    local plan = faults.before(world, own, run_quietly(world))
    if plan.latency then sim_clock.advance(world, plan.latency) end
    if plan.answer then return plan.answer end
    local service = SERVICES[own.service]
    if not service or not service.operations[own.operation] then return { not_modelled = true } end
    local answer = performed(plan.world or world, service, own)
    answer.wait_until = own.wait_until
    return faults.after(plan, answer)
end

-- For trusted code that builds worlds: the value, or the error is raised.
function sim.call(world, operation, params, service)
    local own = normal { service = service or "ec2", operation = operation, params = params }
    return sim_world.atomically(world, perform, world, SERVICES[own.service], own)
end

return sim
