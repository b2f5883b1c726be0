-- undo_cases.lua - one case per operation whose inverse is proven, and the lists of the others.
--
-- Owns: for each mutation that the simulator models either cases (a function that makes the run's
-- calls in a small world) or the class that it has. undo_table_test.lua walks it.
local undo_world = require "undo_world"

local cases = { inverted = {}, kept = {}, irreversible = {} }

-- `run`: undo_run; `s`: undo_world. Several cases per operation: a list.
local function case(name, make)
    local list = cases.inverted[name] or {}
    cases.inverted[name] = list
    list[#list + 1] = make
end

local function acl_entry(id, number, more)
    local params = { NetworkAclId = id, RuleNumber = number, Protocol = "-1", RuleAction = "deny",
                     Egress = false, CidrBlock = "0.0.0.0/0" }
    for name, value in pairs(more or {}) do params[name] = value end
    if params.Ipv6CidrBlock then params.CidrBlock = nil end
    return params
end

-- ---- groups -------------------------------------------------------------------------------

local SSH = { IpProtocol = "tcp", FromPort = 2222, ToPort = 2222,
              IpRanges = { { CidrIp = "203.0.113.9/24", Description = "office" } } }

case("ec2.create_security_group", function(run, s)
    run:call("create_security_group", { GroupName = "x", Description = "x", VpcId = s.vpc })
end)
case("ec2.create_security_group", function(run, s)
    local a = run:call("create_security_group", { GroupName = "a", Description = "a",
                                                  VpcId = s.vpc }).GroupId
    local b = run:call("create_security_group", { GroupName = "b", Description = "b",
                                                  VpcId = s.vpc }).GroupId
    for _, pair in ipairs { { a, b }, { b, a } } do
        run:call("authorize_security_group_ingress", { GroupId = pair[1], IpPermissions = {
            { IpProtocol = "-1", UserIdGroupPairs = { { GroupId = pair[2] } } } } })
    end
    run:call("modify_network_interface_attribute", { NetworkInterfaceId = s.eni, Groups = { b } })
end)
case("ec2.delete_security_group", function(run, s)
    local id = run:call("create_security_group", { GroupName = "x", Description = "x",
                                                   VpcId = s.vpc }).GroupId
    run:call("modify_network_interface_attribute", { NetworkInterfaceId = s.eni, Groups = { id } })
    run:call("modify_network_interface_attribute", { NetworkInterfaceId = s.eni,
                                                     Groups = { s.locked } })
    run:call("delete_security_group", { GroupId = id })
end)
case("ec2.associate_security_group_vpc", function(run, s)
    run:call("associate_security_group_vpc", { GroupId = s.locked, VpcId = s.other_vpc })
end)
case("ec2.disassociate_security_group_vpc", function(run, s)
    s.w:call("associate_security_group_vpc", { GroupId = s.locked, VpcId = s.other_vpc })
    s:begin()
    run:call("disassociate_security_group_vpc", { GroupId = s.locked, VpcId = s.other_vpc })
end)

-- ---- rules --------------------------------------------------------------------------------

-- Every kind of peer, ICMP with and without a code, a description.
local function all_kinds(s)
    return { SSH,
             { IpProtocol = "udp", FromPort = 53, ToPort = 54,
               Ipv6Ranges = { { CidrIpv6 = "2001:DB8::/32", Description = "six" } } },
             { IpProtocol = "icmp", FromPort = 3, ToPort = 4,
               IpRanges = { { CidrIp = "10.0.0.0/8" } } },
             { IpProtocol = "icmp", FromPort = 3, ToPort = 5,
               IpRanges = { { CidrIp = "10.0.0.0/8" } } },
             { IpProtocol = "icmpv6", FromPort = -1, ToPort = -1,
               Ipv6Ranges = { { CidrIpv6 = "::/0" } } },
             { IpProtocol = "tcp", FromPort = 443, ToPort = 443,
               PrefixListIds = { { PrefixListId = s.prefix_list, Description = "S3" } } },
             { IpProtocol = "47", IpRanges = { { CidrIp = "192.0.2.0/24" } } },
             { IpProtocol = "-1", UserIdGroupPairs = { { GroupId = s.web, Description = "web" } } } }
end

for _, direction in ipairs { "ingress", "egress" } do
    local authorize = "authorize_security_group_" .. direction
    local revoke = "revoke_security_group_" .. direction
    local describe = "update_security_group_rule_descriptions_" .. direction
    case("ec2." .. authorize, function(run, s)
        run:call(authorize, { GroupId = s.locked, IpPermissions = all_kinds(s) })
    end)
    case("ec2." .. revoke, function(run, s)
        s.w:call(authorize, { GroupId = s.locked, IpPermissions = all_kinds(s) })
        s:begin()
        run:call(revoke, { GroupId = s.locked, IpPermissions = all_kinds(s) })
    end)
    case("ec2." .. revoke, function(run, s)
        local ids = {}
        local added = s.w:call(authorize, { GroupId = s.locked, IpPermissions = all_kinds(s) })
        for i, rule in ipairs(added.SecurityGroupRules) do ids[i] = rule.SecurityGroupRuleId end
        s:begin()
        run:call(revoke, { GroupId = s.locked, SecurityGroupRuleIds = ids })
    end)
    case("ec2." .. describe, function(run, s)
        local added = s.w:call(authorize, { GroupId = s.locked, IpPermissions = all_kinds(s) })
        s:begin()
        run:call(describe, { GroupId = s.locked, IpPermissions = {
            { IpProtocol = "tcp", FromPort = 2222, ToPort = 2222,
              IpRanges = { { CidrIp = "203.0.113.0/24", Description = "other" } } },
            { IpProtocol = "47", IpRanges = { { CidrIp = "192.0.2.0/24", Description = "new" } } },
        } })
        run:call(describe, { GroupId = s.locked, SecurityGroupRuleDescriptions = {
            { SecurityGroupRuleId = added.SecurityGroupRules[2].SecurityGroupRuleId,
              Description = "by id" } } })
    end)
end
case("ec2.modify_security_group_rules", function(run, s)
    local added = s.w:call("authorize_security_group_ingress",
                           { GroupId = s.locked, IpPermissions = all_kinds(s) })
    s:begin()
    run:call("modify_security_group_rules", { GroupId = s.locked, SecurityGroupRules = {
        { SecurityGroupRuleId = added.SecurityGroupRules[1].SecurityGroupRuleId,
          SecurityGroupRule = { IpProtocol = "tcp", FromPort = 22, ToPort = 23,
                                CidrIpv4 = "198.51.100.0/24", Description = "moved" } } } })
    run:call("modify_security_group_rules", { GroupId = s.locked, SecurityGroupRules = {
        { SecurityGroupRuleId = added.SecurityGroupRules[2].SecurityGroupRuleId,
          SecurityGroupRule = { IpProtocol = "udp", FromPort = 53, ToPort = 54,
                                CidrIpv6 = "2001:db8::/32" } } } })
end)

-- ---- interfaces ---------------------------------------------------------------------------

local function modify(run, s, members)
    members.NetworkInterfaceId = members.NetworkInterfaceId or s.eni
    run:call("modify_network_interface_attribute", members)
end

case("ec2.modify_network_interface_attribute", function(run, s)
    modify(run, s, { Groups = { s.locked } })
    modify(run, s, { NetworkInterfaceId = s.second, Groups = { s.locked } })
    modify(run, s, { Groups = { s.web } })
end)
case("ec2.modify_network_interface_attribute", function(run, s)
    modify(run, s, { Groups = { s.locked, s.web } })  -- the same ones, in another order
end)
case("ec2.modify_network_interface_attribute", function(run, s)
    s.w:call("modify_network_interface_attribute", { NetworkInterfaceId = s.eni,
        ConnectionTrackingSpecification = { TcpEstablishedTimeout = 600, UdpTimeout = 30 } })
    s:begin()
    modify(run, s, { Description = { Value = "cut off" } })
    modify(run, s, { SourceDestCheck = { Value = false } })
    modify(run, s, { ConnectionTrackingSpecification = { TcpEstablishedTimeout = 60,
                                                         UdpTimeout = 45 } })
    local attachment = s:resource("NetworkInterfaces", s.eni).Attachment
    modify(run, s, { Attachment = { AttachmentId = attachment.AttachmentId,
                                    DeleteOnTermination = not attachment.DeleteOnTermination } })
end)
case("ec2.modify_network_interface_attribute", function(run, s)
    modify(run, s, { NetworkInterfaceId = s.lone_eni, AssociatePublicIpAddress = true })
end)
case("ec2.create_network_interface", function(run, s)
    local id = run:call("create_network_interface", { SubnetId = s.subnet })
        .NetworkInterface.NetworkInterfaceId
    modify(run, s, { NetworkInterfaceId = id, Groups = { s.locked } })
end)
case("ec2.delete_network_interface", function(run, s)
    local id = run:call("create_network_interface", { SubnetId = s.subnet })
        .NetworkInterface.NetworkInterfaceId
    run:call("delete_network_interface", { NetworkInterfaceId = id })
end)
case("ec2.attach_network_interface", function(run, s)
    run:call("attach_network_interface", { NetworkInterfaceId = s.free, InstanceId = s.instance,
                                           DeviceIndex = 3 })
    local made = run:call("create_network_interface", { SubnetId = s.subnet })
        .NetworkInterface.NetworkInterfaceId
    run:call("attach_network_interface", { NetworkInterfaceId = made, InstanceId = s.instance,
                                           DeviceIndex = 4 })
end)
case("ec2.detach_network_interface", function(run, s)
    run:call("detach_network_interface", { AttachmentId = s:resource(
        "NetworkInterfaces", s.second).Attachment.AttachmentId })
end)
case("ec2.detach_network_interface", function(run, s)
    local id = run:call("attach_network_interface", { NetworkInterfaceId = s.free, DeviceIndex = 3,
                                                      InstanceId = s.instance }).AttachmentId
    run:call("detach_network_interface", { AttachmentId = id })
    run:call("attach_network_interface", { NetworkInterfaceId = s.free, InstanceId = s.lone,
                                           DeviceIndex = 1 })
end)

-- ---- instances ----------------------------------------------------------------------------

case("ec2.modify_instance_attribute", function(run, s)
    s.w:call("modify_instance_attribute", { InstanceId = s.instance,
                                            DisableApiStop = { Value = false } })
    s:begin()
    for _, members in ipairs {
        { DisableApiTermination = { Value = true } }, { DisableApiStop = { Value = true } },
        { InstanceInitiatedShutdownBehavior = { Value = "terminate" } },
        { Attribute = "disableApiTermination", Value = "false" },
        { BlockDeviceMappings = { { DeviceName = s.device, Ebs = { DeleteOnTermination = false } } } },
    } do
        members.InstanceId = s.instance
        run:call("modify_instance_attribute", members)
    end
    run:call("modify_instance_attribute", { InstanceId = s.lone, Groups = { s.locked } })
    run:call("modify_instance_attribute", { InstanceId = s.lone,
                                            SourceDestCheck = { Value = false } })
end)
case("ec2.modify_instance_attribute", function(run, s)
    run:call("modify_instance_attribute", { InstanceId = s.stopped,
                                            InstanceType = { Value = "c7i.large" } })
    run:call("modify_instance_attribute", { InstanceId = s.stopped, EbsOptimized = { Value = true } })
end)
case("ec2.start_instances", function(run, s)
    run:call("start_instances", { InstanceIds = { s.stopped } })
    s:wait(60)
end)
case("ec2.associate_iam_instance_profile", function(run, s)
    run:call("associate_iam_instance_profile", { InstanceId = s.lone,
                                                 IamInstanceProfile = { Name = "none" } })
end)
case("ec2.disassociate_iam_instance_profile", function(run, s)
    run:call("disassociate_iam_instance_profile", { AssociationId = s:profile_association() })
end)
case("ec2.replace_iam_instance_profile_association", function(run, s)
    local result = run:call("replace_iam_instance_profile_association", {
        AssociationId = s:profile_association(), IamInstanceProfile = { Name = "deny-all" } })
    run:call("replace_iam_instance_profile_association", {
        AssociationId = result.IamInstanceProfileAssociation.AssociationId,
        IamInstanceProfile = { Name = "other" } })
end)

-- ---- network ACLs -------------------------------------------------------------------------

case("ec2.create_network_acl", function(run, s)
    local id = run:call("create_network_acl", { VpcId = s.vpc }).NetworkAcl.NetworkAclId
    run:call("create_network_acl_entry", acl_entry(id, 1))
    local association = run:call("replace_network_acl_association", {
        AssociationId = s:acl_association(), NetworkAclId = id }).NewAssociationId
    run:call("replace_network_acl_association", { AssociationId = association,
                                                  NetworkAclId = s.other_acl })
    run:call("replace_network_acl_association", { AssociationId = s:acl_association(),
                                                  NetworkAclId = id })
end)
case("ec2.delete_network_acl", function(run, s)
    local id = run:call("create_network_acl", { VpcId = s.vpc }).NetworkAcl.NetworkAclId
    run:call("delete_network_acl", { NetworkAclId = id })
end)
case("ec2.create_network_acl_entry", function(run, s)
    run:call("create_network_acl_entry", acl_entry(s.acl, 1))
    run:call("create_network_acl_entry", acl_entry(s.acl, 1, { Egress = true }))
    run:call("create_network_acl_entry", acl_entry(s.acl, 2, { Protocol = "58",
        IcmpTypeCode = { Type = 128, Code = 0 }, Ipv6CidrBlock = "2001:DB8::/32" }))
    run:call("create_network_acl_entry", acl_entry(s.acl, 3, { Protocol = "6",
        PortRange = { From = 22, To = 22 } }))
end)
case("ec2.replace_network_acl_entry", function(run, s)
    run:call("replace_network_acl_entry", acl_entry(s.acl, 90))
end)
case("ec2.delete_network_acl_entry", function(run, s)
    for _, number in ipairs { 90, 91, 92 } do
        run:call("delete_network_acl_entry", { NetworkAclId = s.acl, RuleNumber = number,
                                               Egress = false })
    end
end)
-- Full, and number 1 is taken: replaced; another one made room for what was new.
case("ec2.delete_network_acl_entry", function(run, s)
    s.w:call("create_network_acl_entry", acl_entry(s.acl, 1, { RuleAction = "allow" }))
    local number = 200
    while #s:resource("NetworkAcls", s.acl).Entries < s:full_acl() do
        s.w:call("create_network_acl_entry", acl_entry(s.acl, number))
        number = number + 1
    end
    s:begin()
    run:call("replace_network_acl_entry", acl_entry(s.acl, 1))
    run:call("delete_network_acl_entry", { NetworkAclId = s.acl, RuleNumber = number - 1,
                                           Egress = false })
    run:call("create_network_acl_entry", acl_entry(s.acl, 2, { RuleAction = "allow" }))
end)
case("ec2.replace_network_acl_association", function(run, s)
    run:call("replace_network_acl_association", { AssociationId = s:acl_association(),
                                                  NetworkAclId = s.other_acl })
end)

-- ---- route tables -------------------------------------------------------------------------

case("ec2.create_route_table", function(run, s)
    local id = run:call("create_route_table", { VpcId = s.vpc }).RouteTable.RouteTableId
    run:call("create_route", { RouteTableId = id, DestinationCidrBlock = "0.0.0.0/0",
                               GatewayId = s.igw })
    run:call("associate_route_table", { RouteTableId = id, SubnetId = s.subnet })
end)
case("ec2.delete_route_table", function(run, s)
    local id = run:call("create_route_table", { VpcId = s.vpc }).RouteTable.RouteTableId
    run:call("delete_route_table", { RouteTableId = id })
end)
case("ec2.create_route", function(run, s)
    for i, target in ipairs(undo_world.targets(s)) do
        target.RouteTableId, target.DestinationCidrBlock = s.rtb, ("172.16.%d.0/24"):format(i)
        run:call("create_route", target)
    end
    run:call("create_route", { RouteTableId = s.rtb, DestinationPrefixListId = s.prefix_list,
                               NatGatewayId = s.nat })
    run:call("create_route", { RouteTableId = s.rtb, DestinationIpv6CidrBlock = "2001:DB8:1::/48",
                               EgressOnlyInternetGatewayId = s.eigw })
end)
case("ec2.replace_route", function(run, s)
    for i, target in ipairs(undo_world.targets(s)) do
        target.RouteTableId, target.DestinationCidrBlock = s.rtb, ("172.16.%d.0/24"):format(i)
        s.w:call("create_route", target)
    end
    s:begin()
    for i in ipairs(undo_world.targets(s)) do
        run:call("replace_route", { RouteTableId = s.rtb, NetworkInterfaceId = s.second,
                                    DestinationCidrBlock = ("172.16.%d.0/24"):format(i) })
    end
    run:call("replace_route", { RouteTableId = s.rtb, DestinationCidrBlock = "10.0.0.0/16",
                                NetworkInterfaceId = s.second })
end)
case("ec2.delete_route", function(run, s)
    for i, target in ipairs(undo_world.targets(s)) do
        target.RouteTableId, target.DestinationCidrBlock = s.rtb, ("172.16.%d.0/24"):format(i)
        s.w:call("create_route", target)
    end
    s:begin()
    for i in ipairs(undo_world.targets(s)) do
        run:call("delete_route", { RouteTableId = s.rtb,
                                   DestinationCidrBlock = ("172.16.%d.0/24"):format(i) })
    end
end)
case("ec2.associate_route_table", function(run, s)  -- it had the main one, implicitly
    run:call("associate_route_table", { RouteTableId = s.rtb, SubnetId = s.subnet })
end)
case("ec2.associate_route_table", function(run, s)
    run:call("associate_route_table", { RouteTableId = s.rtb, GatewayId = s.igw })
end)
case("ec2.disassociate_route_table", function(run, s)
    run:call("disassociate_route_table", { AssociationId = s:table_association() })
end)
case("ec2.replace_route_table_association", function(run, s)
    local id = run:call("replace_route_table_association", {
        AssociationId = s:table_association(), RouteTableId = s.rtb }).NewAssociationId
    run:call("disassociate_route_table", { AssociationId = id })
end)
case("ec2.replace_route_table_association", function(run, s)  -- the main table of the VPC
    run:call("replace_route_table_association", { AssociationId = s:main_association(),
                                                  RouteTableId = s.rtb })
end)

-- ---- gateways, addresses ------------------------------------------------------------------

case("ec2.create_internet_gateway", function(run, s)
    local id = run:call("create_internet_gateway", {}).InternetGateway.InternetGatewayId
    run:call("attach_internet_gateway", { InternetGatewayId = id, VpcId = s.other_vpc })
end)
case("ec2.delete_internet_gateway", function(run)
    local id = run:call("create_internet_gateway", {}).InternetGateway.InternetGatewayId
    run:call("delete_internet_gateway", { InternetGatewayId = id })
end)
case("ec2.attach_internet_gateway", function(run, s)
    run:call("attach_internet_gateway", { InternetGatewayId = s.free_igw, VpcId = s.other_vpc })
end)
case("ec2.detach_internet_gateway", function(run, s)
    s.w:call("attach_internet_gateway", { InternetGatewayId = s.free_igw, VpcId = s.other_vpc })
    local new = s.w:call("create_internet_gateway", {}).InternetGateway.InternetGatewayId
    s:begin()
    run:call("detach_internet_gateway", { InternetGatewayId = s.free_igw, VpcId = s.other_vpc })
    run:call("attach_internet_gateway", { InternetGatewayId = new, VpcId = s.other_vpc })
end)
case("ec2.create_egress_only_internet_gateway", function(run, s)
    run:call("create_egress_only_internet_gateway", { VpcId = s.other_vpc })
end)
case("ec2.delete_egress_only_internet_gateway", function(run, s)
    local id = run:call("create_egress_only_internet_gateway", { VpcId = s.vpc })
        .EgressOnlyInternetGateway.EgressOnlyInternetGatewayId
    run:call("delete_egress_only_internet_gateway", { EgressOnlyInternetGatewayId = id })
end)
case("ec2.create_nat_gateway", function(run, s)
    local address = run:call("allocate_address", {}).AllocationId
    local id = run:call("create_nat_gateway", { SubnetId = s.subnet, AllocationId = address })
        .NatGateway.NatGatewayId
    run:call("create_route", { RouteTableId = s.rtb, DestinationCidrBlock = "172.16.0.0/24",
                               NatGatewayId = id })
    s:wait(120)
end)
case("ec2.delete_nat_gateway", function(run, s)
    local id = run:call("create_nat_gateway", { SubnetId = s.subnet, ConnectivityType = "private" })
        .NatGateway.NatGatewayId
    run:call("delete_nat_gateway", { NatGatewayId = id })
    s:wait(120)
end)
case("ec2.allocate_address", function(run, s)
    local id = run:call("allocate_address", {}).AllocationId
    run:call("associate_address", { AllocationId = id, NetworkInterfaceId = s.second })
end)
case("ec2.release_address", function(run)
    local id = run:call("allocate_address", {}).AllocationId
    run:call("release_address", { AllocationId = id })
end)
case("ec2.associate_address", function(run, s)  -- away from one, in the place of another
    s.w:call("associate_address", { AllocationId = s.free_address, NetworkInterfaceId = s.second })
    s:begin()
    run:call("associate_address", { AllocationId = s.address, NetworkInterfaceId = s.second,
                                    AllowReassociation = true })
end)
case("ec2.associate_address", function(run, s)
    run:call("associate_address", { PublicIp = s:resource("Addresses", s.free_address).PublicIp,
                                    NetworkInterfaceId = s.second })
end)
case("ec2.disassociate_address", function(run, s)
    run:call("disassociate_address", { AssociationId = s:resource(
        "Addresses", s.address).AssociationId })
end)

-- ---- subnets, VPCs, tags ------------------------------------------------------------------

case("ec2.create_subnet", function(run, s)
    run:call("create_subnet", { VpcId = s.vpc, CidrBlock = "10.0.200.0/24" })
end)
case("ec2.delete_subnet", function(run, s)
    local id = run:call("create_subnet", { VpcId = s.vpc,
                                           CidrBlock = "10.0.200.0/24" }).Subnet.SubnetId
    run:call("modify_subnet_attribute", { SubnetId = id, MapPublicIpOnLaunch = { Value = true } })
    run:call("delete_subnet", { SubnetId = id })
end)
case("ec2.create_vpc", function(run)
    local vpc = run:call("create_vpc", { CidrBlock = "10.9.0.0/16" }).Vpc.VpcId
    run:call("create_subnet", { VpcId = vpc, CidrBlock = "10.9.1.0/24" })
    local igw = run:call("create_internet_gateway", {}).InternetGateway.InternetGatewayId
    run:call("attach_internet_gateway", { InternetGatewayId = igw, VpcId = vpc })
    run:call("create_security_group", { VpcId = vpc, GroupName = "x", Description = "x" })
end)
case("ec2.delete_vpc", function(run)
    local vpc = run:call("create_vpc", { CidrBlock = "10.9.0.0/16" }).Vpc.VpcId
    run:call("delete_vpc", { VpcId = vpc })
end)
case("ec2.modify_subnet_attribute", function(run, s)
    run:call("modify_subnet_attribute", { SubnetId = s.subnet,
                                          MapPublicIpOnLaunch = { Value = false } })
    run:call("modify_subnet_attribute", { SubnetId = s.subnet,
                                          AssignIpv6AddressOnCreation = { Value = true } })
end)
case("ec2.modify_vpc_attribute", function(run, s)
    s.w:call("modify_vpc_attribute", { VpcId = s.vpc, EnableDnsSupport = { Value = true } })
    s.w:call("modify_vpc_attribute", { VpcId = s.vpc, EnableDnsHostnames = { Value = false } })
    s:begin()
    run:call("modify_vpc_attribute", { VpcId = s.vpc, EnableDnsSupport = { Value = false } })
    run:call("modify_vpc_attribute", { VpcId = s.vpc, EnableDnsHostnames = { Value = true } })
end)
case("ec2.create_tags", function(run, s)
    run:call("create_tags", { Resources = { s.instance, s.eni }, Tags = {
        { Key = "Name", Value = "new name" }, { Key = "added", Value = "" },
        { Key = "cordon:run", Value = "r" } } })
end)
case("ec2.delete_tags", function(run, s)
    run:call("delete_tags", { Resources = { s.instance }, Tags = {
        { Key = "Name" }, { Key = "Owner", Value = "not this one" } } })
    run:call("delete_tags", { Resources = { s.instance } })
end)

-- ---- SQS ----------------------------------------------------------------------------------

case("sqs.create_queue", function(run)
    run:call("create_queue", { QueueName = "new" }, "sqs")
end)
case("sqs.create_queue", function(run)
    run:call("create_queue", { QueueName = "there" }, "sqs")  -- it was there
end)
case("sqs.delete_queue", function(run)
    local url = run:call("create_queue", { QueueName = "new" }, "sqs").QueueUrl
    run.created[#run.created + 1] = url
    run:call("delete_queue", { QueueUrl = url }, "sqs")
end)
case("sqs.set_queue_attributes", function(run, s)
    run:call("set_queue_attributes", { QueueUrl = s.queue, Attributes = {
        VisibilityTimeout = "60", Policy = '{"Version":"2012-10-17"}' } }, "sqs")
end)
case("sqs.tag_queue", function(run, s)
    run:call("tag_queue", { QueueUrl = s.queue, Tags = { team = "other", new = "x" } }, "sqs")
end)
case("sqs.untag_queue", function(run, s)
    run:call("untag_queue", { QueueUrl = s.queue, TagKeys = { "team", "none" } }, "sqs")
end)

-- ---- the others ---------------------------------------------------------------------------

cases.kept["ec2.create_snapshot"] = function(s) return { VolumeId = s.volume } end
cases.kept["ec2.create_snapshots"] = function(s)
    return { InstanceSpecification = { InstanceId = s.instance } }
end

cases.irreversible = {
    ["ec2.delete_snapshot"] = "had again", ["ec2.reboot_instances"] = "memory",
    ["ec2.stop_instances"] = "memory", ["ec2.terminate_instances"] = "for good",
    ["ec2.run_instances"] = "terminate", ["sqs.send_message"] = "received",
    ["sqs.send_message_batch"] = "received", ["sqs.receive_message"] = "hidden",
    ["sqs.delete_message"] = "for good", ["sqs.delete_message_batch"] = "for good",
    ["sqs.purge_queue"] = "for good", ["sqs.change_message_visibility"] = "not told",
    ["sqs.change_message_visibility_batch"] = "not told",
    ["iam.delete_instance_profile"] = "another id",
}

-- Their worlds are larger: they have a file of their own.
cases.elsewhere = require("facts_services_test").proven

return cases
