-- facts_targets.lua - facts about targets of load balancers.
--
-- Owns: the kind target.registration; what registering and deregistering set. Pure.
local facts = require "facts"

local function elb(operation, params)
    return { service = "elbv2", operation = operation, params = params }
end

local function read_health(arn)
    return elb("describe_target_health", { TargetGroupArn = arn })
end

-- {id, port, zone} of who is registered: those that drain are gone already.
local function registered(arn, look)
    local result, state = look(read_health(arn))
    if not result then return nil, state end
    local list = {}
    for _, one in ipairs(result.TargetHealthDescriptions or {}) do
        local health = one.TargetHealth or {}
        if health.State ~= "draining" and health.Reason ~= "Target.NotRegistered" then
            list[#list + 1] = { id = one.Target.Id, port = one.Target.Port,
                                zone = one.Target.AvailabilityZone }
        end
    end
    return list
end

local kind = { relation = true }

local function name_of(arn) return arn:match("targetgroup/([^/]+)") or arn end

function kind.attribute(fact)
    return ("target of %s, port %s"):format(name_of(fact.arn), fact.port or "of the group")
end

function kind.reads(fact) return { read_health(fact.arn) } end

function kind.value(fact, look)
    local list, state = registered(fact.arn, look)
    if not list then return state end
    for _, one in ipairs(list) do
        if one.id == fact.id and (not fact.port or one.port == fact.port) then
            return facts.state("registered")
        end
    end
    return facts.ABSENT
end

function kind.set(fact, _, wanted)
    local operation = wanted.absent and "deregister_targets" or "register_targets"
    return { elb(operation, { TargetGroupArn = fact.arn, Targets = {
        { Id = fact.id, Port = fact.port, AvailabilityZone = fact.zone } } }) }
end

-- ---- mutations ----------------------------------------------------------------------------

local function row_of(after, note)
    local row = { knows = { "TargetGroupArn", "Targets" }, note = note }
    function row.understands(call) return call.params.TargetGroupArn ~= nil end
    function row.reads(call) return { read_health(call.params.TargetGroupArn) } end
    function row.find(call, look)
        local list, state = registered(call.params.TargetGroupArn, look)
        if not list then return facts.not_found(state, "such target group") end
        return { registered = list }
    end
    return row, function(call, target, port, zone)
        return { kind = "target.registration", id = target.Id, arn = call.params.TargetGroupArn,
                 port = port, zone = zone, after = after }
    end
end

local deregister, gone = row_of(facts.ABSENT, "registers it again")

-- Without a port: wherever that target is registered.
function deregister.facts(call, found)
    local list = {}
    for _, target in ipairs(call.params.Targets or {}) do
        local hits = 0
        for _, one in ipairs(found and found.registered or {}) do
            if one.id == target.Id and (not target.Port or target.Port == one.port) then
                hits = hits + 1
                list[#list + 1] = gone(call, target, one.port, one.zone)
            end
        end
        if hits == 0 then
            list[#list + 1] = gone(call, target, target.Port, target.AvailabilityZone)
        end
    end
    return list
end

local register, there = row_of(facts.state("registered"), "deregisters it again")

function register.facts(call)
    local list = {}
    for i, target in ipairs(call.params.Targets or {}) do
        list[i] = there(call, target, target.Port, target.AvailabilityZone)
    end
    return list
end

return {
    kinds = { ["target.registration"] = kind },
    mutations = { ["elbv2.deregister_targets"] = deregister,
                  ["elbv2.register_targets"] = register },
}
