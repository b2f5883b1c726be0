-- advisor_test.lua - before-states, inverses, diffs and hits.
local check = require "check"
local advisor = require "advisor"
local rehearsal = require "rehearsal"

local SSH = { IpProtocol = "tcp", FromPort = 22, ToPort = 22,
              IpRanges = { { CidrIp = "203.0.113.0/24" } } }
local OUT = { IpProtocol = "-1", IpRanges = { { CidrIp = "0.0.0.0/0" } },
              Ipv6Ranges = { { CidrIpv6 = "::/0" } } }

local function call(operation, params, created)
    return { service = "ec2", operation = operation, params = params, created = created }
end

local function value(v) return { value = v } end

local function lines(diff)
    local list = {}
    for i, line in ipairs(diff) do
        list[i] = ("%s %s %s %s -> %s"):format(line.sign, line.subject, line.attribute,
                                              line.before or "", line.after or "")
    end
    return list
end

local function interface()
    return value { NetworkInterfaces = { {
        NetworkInterfaceId = "eni-1", SubnetId = "subnet-1", VpcId = "vpc-1",
        Attachment = { InstanceId = "i-1" },
        Groups = { { GroupId = "sg-2", GroupName = "db" },
                   { GroupId = "sg-1", GroupName = "web" } } } } }
end

