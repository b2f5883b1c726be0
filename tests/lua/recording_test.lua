-- recording_test.lua - a rehearsal's memory behaves as EC2 would.
local check = require "check"
local recording = require "recording"

local VPC, VPC6 = "vpc-1", "vpc-6"
local PLANNED = "sg-(planned-1)"
local V4 = { { IpProtocol = "-1", IpRanges = { { CidrIp = "0.0.0.0/0" } } } }
local V6 = { { IpProtocol = "-1", Ipv6Ranges = { { CidrIpv6 = "::/0" } } } }

local function call(operation, params)
    return { service = "ec2", operation = operation, params = params }
end
local function answer(operation, params, skeleton)
    return recording.answer(call(operation, params), skeleton)
end
local function seen(operation, params, result) recording.seen(call(operation, params), result) end

local function begin()
    recording.begin()
    seen("describe_vpcs", {}, { Vpcs = {
        { VpcId = VPC }, { VpcId = VPC6, Ipv6CidrBlockAssociationSet = {
            { Ipv6CidrBlock = "2001:db8::/56",
              Ipv6CidrBlockState = { State = "associated" } } } } } })
end

local function create(vpc, id, name)
    return answer("create_security_group", { GroupName = name or "new", VpcId = vpc or VPC },
                  { GroupId = id or PLANNED })
end

local function described(id)
    local result = answer("describe_security_groups", { GroupIds = { id or PLANNED } })
    return result.value.SecurityGroups[1]
end

local function with_interface()
    local result = { NetworkInterfaces = { { NetworkInterfaceId = "eni-1",
        Groups = { { GroupId = "sg-1", GroupName = "web" } } } } }
    seen("describe_network_interfaces", { Filters = { { Name = "attachment.instance-id",
                                                        Values = { "i-1" } } } }, result)
end

local function read_interfaces()
    return answer("describe_network_interfaces", { Filters = { { Name = "attachment.instance-id",
                                                                 Values = { "i-1" } } } })
end

local function swap(group)
    return answer("modify_network_interface_attribute",
                  { NetworkInterfaceId = "eni-1", Groups = { group } }, {})
end

local tests = {}
local function test(name, fn)
    tests[#tests + 1] = { name, function()
        begin()
        fn()
    end }
end

test("a new group is not blank: everything may go out", function()
    check.equal(create().value.GroupId, PLANNED)
    check.equal(described().IpPermissions, {})
    check.equal(described().IpPermissionsEgress, V4)
end)

test("in a VPC with IPv6 it may go out over IPv6 too", function()
    create(VPC6)
    check.equal(described().IpPermissionsEgress, { { IpProtocol = "-1",
        IpRanges = { { CidrIp = "0.0.0.0/0" } }, Ipv6Ranges = { { CidrIpv6 = "::/0" } } } })
end)

