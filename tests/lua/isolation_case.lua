-- isolation_case.lua - one isolation in a random world: rehearsed on a copy, executed, judged.
--
-- Owns: what must hold afterwards. Each check raises a text that names the world's seed.
local check = require "check"
local engine = require "flow_engine"
local fake_host = require "fake_host"
local forecast = require "survivors_forecast"
local random = require "isolation_random"
local rehearsal = require "rehearsal"
local rehearsed_calls = require "rehearsed_calls"
local sim = require "sim"
local sim_clock = require "sim_clock"
local sim_world = require "sim_world"
local values = require "sim_values"

local FILE = "playbooks/isolate-sg.lua"

local case = {}

-- Answers from the world, and lets its time go on for a window.
local function answerer(world)
    return function(operation, params)
        local answer = sim.answer(world, { service = "ec2", operation = operation,
                                           params = params })
        if answer.value then return answer.value end
        error(answer.error or { code = "NotModelled", message = operation }, 0)
    end
end

local function interfaces_of(one)
    local ids = {}
    for i, interface in ipairs(one.target:interfaces()) do ids[i] = interface.NetworkInterfaceId end
    return ids
end

local function options_of(one, args)
    return { args = args, answer = answerer(one.w.world), seed = one.seed }
end

-- ---- what changed ---------------------------------------------------------------------------

-- The groups that the run made, also those of which it never heard (a time-out after the commit).
local function created_by(before, after)
    local ids = {}
    for id, group in pairs(after.resources.SecurityGroups) do
        if not before.resources.SecurityGroups[id] and group.GroupName:find("^cordon%-") then
            ids[id] = true
        end
    end
    return ids
end

-- May a resource of this kind have changed by the plan?
local function may_change(one, kind, id, resource, ours, args)
    if kind == "Instances" then return id == one.target.id end
    if kind == "NetworkInterfaces" then return ours[id] end
    if kind == "SecurityGroups" then
        return ours[id] or id == args.step1 or id == args.step2 or id == args.final
    end
    if kind == "SecurityGroupRules" then
        return ours[resource.GroupId] or resource.GroupId == args.step1
    end
    return false
end

-- All but the groups and tags of an interface or instance is as it was.
local function without_groups(resource)
    local plain = values.with(resource, { Groups = values.NONE, SecurityGroups = values.NONE,
                                          Tags = values.NONE, TagSet = values.NONE,
                                          NetworkInterfaces = values.NONE })
    return check.show(plain)
end

local function compare_resources(one, before, after, args, ids)
    local ours = created_by(before, after)
    for _, id in ipairs(ids) do ours[id] = true end
    for kind, resources in pairs(after.resources) do
        local earlier = before.resources[kind]
        for id in pairs(values.with(earlier, resources)) do
            local old, new = earlier[id], resources[id]
            local at = ("world %d: %s changed"):format(one.seed, id)
            if old ~= new and not values.equal(old, new) then
                check.ok(may_change(one, kind, id, new or old, ours, args), at)
                if old and new and (kind == "Instances" or kind == "NetworkInterfaces") then
                    check.equal(without_groups(new), without_groups(old), at)
                end
            end
        end
    end
end

-- ---- flows ----------------------------------------------------------------------------------

local OVER = { cut = true, ["never possible"] = true }

local function touches(flow, mine)
    for _, side in ipairs(flow.sides) do
        if mine[side.interface] then return true end
    end
    return false
end

local function from_forensics(args, flow)
    return args.forensics and (flow.from:find("^203%.0%.113%.") or flow.to:find("^203%.0%.113%."))
end

-- A flow of the target that is not over was named by the plan; every other is as it would be if
-- nothing had been done.
local function compare_flows(one, flows, control, list, plan, args, ids)
    local mine, untouched = {}, {}
    for _, id in ipairs(ids) do mine[id] = true end
    for _, flow in ipairs(control:report()) do untouched[flow.name] = flow end
    local left = 0
    for _, flow in ipairs(flows:report()) do
        local at = ("world %d, %s %s -> %s:%s: %s, %s"):format(one.seed, flow.protocol, flow.from,
            flow.to, tostring(flow.port), flow.state, flow.why)
        if not touches(flow, mine) then
            check.equal(flow.state, untouched[flow.name].state, at .. "; nobody's business")
        elseif not OVER[flow.state] then
            local entry = forecast.entry_for(list, plan, flow)
            local excused = entry and entry.class ~= "conversion" or from_forensics(args, flow)
            check.ok(excused, ("%s; the plan did not name it (%s)"):format(
                at, tostring(entry and entry.class)))
            left = left + 1
        end
    end
    return left
