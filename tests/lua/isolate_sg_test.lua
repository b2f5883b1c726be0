-- isolate_sg_test.lua - isolate-sg through rehearsal and execution on a small EC2 in memory.
--
-- The one thing that matters most: both make the same mutating calls, under the same keys, once
-- planned ids are bound to the ids that the creates gave.
local check = require "check"
local fake_ec2 = require "fake_ec2"
local fake_host = require "fake_host"

local FILE = "playbooks/isolate-sg.lua"
local ANY = { { IpProtocol = "-1", IpRanges = { { CidrIp = "0.0.0.0/0" } } } }
local ANY_BOTH = { { IpProtocol = "-1", IpRanges = { { CidrIp = "0.0.0.0/0" } },
                     Ipv6Ranges = { { CidrIpv6 = "::/0" } } } }
local SSH = { { IpProtocol = "tcp", FromPort = 22, ToPort = 22,
                IpRanges = { { CidrIp = "203.0.113.0/24" } } } }

local function answerer(world)
    return function(operation, params) return world:call(operation, params) end
end

local function rehearse(world, args, more)
    return fake_host.rehearse(FILE, { args = args, answer = answerer(world),
                                      ticket = more and more.ticket })
end

local function execute(world, args, more)
    more = more or {}
    return fake_host.pass(FILE, { args = args, answer = answerer(world), seed = more.seed or 7,
                                  ticket = more.ticket })
end

local function bound(value, ids)
    if type(value) == "string" then
        return (value:gsub("sg%-%(planned%-%d+%)", function(id) return ids[id] end))
    end
    if type(value) ~= "table" then return value end
    local result = {}
    for key, inner in pairs(value) do result[key] = bound(inner, ids) end
    return result
end

