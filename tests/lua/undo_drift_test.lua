-- undo_drift_test.lua - what others changed since is left alone; what cannot be read is not guessed.
local advisor = require "advisor"
local check = require "check"
local undo_run = require "undo_run"
local undo_world = require "undo_world"

local tests = {}
local function test(name, fn) tests[#tests + 1] = { name, fn } end

local function modify(call, id, groups)
    call("modify_network_interface_attribute", { NetworkInterfaceId = id, Groups = groups })
end

local function colleague(s)
    return function(operation, params) return s.w:call(operation, params) end
end

local function ours(s)
    return function(operation, params) return s.run:call(operation, params) end
end

local function groups_of(s, id)
    local ids = {}
    for i, group in ipairs(s:resource("NetworkInterfaces", id).Groups) do ids[i] = group.GroupId end
    return ids
end

local function item(items, subject, attribute)
    for _, one in ipairs(items) do
        if one.subject == subject and one.attribute == attribute then return one end
    end
    error(("no item %s %s in %s"):format(subject, attribute, check.show(items)), 2)
end

-- An isolation as a playbook does it: a group that opens, then one that does not.
local function isolate(s)
    local call, groups = ours(s), {}
    for i, name in ipairs { "open", "final" } do
        groups[i] = call("create_security_group", { GroupName = name, Description = name,
                                                    VpcId = s.vpc }).GroupId
        call("revoke_security_group_egress", { GroupId = groups[i], IpPermissions = {
            { IpProtocol = "-1", IpRanges = { { CidrIp = "0.0.0.0/0" } } } } })
    end
    call("authorize_security_group_ingress", { GroupId = groups[1], IpPermissions = {
        { IpProtocol = "-1", IpRanges = { { CidrIp = "0.0.0.0/0" } } } } })
    for _, group in ipairs(groups) do
        modify(call, s.eni, { group })
        modify(call, s.second, { group })
    end
    call("delete_security_group", { GroupId = groups[1] })
    return groups[2], groups[1]
end

test("an isolation: two stages, the window that was open in between is not restored", function()
    local s = undo_world.new()
    local final = isolate(s)
    local plan = s.run:undo()
    check.equal(#plan.stages, 2)
    check.equal(#plan.stages[1], 2, "both interfaces at once")
    check.equal(plan.stages[2][1].params, { GroupId = final })
    check.equal(#plan.items, 3)
    local line = item(plan.items, s.eni, "groups")
    check.equal({ line.was, line.left, line.now, line.state },
                { s.web .. ", " .. s.locked, final, final, "back" })
    s.run:check_undone(s.before, "isolation")
    check.equal(groups_of(s, s.eni), { s.web, s.locked }, "in their order")
end)

test("a rule that a revoke did not find, as AWS said, is nobody's change: the group goes", function()
    local s = undo_world.new()
    local call = ours(s)
    local all = { { IpProtocol = "-1", IpRanges = { { CidrIp = "0.0.0.0/0" } } } }
    local id = call("create_security_group", { GroupName = "g", Description = "g",
                                               VpcId = s.vpc }).GroupId
    call("revoke_security_group_egress", { GroupId = id, IpPermissions = all })
    colleague(s)("authorize_security_group_egress", { GroupId = id, IpPermissions = all })
    check.equal(item(s.run:undo().items, id, "security group").state, "drift")
    s.run.changes[2].result.UnknownIpPermissions = all
    check.equal(item(s.run:undo().items, id, "security group").state, "back")
    s.run:check_undone(s.before, "a revoke that did nothing")
end)

test("an interface that a colleague gave other groups is left alone, the other comes back", function()
    local s = undo_world.new()
    isolate(s)
    modify(colleague(s), s.second, { s.locked })
    local plan = s.run:undo()
    check.equal(item(plan.items, s.second, "groups").state, "drift")
    check.equal(item(plan.items, s.eni, "groups").state, "back")
    s.run:apply(plan)
    check.equal(groups_of(s, s.second), { s.locked })
    check.equal(groups_of(s, s.eni), { s.web, s.locked })
end)

test("a colleague who restored it already: nothing to do", function()
    local s = undo_world.new()
    isolate(s)
    modify(colleague(s), s.eni, { s.web, s.locked })
    check.equal(item(s.run:undo().items, s.eni, "groups").state, "already")
    s.run:check_undone(s.before, "restored by hand")
end)

test("a group with a colleague's rule is not deleted, and the rule is named", function()
    local s = undo_world.new()
    local final = isolate(s)
    s.w:call("authorize_security_group_ingress", { GroupId = final, IpPermissions = {
        { IpProtocol = "tcp", FromPort = 22, ToPort = 22,
          IpRanges = { { CidrIp = "203.0.113.0/24" } } } } })
    local added = item(s.run:left(), final, "ingress rule tcp 22 from 203.0.113.0/24")
    check.equal({ added.state, added.left }, { "moved", "" })
    local plan = s.run:undo()
    local line = item(plan.items, final, "security group")
    check.equal(line.state, "drift")
    check.has(line.note, "tcp 22 from 203.0.113.0/24")
    s.run:apply(plan)
    check.ok(s:resource("SecurityGroups", final))
    check.equal(groups_of(s, s.eni), { s.web, s.locked })
end)

test("verify: as it was left, or what came loose", function()
    local s = undo_world.new()
    local final = isolate(s)
    for _, one in ipairs(s.run:left()) do check.equal(one.state, "as_left") end
    modify(colleague(s), s.eni, { s.web })
    local line = item(s.run:left(), s.eni, "groups")
    check.equal({ line.state, line.left, line.now }, { "moved", final, s.web })
    s.w:call("authorize_security_group_egress", { GroupId = final, IpPermissions = {
        { IpProtocol = "-1", IpRanges = { { CidrIp = "0.0.0.0/0" } } } } })
    check.equal(item(s.run:left(), final, "egress rule all traffic to 0.0.0.0/0").state, "moved")
end)

test("entries, routes, tags and attributes of others' are left alone", function()
    local s = undo_world.new()
    local call, theirs = ours(s), colleague(s)
    local function entry(action, cidr)
        return { NetworkAclId = s.acl, RuleNumber = 1, Egress = false, Protocol = "-1",
                 RuleAction = action, CidrBlock = cidr }
    end
    local function route(target)
        target.RouteTableId, target.DestinationCidrBlock = s.rtb, "172.16.0.0/16"
        return target
    end
    local function tag(value)
        return { Resources = { s.instance }, Tags = { { Key = "Name", Value = value } } }
    end
    call("create_network_acl_entry", entry("deny", "0.0.0.0/0"))
    theirs("replace_network_acl_entry", entry("deny", "192.0.2.0/24"))
    call("create_route", route { GatewayId = s.igw })
    theirs("replace_route", route { NatGatewayId = s.nat })
    call("create_tags", tag "ours")
    theirs("create_tags", tag "theirs")
    call("associate_route_table", { RouteTableId = s.rtb, SubnetId = s.subnet })
    local plan = s.run:undo()
    check.equal(undo_run.states(plan.items), {
        [s.acl .. " inbound entry 1"] = "drift", [s.rtb .. " route 172.16.0.0/16"] = "drift",
        [s.instance .. " tag Name"] = "drift", [s.subnet .. " route table"] = "back" })
    local line = item(plan.items, s.acl, "inbound entry 1")
    check.equal({ line.was, line.left, line.now },
                { "", "deny all traffic 0.0.0.0/0", "deny all traffic 192.0.2.0/24" })
    check.equal(#plan.stages, 1)
end)

test("what is gone meanwhile has no way back, and says so", function()
    local s = undo_world.new()
    modify(ours(s), s.free, { s.locked })
    s.w:call("delete_network_interface", { NetworkInterfaceId = s.free })
    local line = s.run:undo().items[1]
    check.equal({ line.state, line.now }, { "drift", "" })
end)

test("a blackhole that was replaced: AWS makes no such route again", function()
    local s = undo_world.new()
    local route = { RouteTableId = s.rtb, DestinationCidrBlock = "172.16.0.0/16",
                    EgressOnlyInternetGatewayId = nil }
    route.NatGatewayId = s.nat
    s.w:call("create_route", route)
    s.w:call("delete_nat_gateway", { NatGatewayId = s.nat })
    s:wait(120)
    s.run:call("delete_route", { RouteTableId = s.rtb, DestinationCidrBlock = "172.16.0.0/16" })
    check.equal(s.run.changes[1].inverse.class, "irreversible")
    local line = s.run:undo().items[1]
    check.equal(line.state, "lost")
    check.has(line.note, "blackhole")
end)

test("an address that AWS assigned is lost; the plan had said so", function()
    local s = undo_world.new()
    local call = ours(s)
    s.w:call("disassociate_address", { AssociationId = s:resource("Addresses",
                                                                  s.address).AssociationId })
    s.w:call("modify_network_interface_attribute", { NetworkInterfaceId = s.eni,
                                                     AssociatePublicIpAddress = true })
    local ip = s:resource("NetworkInterfaces", s.eni).Association.PublicIp
    call("modify_network_interface_attribute", { NetworkInterfaceId = s.eni,
                                                 AssociatePublicIpAddress = false })
    local inverse = s.run.changes[1].inverse
    check.equal(inverse.class, "irreversible")
    check.has(inverse.note, ip)
    check.equal(s.run:undo().items[1].state, "lost")
    s.w:call("modify_network_interface_attribute", { NetworkInterfaceId = s.eni,
                                                     AssociatePublicIpAddress = true })
    s.run.changes = {}
    call("associate_address", { AllocationId = s.address, NetworkInterfaceId = s.eni })
    check.equal(s.run.changes[1].inverse.class, "irreversible", "an Elastic IP displaces it")
end)

test("stopping: the memory is lost, undo does not start anything", function()
    local s = undo_world.new()
    s.run:call("stop_instances", { InstanceIds = { s.instance } })
    s:wait(120)
    local plan = s.run:undo()
    check.equal(plan.stages, {})
    check.equal(plan.items[1].state, "lost")
    check.has(plan.items[1].note, "memory")
end)

-- ---- what is not known --------------------------------------------------------------------

local DENIED = { error = { code = "UnauthorizedOperation", message = "not allowed" } }

local function denied_answers(reads)
    local list = {}
    for i in ipairs(reads) do list[i] = DENIED end
    return list
end

test("what cannot be read now is not touched", function()
    local s = undo_world.new()
    isolate(s)
    local answers = denied_answers(advisor.undo_reads(s.run.changes))
    local plan = advisor.undo(s.run.changes, answers)
    check.equal(plan.stages, {})
    for _, line in ipairs(plan.items) do
        check.equal(line.state, "unknown")
        check.has(line.note, "UnauthorizedOperation")
    end
    for _, line in ipairs(advisor.left(s.run.changes, answers).items) do
        check.equal(line.state, "unknown")
    end
end)

test("what could not be read before has no way back", function()
    local s = undo_world.new()
    for _, one in ipairs {
        { "modify_network_interface_attribute", { NetworkInterfaceId = s.eni,
                                                  Groups = { s.locked } } },
        { "delete_network_acl_entry", { NetworkAclId = s.acl, RuleNumber = 90, Egress = false } },
        { "replace_network_acl_association", { AssociationId = s:acl_association(),
                                               NetworkAclId = s.other_acl } },
        { "revoke_security_group_ingress", { GroupId = s.web, IpPermissions = {
            { IpProtocol = "tcp", FromPort = 443, ToPort = 443,
              IpRanges = { { CidrIp = "0.0.0.0/0" } } } } } },
        { "create_tags", { Resources = { s.eni }, Tags = { { Key = "a", Value = "b" } } } },
    } do
        local call = { service = "ec2", operation = one[1], params = one[2], created = {} }
        local before = advisor.before(call, denied_answers(advisor.reads_needed(call)))
        local inverse = advisor.inverse(call, before, {})
        check.equal(inverse.class, "irreversible", one[1])
        check.has(inverse.note, "not allowed")
        s.run.changes = { { service = "ec2", operation = one[1], params = one[2], before = before,
                            inverse = inverse, result = {}, ok = true } }
        local plan = s.run:undo()
        check.equal(plan.stages, {}, one[1])
        check.ok(plan.items[1].state == "lost" or plan.items[1].state == "unknown", one[1])
    end
end)

test("a create without an answer and without the run's tag is not guessed", function()
    local s = undo_world.new()
    s.run:call("create_route_table", { VpcId = s.vpc }, nil, "unknown")
    local plan = s.run:undo()
    check.equal({ plan.stages, plan.items[1].state }, { {}, "unknown" })
    check.has(plan.items[1].note, "look for it yourself")
end)

test("an operation that nobody knows is named as lost", function()
    local plan = advisor.undo({ { service = "ec2", operation = "modify_hosts", params = {},
                                  ok = true } }, {})
    check.equal({ plan.stages, plan.items[1].state }, { {}, "lost" })
end)

test("evidence tags are kept", function()
    local s = undo_world.new()
    s.run:call("create_tags", { Resources = { s.instance }, Tags = {
        { Key = "cordon:run", Value = "run-1" } } })
    local plan = s.run:undo()
    check.equal({ plan.stages, plan.items[1].state }, { {}, "kept" })
    check.equal(plan.items[1].subject, s.instance)
end)

test("user data is never read", function()
    local call = { service = "ec2", operation = "modify_instance_attribute", created = {},
                   params = { InstanceId = "i-0123456789abcdef0", UserData = { Value = "x" } } }
    check.equal(advisor.reads_needed(call), {})
    check.equal(advisor.inverse(call).class, "irreversible")
end)

test("whose else: everyone behind a list, a table, a gateway, from the copy of the VPC", function()
    local rehearsal, session = require "rehearsal", require "sim_session"
    local s = undo_world.new()
    rehearsal.begin()
    session.put("base", s.w.world)
    local call = { service = "ec2", operation = "create_network_acl_entry", created = {},
                   params = { NetworkAclId = s.acl, RuleNumber = 1, Egress = false,
                              Protocol = "-1", RuleAction = "deny", CidrBlock = "0.0.0.0/0" } }
    local hits = advisor.hits(call, {})
    check.equal(hits.target, { s.acl })
    check.ok(#hits.others >= 3, check.show(hits.others))
    rehearsal.begin()
    check.equal(advisor.hits(call, {}), nil, "not known without the copy")
end)

return tests