end

-- ---- the whole ------------------------------------------------------------------------------

local function forecast_of(one, args, plan)
    local base = rehearsal.worlds()
    local converts = false
    for _, call in ipairs(plan.mutations) do converts = converts or call.phase ~= nil end
    local judged = { instance = one.target.id, method = "groups", convert = converts,
                     settle = args.settle, families = { v4 = true, v6 = true },
                     forensics = args.forensics }
    return forecast.list(base, judged), judged
end

local function begin(seed)
    local one = random.world(seed)
    local flows = engine.new(one.w.world, { move_to = sim_clock.move_to })
    random.flows(one, flows)
    local args = random.arguments(one)
    flows:advance(3)
    return one, flows, args
end

-- Without faults. Gives what was seen, for the sums of the test: {nothing, refused, left}.
function case.isolate(seed)
    local one, flows, args = begin(seed)
    local world, ids = one.w.world, interfaces_of(one)
    local before = sim_world.fork(world)
    local plan = fake_host.rehearse(FILE, options_of(one, args))
    local revision = world.revision
    check.equal(world.revision, before.revision, "world " .. seed .. ": the rehearsal changed it")
    if plan.error then return { refused = plan.error } end
    local list, judged = forecast_of(one, args, plan)
    local control_world = sim_world.fork(world)
    local control = flows:fork(control_world)
    local options = options_of(one, args)
    options.settle = function(seconds) flows:advance(seconds) end
    local run = fake_host.pass(FILE, options)
    check.equal(run.error, nil, "world " .. seed)
    for _, expectation in ipairs(run.expects) do
        check.ok(expectation.ok, ("world %d: %s"):format(seed, expectation.text))
    end
    rehearsed_calls.compare(one.seed, plan, run, true)
    compare_resources(one, before, world, args, ids)
    control:advance((world.now - control_world.now) / 1000000)
    if world.revision == revision then return { nothing = true } end
    local left = compare_flows(one, flows, control, list, judged, args, ids)
    return { left = left, flows = #flows:report() }
end

local function wears_open_group(one)
    for _, interface in ipairs(one.target:interfaces()) do
        for _, worn in ipairs(interface.Groups) do
            local group = one.w.world.resources.SecurityGroups[worn.GroupId]
            if group.GroupName:find("^cordon%-open") and #group.IpPermissions > 0 then
                return true
            end
        end
    end
    return false
end

-- With a fault during the execution: what is done was rehearsed, and nothing stays open but by
-- closing calls that failed themselves.
function case.disturbed(seed)
    local one, flows, args = begin(seed)
    local world, ids = one.w.world, interfaces_of(one)
    local before = sim_world.fork(world)
    local plan = fake_host.rehearse(FILE, options_of(one, args))
    if plan.error then return { refused = plan.error } end
    world.faults = { random.fault(one.pick) }
    local options = options_of(one, args)
    options.settle = function(seconds) flows:advance(seconds) end
    options.gate = rehearsed_calls.gate_of(plan)
    local run = fake_host.pass(FILE, options)
    local left = rehearsed_calls.compare(one.seed, plan, run, run.error == nil and #run.warnings == 0)
    check.ok(run.error or #run.warnings > 0 or not left,
             "world " .. seed .. ": it left the plan and went on")
    world.faults = {}
    compare_resources(one, before, world, args, ids)
    local closing_failed = false
    for _, call in ipairs(run.mutations) do
        closing_failed = closing_failed or (call.phase == "close" and call.failed ~= nil)
    end
    check.ok(closing_failed or not wears_open_group(one), "world " .. seed .. ": left open")
    return { stopped = run.error ~= nil, left = left }
end

return case