-- The executed calls are the rehearsed ones, key by key.
local function same_calls(plan, run)
    local planned, made, ids = fake_host.by_key(plan.mutations), fake_host.by_key(run.mutations), {}
    check.equal(#run.mutations, #plan.mutations, "the number of mutations")
    for key, call in pairs(planned) do
        if call.operation == "create_security_group" then
            ids[call.result.GroupId] = made[key].result.GroupId
        end
    end
    for key, call in pairs(planned) do
        check.ok(made[key], key .. " was not made")
        check.equal({ made[key].operation, made[key].params, made[key].step, made[key].phase },
                    { call.operation, bound(call.params, ids), call.step, call.phase }, key)
    end
end

local function no_failed_expect(run)
    for _, expectation in ipairs(run.expects) do
        check.ok(expectation.ok, expectation.text .. ": " .. tostring(expectation.detail))
    end
end

-- Rehearses, executes with three orders of the branches in worlds that are alike, compares.
-- `build` makes a world and gives it with the arguments.
local function both(build, more)
    local world, args = build()
    local plan = rehearse(world, args, more)
    check.equal(plan.error, nil, "the rehearsal")
    local run
    for seed = 7, 9 do
        world, args = build()
        world.backwards = seed % 2 == 0
        run = execute(world, args, { seed = seed, ticket = more and more.ticket })
        check.equal(run.error, nil, "the execution")
        same_calls(plan, run)
    end
    no_failed_expect(run)
    return plan, run, world
end

-- One instance with one interface that the internet can reach.
local function simple(vpc_options, tags, more)
    local world = fake_ec2.new()
    local vpc = world:vpc(vpc_options)
    local subnet = world:subnet(vpc)
    local web = world:group(vpc, "web", SSH, ANY)
    local id = world:instance(tags, more)
    local eni = world:interface(id, subnet, { web },
                                { Association = { PublicIp = "198.51.100.7" } })
    return world, { instance = id, evidence = true }, { vpc = vpc, subnet = subnet, web = web,
                                                        eni = eni, id = id }
end

local function titles(run)
    local list = {}
    for i, step in ipairs(run.steps) do list[i] = step.title end
    return list
end

local function count(run, operation, phase)
    local n = 0
    for _, call in ipairs(run.mutations) do
        if call.operation == operation and (not phase or call.phase == phase) then n = n + 1 end
    end
    return n
end

-- What an interface carries at the end: {group}, and the group lets nothing through.
local function isolated(world, eni)
    local carried = world.interfaces[eni].groups
    check.equal(#carried, 1, "groups carried")
    local group = world.groups[carried[1]]
    check.equal({ next(group.ingress), next(group.egress) }, {}, "the final group's rules")
    return group
end

local function has_text(list, words)
    for _, text in ipairs(list) do
        if text:find(words, 1, true) then return end
    end
    error(("%q is in none of %s"):format(words, check.show(list)), 2)
end

local tests = {}
local function test(name, fn) tests[#tests + 1] = { name, fn } end

test("one interface: through the window, in five round trips", function()
    local plan, run, world = both(simple)
    check.equal(titles(run), { "Prepare", "Cut off", "Evidence", "Verify", "Clean up" })
    local group = isolated(world, next(world.interfaces))
    check.has(group.name, "cordon-final-20261124T021530Z")
    check.equal(count(run, "modify_network_interface_attribute", "open"), 1)
    check.equal(count(run, "modify_network_interface_attribute", "close"), 1)
    check.equal(count(run, "revoke_security_group_ingress", "close"), 1)
    check.equal(count(run, "revoke_security_group_egress", "close"), 1)
    check.equal(count(run, "delete_security_group"), 1)
    check.equal(run.settled, 5)
    -- Between the first create and the last closing call: one round of reads, to prove.
    for _, read in ipairs(run.reads) do check.ok(read.step ~= "Cut off", "a read in the cut") end
    has_text(run.value.survivors, "DNS")
    has_text(run.value.survivors, "not guarantee")
    -- The copy of the VPC, taken before, answers what a rehearsal reads.
    check.equal(plan.sent, {}, "reads sent by the rehearsal")
end)

test("the tags say run, time and ticket, and are those of the rehearsal", function()
    local _, _, world = both(simple, { ticket = "IR-42" })
    local id = next(world.instances)
    check.equal(world.tags[id]["cordon:ticket"], "IR-42")
    check.equal(world.tags[id]["cordon:isolated-at"], "2026-11-24T02:15:30Z")
    check.equal(world.tags[id]["cordon:run"], "20261124T021530Z-isolate-sg-7f3a")
end)

test("two interfaces in two subnets are swapped at once", function()
    local _, run, world = both(function()
        local world, args, ids = simple()
        world:interface(ids.id, world:subnet(ids.vpc), { ids.web })
        return world, args
    end)
    check.equal(count(run, "modify_network_interface_attribute", "open"), 2)
    for eni in pairs(world.interfaces) do isolated(world, eni) end
end)

test("interfaces in two VPCs get groups of their own VPC", function()
    local _, run, world = both(function()
        local world, args, ids = simple()
        local other = world:vpc { v6 = true }
        world:interface(ids.id, world:subnet(other), { world:group(other, "side", SSH, ANY) })
        return world, args
    end)
    check.equal(count(run, "create_security_group"), 4)
    for eni, interface in pairs(world.interfaces) do
        check.equal(isolated(world, eni).vpc, interface.VpcId)
    end
end)

test("a VPC with IPv6 is opened and closed in both families", function()
    local opened
    local _, run, world = both(function()
        local world, args = simple { v6 = true }
        world:fault("modify_network_interface_attribute", 1, function(w, p)
            opened = check.show(w:call("describe_security_groups", { GroupIds = p.Groups }))
            w.interfaces[p.NetworkInterfaceId].groups = p.Groups
            return {}
        end)
        return world, args
    end)
    check.has(opened, "::/0")
    check.equal(select(2, opened:gsub("::/0", "")), 2, "IPv6 rules of the opening group")
    isolated(world, next(world.interfaces))
    check.equal(count(run, "revoke_security_group_egress"), 3)
end)

test("prepared groups: two round trips, step1 keeps its rules, nothing is made", function()
    local step1
    local _, run, world = both(function()
        local world, args, ids = simple()
        args.mode = "prepared"
        args.step1 = world:group(ids.vpc, "step1", ANY, ANY)
        args.step2 = world:group(ids.vpc, "step2")
        step1 = args.step1
        return world, args
    end)
    check.equal(titles(run), { "Cut off", "Evidence", "Verify" })
    check.equal(count(run, "create_security_group"), 0)
    check.equal(isolated(world, next(world.interfaces)).name, "step2")
    check.ok(next(world.groups[step1].ingress), "step1 keeps its rules")
end)

local function refused(build, words)
    local world, args = build()
    local plan = rehearse(world, args)
    check.has(plan.error or "no error", words)
    check.equal(#plan.mutations, 0, "mutations")
end

test("prepared groups: somebody else on step1 is refused", function()
    refused(function()
        local world, args, ids = simple()
        args.mode, args.step2 = "prepared", world:group(ids.vpc, "step2")
        args.step1 = world:group(ids.vpc, "step1", ANY, ANY)
        local other = world:instance()
        world:interface(other, ids.subnet, { args.step1 })
        return world, args
    end, "is carried by i-")
end)

test("prepared groups: a step1 that is not open is refused", function()
    refused(function()
        local world, args, ids = simple { v6 = true }
        args.mode, args.step2 = "prepared", world:group(ids.vpc, "step2")
        args.step1 = world:group(ids.vpc, "step1", ANY, ANY_BOTH)
        return world, args
    end, "lacks in: all traffic ::/0")
end)

test("prepared groups: without step2 it says what is missing", function()
    refused(function()
        local world, args = simple()
        args.mode = "prepared"
        return world, args
    end, "needs step2=")
end)

test("forensics: the final group lets the investigators in, and nobody else", function()
    local _, run, world = both(function()
        local world, args = simple()
        args.forensics, args.forensics_ports = "203.0.113.9/32", { 22, 3389 }
        return world, args
    end)
    local eni = next(world.interfaces)
    local group = world.groups[world.interfaces[eni].groups[1]]
    check.equal(group.ingress, { ["tcp|22|22|IpRanges|203.0.113.9/32"] = true,
                                 ["tcp|3389|3389|IpRanges|203.0.113.9/32"] = true })
    check.equal(next(group.egress), nil)
    has_text(run.value.around, "203.0.113.9/32")
end)

test("forensics for everybody is refused", function()
    refused(function()
        local world, args = simple()
        args.forensics = "0.0.0.0/0"
        return world, args
    end, "would let everybody in")
end)

test("an existing final group is used when it is blank", function()
    local _, run, world = both(function()
        local world, args, ids = simple()
        args.final = world:group(ids.vpc, "quarantine")
        return world, args
    end)
    check.equal(count(run, "create_security_group"), 1)
    check.equal(isolated(world, next(world.interfaces)).name, "quarantine")
end)

test("an existing final group with a rule is refused, and the rule is named", function()
    refused(function()
        local world, args, ids = simple()
        args.final = world:group(ids.vpc, "quarantine", {}, ANY)
        return world, args
    end, "out: all traffic 0.0.0.0/0")
end)

test("a final group of another VPC is refused unless it is associated", function()
    local function build(state)
        return function()
            local world, args, ids = simple()
            args.final = world:group(world:vpc(), "quarantine")
            world.associations = { { GroupId = args.final, VpcId = ids.vpc, State = state } }
            return world, args
        end
    end
    refused(build("disassociated"), "is not associated with")
    both(build("associated"))
end)

test("an Auto Scaling member carries its hazard to the prompt", function()
    local _, run = both(function()
        return simple(nil, { ["aws:autoscaling:groupName"] = "fleet" })
    end)
    check.has(run.steps[2].hazards.asg, "Auto Scaling group fleet")
    has_text(run.value.around, "Auto Scaling group fleet")
end)

test("EKS, Spot and Beanstalk are recognised", function()
    local world, args = simple(nil, { ["kubernetes.io/cluster/prod"] = "owned",
                                      ["elasticbeanstalk:environment-name"] = "e" },
                               { InstanceLifecycle = "spot" })
    local hazards = rehearse(world, args).steps[2].hazards
    check.ok(hazards.eks and hazards.spot and hazards.beanstalk and not hazards.asg)
end)

local function behind_nat(convert)
    return function()
        local world = fake_ec2.new()
        local vpc = world:vpc()
        local subnet = world:subnet(vpc, { { DestinationCidrBlock = "0.0.0.0/0",
                                             NatGatewayId = "nat-1", State = "active" } })
        local id = world:instance()
        world:interface(id, subnet, { world:group(vpc, "web", SSH, ANY) })
        return world, { instance = id, convert = convert, evidence = false }
    end
end

test("behind a NAT gateway only: no window, and it says why", function()
    local _, run, world = both(behind_nat("auto"))
    check.equal(titles(run), { "Prepare", "Cut off", "Verify" })
    check.equal(run.settled, nil)
    check.equal(count(run, "create_security_group"), 1)
    has_text(run.logs, "nat-1")
    has_text(run.value.survivors, "flows through nat-1 (always tracked)")
    isolated(world, next(world.interfaces))
end)

test("convert=always opens a window behind a NAT gateway too", function()
    local _, run = both(behind_nat("always"))
    check.equal(run.settled, 5)
end)

test("a default VPC: UnknownIpPermissions that left a rule stop it before the cut", function()
    local world, args = simple { default = true }
    world:fault("revoke_security_group_egress", 1, function(_, p)
        return { Return = true, UnknownIpPermissions = p.IpPermissions }
    end)
    local run = execute(world, args)
    check.has(run.error, "UnknownIpPermissions")
    check.has(run.error, "nobody was put on them")
    check.equal(count(run, "modify_network_interface_attribute"), 0)
end)

test("a default VPC: UnknownIpPermissions of a rule that is gone are read back, then it goes on",
     function()
    local world, args = simple { default = true }
    world:fault("revoke_security_group_egress", 1, function(w, p)
        w.groups[p.GroupId].egress = {}
        return { Return = true, UnknownIpPermissions = p.IpPermissions }
    end)
    local run = execute(world, args)
    check.equal(run.error, nil)
    has_text(run.logs, "read back: as wanted")
    isolated(world, next(world.interfaces))
end)

test("a closing revoke that did nothing is an error, and the swap has cut all the same", function()
    local world, args, ids = simple { default = true }
    world:fault("revoke_security_group_ingress", 1, function(_, p)
        return { Return = true, UnknownIpPermissions = p.IpPermissions }
    end)
    local run = execute(world, args)
    check.has(run.error, "has rules still")
    isolated(world, ids.eni)
end)

test("NotFound and Duplicate are read back, and do not stop it", function()
    local world, args = simple()
    world:fault("authorize_security_group_ingress", 1, function(w, p)
        w.groups[p.GroupId].ingress["-1|nil|nil|IpRanges|0.0.0.0/0"] = true
        error({ code = "InvalidPermission.Duplicate", message = "there" }, 0)
    end)
    local run = execute(world, args)
    check.equal(run.error, nil)
    no_failed_expect(run)
end)

test("a denied authorize stops it with its own error", function()
    local world, args = simple()
    world:fault("authorize_security_group_ingress", 1, "UnauthorizedOperation")
    check.has(execute(world, args).error, "UnauthorizedOperation")
end)

test("a stale read-back is read again", function()
    local world, args = simple()
    world:fault("describe_security_groups", 2, function(w, p)
        local list = {}
        for i, id in ipairs(p.GroupIds) do
            list[i] = { GroupId = id, GroupName = w.groups[id].name, IpPermissions = {},
                        IpPermissionsEgress = ANY }
        end
        return { SecurityGroups = list }
    end)
    check.equal(execute(world, args).error, nil)
end)

test("isolated already: nothing is called, nothing changes", function()
    local world, args, ids = simple()
    check.equal(execute(world, args).error, nil)
    for _, more in ipairs { {}, { final = world.interfaces[ids.eni].groups[1] } } do
        more.instance = args.instance
        local run = rehearse(world, more)
        check.equal(run.error, nil)
        check.equal(#run.mutations, 0)
        check.has(run.value.nothing_to_do, "is isolated already")
        check.equal(#run.steps, 0)
    end
end)

test("a managed interface is left alone and named", function()
    local _, run, world = both(function()
        local world, args, ids = simple()
        world:interface(ids.id, ids.subnet, { ids.web }, { RequesterManaged = true })
        return world, args
    end)
    check.equal(count(run, "modify_network_interface_attribute"), 2)
    has_text(run.value.survivors, "AWS manages this interface")
    check.ok(next(world.interfaces))
end)

test("an interface attached meanwhile fails the verification", function()
    local world, args, ids = simple()
    world:fault("create_tags", 1, function(w)
        w:interface(ids.id, ids.subnet, { ids.web })
        return {}
    end)
    local run = execute(world, args)
    local failed = {}
    for _, expectation in ipairs(run.expects) do
        if not expectation.ok then failed[#failed + 1] = expectation.detail end
    end
    check.equal(#failed, 1)
    check.has(failed[1], "is not covered")
end)

test("a lost tag is a warning, the verification goes on", function()
    local world, args = simple()
    world:fault("create_tags", 1, "UnauthorizedOperation")
    local run = execute(world, args)
    check.equal(run.error, nil)
    check.has(run.warnings[1], "Evidence")
    no_failed_expect(run)
end)

test("reads that only inform may be denied", function()
    local world, args = simple()
    world:fault("describe_route_tables", 1, "UnauthorizedOperation")
    world:fault("describe_vpc_endpoints", 1, "UnauthorizedOperation")
    local run = execute(world, args)
    check.equal(run.error, nil)
    has_text(run.value.survivors, "routes could not be read")
end)

test("a stopped instance is not opened", function()
    local _, run = both(function() return simple(nil, nil, { State = { Name = "stopped" } }) end)
    check.equal(run.settled, nil)
end)

test("the opening group is deleted only once it is free", function()
    local world, args, ids = simple()
    local shown = 0
    world:fault("describe_network_interfaces", 4, function(w)
        shown = shown + 1
        return { NetworkInterfaces = { w:shown_interface(w.interfaces[ids.eni]) } }
    end)
    local run = execute(world, args)
    check.equal(run.error, nil)
    check.equal(shown, 1)
    check.equal(#run.warnings, 0)
end)

return tests