local tests = {}
local function test(name, fn) tests[#tests + 1] = { name, fn } end

test("groups of an interface: restored in their order, named in the diff", function()
    local c = call("modify_network_interface_attribute",
                   { NetworkInterfaceId = "eni-1", Groups = { "sg-(planned-1)" } })
    rehearsal.begin()
    rehearsal.seen(call("describe_vpcs", {}), { Vpcs = { { VpcId = "vpc-1", CidrBlock = "10.0.0.0/16" } } })
    rehearsal.answer(call("create_security_group", { GroupName = "cordon-final-x", VpcId = "vpc-1",
                                                     Description = "x" }),
                     { GroupId = "sg-(planned-1)" })
    rehearsal.answer(call("delete_security_group", { GroupId = "sg-(planned-1)" }), {})
    check.equal(#advisor.reads_needed(c), 1)
    local before = advisor.before(c, { interface() })
    check.equal(advisor.inverse(c, before).calls, { call("modify_network_interface_attribute",
        { NetworkInterfaceId = "eni-1", Groups = { "sg-2", "sg-1" } }) })
    check.equal(lines(advisor.diff(c, before)),
                { '~ eni-1 groups db (sg-2), web (sg-1) -> sg-(planned-1) "cordon-final-x"' })
    check.equal(advisor.hits(c, before), { target = { "eni-1", "i-1" }, others = {} })
end)

test("an existing group that an interface gets is read for its name", function()
    local c = call("modify_network_interface_attribute",
                   { NetworkInterfaceId = "eni-1", Groups = { "sg-9" } })
    check.equal(advisor.reads_needed(c)[2].params, { GroupIds = { "sg-9" } })
    local before = advisor.before(c, { interface(),
        value { SecurityGroups = { { GroupId = "sg-9", GroupName = "quarantine" } } } })
    check.has(lines(advisor.diff(c, before))[1], "-> quarantine (sg-9)")
end)

test("what could not be read has no inverse, and says so", function()
    local c = call("modify_network_interface_attribute",
                   { NetworkInterfaceId = "eni-1", Groups = { "sg-9" } })
    local denied = { error = { code = "UnauthorizedOperation", message = "no" } }
    local inverse = advisor.inverse(c, advisor.before(c, { denied, denied }))
    check.equal(inverse.class, "irreversible")
    check.has(inverse.note, "UnauthorizedOperation")
end)

test("another attribute of an interface is not pretended to be known", function()
    local c = call("modify_network_interface_attribute",
                   { NetworkInterfaceId = "eni-1", EnablePrimaryIpv6 = true })
    check.equal(advisor.reads_needed(c), {})
    check.equal(advisor.before(c, {}), nil)
    check.equal(advisor.inverse(c, nil).class, "irreversible")
    check.equal(advisor.hits(c, nil), nil)
end)

test("what a call changes beside what is known of it is not passed over", function()
    local mixed = {
        call("modify_network_interface_attribute",
             { NetworkInterfaceId = "eni-1", Groups = { "sg-2" }, SourceDestCheck = { Value = false } }),
        call("delete_security_group", { GroupId = "sg-(planned-1)", GroupName = "another" }),
        call("revoke_security_group_ingress",
             { GroupId = "sg-1", SecurityGroupRuleIds = { "sgr-1" },
               IpPermissions = { { IpProtocol = "-1", IpRanges = { { CidrIp = "10.0.0.0/8" } } } } }),
    }
    for _, c in ipairs(mixed) do
        local before = advisor.before(c, { value(interface()), value {}, value {} })
        check.equal(advisor.inverse(c, before).class, "irreversible")
        check.equal(advisor.hits(c, before), nil)
        check.equal(advisor.diff(c, before)[1].attribute, c.operation)
    end
end)

test("a created group is deleted by its id; its own rules and deletion need no inverse", function()
    local create = call("create_security_group", { GroupName = "x", VpcId = "vpc-1" })
    check.equal(advisor.inverse(create, nil, { GroupId = "sg-7" }).calls,
                { call("delete_security_group", { GroupId = "sg-7" }) })
    rehearsal.begin()
    check.equal(lines(advisor.diff(create)), { '+ security group new  -> "x" in vpc-1' })
    for _, operation in ipairs { "authorize_security_group_ingress",
                                 "revoke_security_group_egress", "delete_security_group" } do
        local c = call(operation, { GroupId = "sg-7", IpPermissions = { OUT } }, { "sg-7" })
        local inverse = advisor.inverse(c, advisor.before(c, {}))
        check.equal({ inverse.class, inverse.calls }, { "inverted", {} })
        check.has(inverse.note, "made by this run")
        check.equal(advisor.reads_needed(c), {})
    end
    local foreign = call("delete_security_group", { GroupId = "sg-8" }, { "sg-7" })
    check.equal(advisor.inverse(foreign, {}).class, "irreversible")
end)

local function group_answers()
    local described = { IpProtocol = "tcp", FromPort = 22, ToPort = 22,
                        IpRanges = { { CidrIp = "203.0.113.0/24", Description = "office" } } }
    return { value { SecurityGroups = { { GroupId = "sg-1", GroupName = "web", VpcId = "vpc-1",
                                          IpPermissions = { described },
                                          IpPermissionsEgress = { OUT } } } },
             value { NetworkInterfaces = {
                 { NetworkInterfaceId = "eni-1", Attachment = { InstanceId = "i-1" },
                   PrivateIpAddress = "10.0.0.1" },
                 { NetworkInterfaceId = "eni-2", Attachment = { InstanceId = "i-1" } },
                 { NetworkInterfaceId = "eni-3", Description = "a load balancer's" } } } }
end

test("an authorized rule is revoked, and everybody with the group is hit", function()
    local params = { GroupId = "sg-1", IpPermissions = { SSH } }
    local c = call("authorize_security_group_ingress", params)
    local before = advisor.before(c, group_answers())
    check.equal(advisor.inverse(c, before).calls, { call("revoke_security_group_ingress", params) })
    check.equal(lines(advisor.diff(c, before)),
                { "+ web (sg-1) ingress  -> tcp 22 from 203.0.113.0/24" })
    check.equal(advisor.hits(c, before).others,
                { { id = "i-1", name = "10.0.0.1", kind = "instance" },
                  { id = "eni-3", name = "a load balancer's", kind = "network interface" } })
end)

test("a revoked rule comes back with its description, and only if it was there", function()
    local other = { IpProtocol = "udp", FromPort = 53, ToPort = 53,
                    IpRanges = { { CidrIp = "10.0.0.0/8" } } }
    local c = call("revoke_security_group_ingress",
                   { GroupId = "sg-1", IpPermissions = { SSH, other } })
    local inverse = advisor.inverse(c, advisor.before(c, group_answers()))
    check.equal(inverse.calls[1].params.IpPermissions, {
        { IpProtocol = "tcp", FromPort = 22, ToPort = 22,
          IpRanges = { { CidrIp = "203.0.113.0/24", Description = "office" } } } })
end)

test("rules revoked by id are found before", function()
    local c = call("revoke_security_group_egress",
                   { GroupId = "sg-1", SecurityGroupRuleIds = { "sgr-1" } })
    check.equal(#advisor.reads_needed(c), 3)
    local answers = group_answers()
    answers[3] = value { SecurityGroupRules = { { SecurityGroupRuleId = "sgr-1", IsEgress = true,
        IpProtocol = "-1", FromPort = -1, ToPort = -1, CidrIpv6 = "::/0" } } }
    local before = advisor.before(c, answers)
    check.equal(lines(advisor.diff(c, before)), { "- web (sg-1) egress all traffic to ::/0 -> " })
    check.equal(advisor.inverse(c, before).calls[1].params.IpPermissions,
                { { IpProtocol = "-1", Ipv6Ranges = { { CidrIpv6 = "::/0" } } } })
end)

test("evidence tags are kept, others are put back", function()
    local kept = call("create_tags", { Resources = { "i-1" },
                                       Tags = { { Key = "cordon:run", Value = "r" } } })
    check.equal(advisor.inverse(kept, advisor.before(kept, {})).class, "kept")
    check.equal(advisor.reads_needed(kept), {})
    local c = call("create_tags", { Resources = { "i-1" }, Tags = {
        { Key = "Owner", Value = "new" }, { Key = "Added", Value = "x" },
        { Key = "cordon:run", Value = "r" } } })
    local before = advisor.before(c, { value { Tags = {
        { ResourceId = "i-1", Key = "Owner", Value = "old" } } } })
    check.equal(advisor.inverse(c, before).calls, {
        call("create_tags", { Resources = { "i-1" }, Tags = { { Key = "Owner", Value = "old" } } }),
        call("delete_tags", { Resources = { "i-1" }, Tags = { { Key = "Added", Value = "x" } } }) })
    check.equal(lines(advisor.diff(c, before))[1], "~ i-1 tag Owner old -> new")
end)

test("deleted tags come back with their values", function()
    local c = call("delete_tags", { Resources = { "i-1" }, Tags = { { Key = "Owner" } } })
    local before = advisor.before(c, { value { Tags = {
        { ResourceId = "i-1", Key = "Owner", Value = "old" } } } })
    check.equal(advisor.inverse(c, before).calls, {
        call("create_tags", { Resources = { "i-1" },
                              Tags = { { Key = "Owner", Value = "old" } } }) })
end)

test("an unknown operation gets a generic diff and no inverse", function()
    local c = call("terminate_instances", { InstanceIds = { "i-0123456789abcdef0" } })
    check.equal(lines(advisor.diff(c)), { "- i-0123456789abcdef0 terminate_instances "
                                          .. "InstanceIds=i-0123456789abcdef0 -> " })
    check.equal(advisor.inverse(c).class, "irreversible")
    check.equal(advisor.before(c, {}), nil)
    check.equal(advisor.hits(c), nil)
    check.equal(advisor.diff(call("create_vpc", { CidrBlock = "10.0.0.0/16" }))[1].sign, "+")
    check.equal(advisor.diff(call("modify_hosts", {}))[1].sign, "~")
    local sqs = { service = "sqs", operation = "create_security_group", params = {} }
    check.equal(advisor.inverse(sqs).class, "irreversible", "a row is for its service only")
end)

-- The shapes of the API leave most members out at will.
test("parameters with holes raise nothing", function()
    rehearsal.begin()
    local operations = { "create_security_group", "delete_security_group", "create_tags",
                         "delete_tags", "modify_network_interface_attribute" }
    for _, verb in ipairs { "authorize", "revoke" } do
        operations[#operations + 1] = verb .. "_security_group_ingress"
        operations[#operations + 1] = verb .. "_security_group_egress"
    end
    local odd = { {}, { Tags = { {} }, Resources = { "i-1" } }, { Tags = { {} } },
                  { Resources = { "sg-(planned-1)" }, Tags = { {} } }, { Groups = {} },
                  { GroupId = "sg-1", IpPermissions = { {} } }, { GroupId = "sg-(planned-1)" },
                  { GroupId = "sg-(planned-1)", IpPermissions = { { IpRanges = { {} } } } },
                  { GroupName = "x" }, { SecurityGroupRuleIds = { "sgr-1" } },
                  { Groups = { "sg-1" } } }
    rehearsal.answer(call("create_security_group", {}), { GroupId = "sg-(planned-1)" })
    for _, operation in ipairs(operations) do
        for _, params in ipairs(odd) do
            local c = call(operation, params)
            for _, answers in ipairs { {}, { value {}, value {}, value {} } } do
                local before = advisor.before(c, answers)
                advisor.inverse(c, before, {})
                advisor.diff(c, before)
                advisor.hits(c, before)
            end
            check.equal(type(advisor.reads_needed(c)), "table")
            rehearsal.answer(c, { GroupId = "sg-(planned-1)" })
        end
    end
    for _, operation in ipairs { "describe_security_groups", "describe_security_group_rules",
                                 "describe_network_interfaces", "describe_tags" } do
        rehearsal.answer(call(operation, { Filters = { {} }, Ids = { "sg-(planned-1)" } }))
        rehearsal.answer(call(operation, { Filters = { { Name = "group-id" },
                                                       { Values = { "sg-(planned-1)" } } } }))
        rehearsal.answer(call(operation, { Filters = { { Name = "group-id" } },
                                           Ids = { "sg-(planned-1)" } }))
    end
end)

return tests