test("rules are authorized and revoked, with EC2's errors", function()
    create()
    local function change(verb, direction, permissions)
        return answer(verb .. "_security_group_" .. direction,
                      { GroupId = PLANNED, IpPermissions = permissions }, { Return = false })
    end
    check.equal(change("authorize", "egress", V4).error.code, "InvalidPermission.Duplicate")
    check.equal(change("revoke", "egress", V6).error.code, "InvalidPermission.NotFound")
    check.equal(change("revoke", "egress", V4).value.Return, true)
    check.equal(change("revoke", "egress", V4).error.code, "InvalidPermission.NotFound")
    check.equal(change("authorize", "ingress", V4).value.Return, true)
    check.equal({ described().IpPermissions, described().IpPermissionsEgress }, { V4, {} })
    local rules = answer("describe_security_group_rules",
                         { Filters = { { Name = "group-id", Values = { PLANNED } } } })
    check.equal(#rules.value.SecurityGroupRules, 1)
    check.equal(rules.value.SecurityGroupRules[1].CidrIpv4, "0.0.0.0/0")
end)

test("one rule of a call that fails leaves the others undone", function()
    create()
    local both = { V4[1], { IpProtocol = "tcp", FromPort = 1, ToPort = 1,
                            IpRanges = { { CidrIp = "10.0.0.0/8" } } } }
    answer("authorize_security_group_egress", { GroupId = PLANNED, IpPermissions = both }, {})
    check.equal(described().IpPermissionsEgress, V4)
end)

test("a name is taken once per VPC, whatever its case", function()
    create(VPC, PLANNED, "Web")
    check.equal(create(VPC, "sg-(planned-2)", "web").error.code, "InvalidGroup.Duplicate")
    check.ok(create(VPC6, "sg-(planned-3)", "web").value)
    seen("describe_security_groups", {}, { SecurityGroups = { { GroupId = "sg-9", VpcId = VPC,
                                                                GroupName = "old" } } })
    check.equal(create(VPC, "sg-(planned-4)", "old").error.code, "InvalidGroup.Duplicate")
end)

test("an interface that was given a planned group shows it, whichever way it is read", function()
    with_interface()
    create()
    check.ok(swap(PLANNED).value)
    local expected = { { GroupId = PLANNED, GroupName = "new" } }
    check.equal(read_interfaces().value.NetworkInterfaces[1].Groups, expected)
    local by_id = answer("describe_network_interfaces", { NetworkInterfaceIds = { "eni-1" } })
    check.equal(by_id.value.NetworkInterfaces[1].Groups, expected)
    local carriers = answer("describe_network_interfaces",
                            { Filters = { { Name = "group-id", Values = { PLANNED } } } })
    check.equal(#carriers.value.NetworkInterfaces, 1)
end)

test("a planned group can be deleted once nobody carries it", function()
    with_interface()
    create()
    swap(PLANNED)
    local params = { GroupId = PLANNED }
    check.equal(answer("delete_security_group", params, {}).error.code, "DependencyViolation")
    swap("sg-1")
    check.ok(answer("delete_security_group", params, {}).value)
    check.equal(answer("describe_security_groups", { GroupIds = { PLANNED } }).error.code,
                "InvalidGroup.NotFound")
    check.equal(swap(PLANNED).error.code, "InvalidGroup.NotFound")
end)

test("planned and known groups are described together, unknown ones not guessed", function()
    create()
    seen("describe_security_groups", { GroupIds = { "sg-1" } },
         { SecurityGroups = { { GroupId = "sg-1", GroupName = "web" } } })
    local both = answer("describe_security_groups", { GroupIds = { "sg-1", PLANNED } })
    check.equal(#both.value.SecurityGroups, 2)
    local unknown = answer("describe_security_groups", { GroupIds = { "sg-2", PLANNED } })
    check.equal(unknown.error.code, "NotRehearsable")
end)

test("a read is sent once, a second like it is answered from memory", function()
    check.equal(answer("describe_vpcs", { VpcIds = { VPC } }), { send = true })
    seen("describe_vpcs", { VpcIds = { VPC } }, { Vpcs = { { VpcId = VPC } } })
    check.equal(answer("describe_vpcs", { VpcIds = { VPC } }).value.Vpcs[1].VpcId, VPC)
    check.equal(answer("describe_vpcs", { VpcIds = { VPC6 } }), { send = true })
end)

test("what names a planned id and cannot be known is a clear error", function()
    local volume = answer("describe_volumes", { VolumeIds = { "vol-(planned-1)" } })
    check.equal(volume.error.code, "NotRehearsable")
    check.has(volume.error.message, "vol-(planned-1)")
end)

test("instances show the planned groups of their interfaces", function()
    seen("describe_instances", { InstanceIds = { "i-1" } }, { Reservations = { { Instances = { {
        InstanceId = "i-1", SecurityGroups = { { GroupId = "sg-1" } },
        NetworkInterfaces = { { NetworkInterfaceId = "eni-1", Attachment = { DeviceIndex = 0 },
                                Groups = { { GroupId = "sg-1" } } } },
    } } } } })
    create()
    swap(PLANNED)
    local instance = answer("describe_instances", { InstanceIds = { "i-1" } })
        .value.Reservations[1].Instances[1]
    check.equal(instance.SecurityGroups[1].GroupId, PLANNED)
    check.equal(instance.NetworkInterfaces[1].Groups[1].GroupId, PLANNED)
end)

test("tags of a planned group are remembered", function()
    create()
    answer("create_tags", { Resources = { PLANNED }, Tags = { { Key = "a", Value = "b" } } }, {})
    check.equal(described().Tags, { { Key = "a", Value = "b" } })
    answer("delete_tags", { Resources = { PLANNED }, Tags = { { Key = "a" } } }, {})
    check.equal(described().Tags, {})
end)

test("other mutations keep their skeleton, begin forgets all", function()
    local skeleton = { VolumeId = "vol-(planned-1)" }
    check.equal(answer("create_volume", { Size = 1 }, skeleton).value, skeleton)
    create()
    recording.begin()
    check.equal(answer("describe_security_groups", { GroupIds = { PLANNED } }).error.code,
                "InvalidGroup.NotFound")
end)

return tests
