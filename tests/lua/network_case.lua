-- network_case.lua - one isolation by NACLs, routes or gateways in a random world, judged.
--
-- Owns: what must hold afterwards. Each check raises a text that names the world's seed.
local check = require "check"
local engine = require "flow_engine"
local fake_host = require "fake_host"
local network_random = require "network_random"
local random = require "isolation_random"
local rehearsed_calls = require "rehearsed_calls"
local sim = require "sim"
local sim_clock = require "sim_clock"
local sim_world = require "sim_world"

local case = {}

local OUTSIDE = { v4 = { "198.51.100.7", "203.0.113.9", "10.9.0.7" },
                  v6 = { "2001:db8:ffff::7", "2001:db8:eeee::9" } }

local function answerer(world)
    return function(operation, params)
        local answer = sim.answer(world, { service = "ec2", operation = operation,
                                           params = params })
        if answer.value then return answer.value end
        error(answer.error or { code = "NotModelled", message = operation }, 0)
    end
end

local function begin(seed)
    local one = random.world(seed)
    network_random.edges(one)
    one.playbook, one.args = network_random.method(one)
    one.file = ("playbooks/%s.lua"):format(one.playbook)
    one.flows = engine.new(one.w.world, { move_to = sim_clock.move_to })
    random.flows(one, one.flows)
    one.flows:advance(3)
    one.at = ("world %d, %s mode=%s"):format(seed, one.playbook, one.args.mode)
    return one
end

local function options_of(one)
    return { args = one.args, answer = answerer(one.w.world), seed = one.seed }
end

-- ---- new connections ----------------------------------------------------------------------

local function address_of(raw, family)
    if family == "v4" then return raw.PrivateIpAddress end
    return raw.Ipv6Addresses and raw.Ipv6Addresses[1] and raw.Ipv6Addresses[1].Ipv6Address
end

local function kept(one, address)
    return one.args.keep and one.args.keep:match("^[^/]+") == address
end

-- May this address still be reached after the method was carried out?
local function is_excused(one, address)
    -- A way that is none of the gateways' is left by the mode that removes only theirs.
    if one.args.mode == "strip-routes" then return address:find("^10%.9%.") ~= nil end
    return kept(one, address)
end

-- The ends that must not be reached: outside the VPC, and for a NACL outside the subnet.
local function peers_of(one, own, family)
    local list = {}
    for _, address in ipairs(OUTSIDE[family]) do
        if not is_excused(one, address) then list[#list + 1] = address end
    end
    if one.playbook ~= "isolate-nacl" then return list end
    for id, raw in pairs(one.w.world.resources.NetworkInterfaces) do
        local mine = (raw.Attachment or {}).InstanceId == one.target.id
        if not mine and raw.SubnetId ~= own.SubnetId and address_of(raw, family) then
            list[#list + 1] = id
        end
    end
    return list
end

local function probe(one, from, to, family, protocol)
    local copy = engine.new(sim_world.fork(one.w.world), { move_to = sim_clock.move_to })
    local ok, state, why = pcall(copy.add, copy, {
        name = "probe", from = from, to = to, family = family, protocol = protocol,
        port = protocol ~= "icmp" and 443 or nil })
    if not ok then return end -- no such flow can be: a family that one end does not have
    check.ok(state == "never possible" or state == "cut", ("%s: a new %s connection from %s to %s "
        .. "is %s: %s"):format(one.at, protocol, from, to, state, tostring(why)))
end

local function no_new_connections(one)
    local count = 0
    for _, own in ipairs(one.target:interfaces()) do
        for _, family in ipairs { "v4", "v6" } do
            for _, peer in ipairs(address_of(own, family) and peers_of(one, own, family) or {}) do
                for _, protocol in ipairs { "tcp", "udp", "icmp" } do
                    probe(one, own.NetworkInterfaceId, peer, family, protocol)
                    probe(one, peer, own.NetworkInterfaceId, family, protocol)
                    count = count + 2
                end
            end
        end
    end
    return count
end

-- ---- open connections ---------------------------------------------------------------------

local function ends_of(one, flow)
    local list = {}
    for _, side in ipairs(flow.sides) do
        list[#list + 1] = one.w.world.resources.NetworkInterfaces[side.interface]
    end
    return list
end

local function is_named(run, raw)
    local instance = (raw.Attachment or {}).InstanceId
    for _, text in ipairs(run.logs) do
        if instance and text:find(instance, 1, true) then return true end
    end
    return false
end

local function is_of_target(one, ends)
    for _, raw in ipairs(ends) do
        if (raw.Attachment or {}).InstanceId == one.target.id then return true end
    end
    return false
end

-- Does an open flow of the target cross what was closed?
local function crosses(one, flow, ends)
    if #ends == 2 then
        return one.playbook == "isolate-nacl" and ends[1].SubnetId ~= ends[2].SubnetId
    end
    for _, address in ipairs { flow.from, flow.to } do
        if is_excused(one, address) then return false end
    end
    return true
end

-- Flows of the target do not cross the edge; of the others, those that changed were named.
local function compare_flows(one, run, control)
    local before = {}
    for _, flow in ipairs(control:report()) do before[flow.name] = flow end
    local stopped = 0
    for _, flow in ipairs(one.flows:report()) do
        local ends = ends_of(one, flow)
        local at = ("%s, %s %s -> %s: %s, %s"):format(one.at, flow.protocol, flow.from, flow.to,
                                                      flow.state, tostring(flow.why))
        local changed = flow.state ~= before[flow.name].state
        if is_of_target(one, ends) then
            check.ok(flow.state ~= "alive" or not crosses(one, flow, ends), at)
        elseif changed then
            local named = false
            for _, raw in ipairs(ends) do named = named or is_named(run, raw) end
            check.ok(named, at .. "; who is hit was not named")
        end
        if changed then stopped = stopped + 1 end
    end
    return stopped
end

-- ---- the whole ----------------------------------------------------------------------------

-- Without faults. Gives what was seen, for the sums of the test.
function case.isolate(seed)
    local one = begin(seed)
    local world = one.w.world
    local plan = fake_host.rehearse(one.file, options_of(one))
    check.equal(plan.error, nil, one.at)
    local control_world = sim_world.fork(world)
    local control, revision = one.flows:fork(control_world), world.revision
    local run = fake_host.pass(one.file, options_of(one))
    check.equal(run.error, nil, one.at)
    for _, expectation in ipairs(run.expects) do
        check.ok(expectation.ok, ("%s: %s: %s"):format(one.at, expectation.text,
                                                       tostring(expectation.detail)))
    end
    rehearsed_calls.compare(seed, plan, run, not one.raised)
    one.flows:changed()
    local probes = no_new_connections(one)
    local stopped = compare_flows(one, run, control)
    local full = 0
    for _, call in ipairs(run.mutations) do
        if call.operation == "delete_network_acl_entry" then full = 1 end
    end
    return { probes = probes, stopped = stopped, full = full,
             nothing = world.revision == revision }
end

-- With a fault during the execution: what is done was rehearsed, or nothing more is done.
function case.disturbed(seed)
    local one = begin(seed)
    local plan = fake_host.rehearse(one.file, options_of(one))
    one.w.world.faults = { network_random.fault(one.pick) }
    local options = options_of(one)
    options.gate = rehearsed_calls.gate_of(plan)
    local run = fake_host.pass(one.file, options)
    local left = rehearsed_calls.compare(seed, plan, run,
                                         not one.raised and run.error == nil and #run.warnings == 0)
    check.ok(run.error or #run.warnings > 0 or not left, one.at .. ": it left the plan and went on")
    return { stopped = run.error ~= nil, left = left }
end

return case
