-- sim_refusals_test.lua - what EC2 and SQS refuse, as data: one row, one refused call.
--
-- A row: operation, function(x) -> params, code, words of the message. `x` holds the ids of one
-- small world; a refused call leaves that world as it was.
local check = require "check"
local helper = require "sim_helper"
local sim_clock = require "sim_clock"
local sim_world = require "sim_world"

local ANY4 = { { CidrIp = "0.0.0.0/0" } }

-- Quotas are one above what the world uses, where rows need them.
local function setup()
    local w = helper.new()
    local x = { w = w }
    local vpc, other = w:vpc { internet = true }, w:vpc { cidr = "10.8.0.0/16" }
    x.vpc, x.other = vpc.id, other.id
    local subnet = vpc:subnet { cidr = "10.0.1.0/24", public = true }
    local away = other:subnet { cidr = "10.8.1.0/24", zone = "b" }
    x.subnet, x.away = subnet.id, away.id
    x.group, x.away_group = vpc:group { name = "g" }.id, other:group { name = "g" }.id
    x.default_group = sim_world.by(w.world, "SecurityGroups", "vpc-id", vpc.id)[1].GroupId
    for _, group in ipairs(sim_world.by(w.world, "SecurityGroups", "vpc-id", vpc.id)) do
        if group.GroupName == "default" then x.default_group = group.GroupId end
    end
    local one, two = subnet:instance { groups = { x.group },
                                       name = "one" }, subnet:instance { name = "two", spot = true }
    x.one, x.two, x.gone = one.id, two.id, subnet:instance {}.id
    x.second = one:interface { subnet = subnet }.id
    x.far_eni = w:call("create_network_interface",
                       { SubnetId = away.id }).NetworkInterface.NetworkInterfaceId
    x.free_eni = w:call("create_network_interface",
                        { SubnetId = subnet.id }).NetworkInterface.NetworkInterfaceId
    x.eni, x.eni_two = one:interfaces()[1].NetworkInterfaceId,
    two:interfaces()[1].NetworkInterfaceId
    x.managed = subnet:managed_interface { groups = { x.group } }.id
    x.managed_attachment = "eni-attach-0123456789abcdef1"
    sim_world.change(w.world, "NetworkInterfaces", x.managed, { Attachment = {
        AttachmentId = x.managed_attachment, InstanceOwnerId = "amazon-elb", DeviceIndex = 1 } })
    x.nat = subnet:nat().id
    x.address = w:call("allocate_address", {}).AllocationId
    x.used_address = one:elastic_ip().id
    x.table, x.away_table, x.gateway = vpc:main_table(), other:main_table(), vpc.gateway
    x.acl = sim_world.one_by(w.world, "NetworkAcls", "association.subnet-id",
                             subnet.id).NetworkAclId
    x.away_acl = sim_world.one_by(w.world, "NetworkAcls", "association.subnet-id",
                                  away.id).NetworkAclId
    x.association = w.world.resources.NetworkAcls[x.acl].Associations[1].NetworkAclAssociationId
    x.main_association = w.world.resources.RouteTables[x.table].Associations[1].RouteTableAssociationId
    w:call("modify_instance_attribute", { InstanceId = x.one, DisableApiStop = { Value = true } })
    w:call("terminate_instances", { InstanceIds = { x.gone } })
    sim_clock.advance(w.world, 100)
    x.queue = w:call("create_queue", { QueueName = "q",
                                       Attributes = { MaximumMessageSize = "1024" } },
                                           "sqs").QueueUrl
    x.fifo = w:call("create_queue", { QueueName = "q.fifo", Attributes = { FifoQueue = "true",
                    ContentBasedDeduplication = "true" } }, "sqs").QueueUrl
    w.world.quotas.addresses, w.world.quotas.internet_gateways = 3, 1
    w.world.quotas.acls_per_vpc, w.world.quotas.tables_per_vpc, w.world.quotas.routes_per_table = 1,
    1, 2
    w.world.quotas.interfaces_per_instance, w.world.quotas.groups_per_vpc = 1, 2
    return x
end

local function entry(x, more)
    local params = { NetworkAclId = x.acl, RuleNumber = 5, Protocol = "6", RuleAction = "deny",
                     Egress = false,
                     CidrBlock = "10.0.0.0/8", PortRange = { From = 1, To = 2 } }
    for key, value in pairs(more) do
        if value == "none" then params[key] = nil else params[key] = value end
    end
    return params
end

local function route(x, more)
    more.RouteTableId = x.table
    more.DestinationCidrBlock = more.DestinationCidrBlock or "192.0.2.0/24"
    return more
end

local VALUE, MISSING, COMBINATION = "InvalidParameterValue", "MissingParameter",
    "InvalidParameterCombination"

local ROWS = {
    -- ids and tags
    { "describe_iam_instance_profile_associations",
      function() return { AssociationIds = { "x" } } end, VALUE,
      "Invalid value for associationIds" },
    { "delete_security_group", function() return { GroupId = "x" } end, "InvalidGroupId.Malformed",
      'Invalid id: "x"' },
    { "create_tags", function(x) return { Resources = { x.one },
                                          Tags = { { Key = "", Value = "" } } } end,
      "InvalidTagKey.Malformed" },
    { "create_tags", function(x) return { Resources = { x.one } } end, MISSING, "Tags" },
    { "describe_vpcs", function(x) return { VpcIds = { x.vpc }, MaxResults = 5 } end, COMBINATION,
      "vpcSet" },
    { "describe_vpcs", function() return { Filters = { { Values = { "a" } } } } end, MISSING },
    { "describe_vpcs", function() return { Filters = { { Name = "vpc-id" } } } end, VALUE,
      "no values" },
    { "describe_network_interface_attribute",
      function(x) return { NetworkInterfaceId = x.eni, Attribute = "no" } end, VALUE },
    { "describe_vpc_attribute", function(x) return { VpcId = x.vpc, Attribute = "no" } end, VALUE },
    -- groups and rules
    { "create_security_group", function(x) return { VpcId = x.vpc, GroupName = "n",
                                                    Description = "a\tb" } end, VALUE },
    { "create_security_group", function(x) return { VpcId = x.vpc, GroupName = "n",
                                                    Description = "d" } end,
      "SecurityGroupLimitExceeded" },
    { "delete_security_group", function() return {} end, MISSING },
    { "associate_security_group_vpc", function(x) return { GroupId = x.group, VpcId = x.vpc } end,
      VALUE },
    { "associate_security_group_vpc", function(x) return { GroupId = x.default_group,
                                                           VpcId = x.other } end, VALUE },
    { "disassociate_security_group_vpc", function(x) return { GroupId = x.group,
                                                              VpcId = x.other } end,
      "InvalidSecurityGroupVpcAssociation.NotFound" },
    { "authorize_security_group_ingress", function(x) return { GroupId = x.group,
      IpPermissions = { { IpProtocol = "-1" } } } end, MISSING },
    { "authorize_security_group_ingress", function(x) return { GroupId = x.group, IpPermissions = {
      { IpProtocol = "icmp", FromPort = -1, ToPort = 3, IpRanges = ANY4 } } } end, VALUE, "ICMP" },
    { "authorize_security_group_ingress", function(x) return { GroupId = x.group, IpPermissions = {
      { IpProtocol = "256", IpRanges = ANY4 } } } end, VALUE, "Unknown protocol" },
    { "revoke_security_group_egress", function(x) return { GroupId = x.group,
                                                           SecurityGroupRuleIds = { "sgr-12345678" },
      IpPermissions = { { IpProtocol = "-1", IpRanges = ANY4 } } } end, COMBINATION },
    { "modify_security_group_rules", function(x)
          local rule = sim_world.by(x.w.world, "SecurityGroupRules", "group-id",
                                    x.group)[1].SecurityGroupRuleId
          return { GroupId = x.group, SecurityGroupRules = { { SecurityGroupRuleId = rule,
                   SecurityGroupRule = { IpProtocol = "-1" } } } }
      end, VALUE, "Exactly one" },
    { "update_security_group_rule_descriptions_ingress",
      function(x) return { GroupId = x.group } end, MISSING },
    -- interfaces
    { "modify_network_interface_attribute", function(x) return { NetworkInterfaceId = x.eni,
      Attachment = { AttachmentId = "eni-attach-12345678", DeleteOnTermination = true } } end,
      "InvalidAttachmentID.NotFound" },
    { "modify_network_interface_attribute", function(x) return { NetworkInterfaceId = x.eni,
      AssociatePublicIpAddress = false } end, COMBINATION, "Elastic IP" },
    { "modify_network_interface_attribute", function(x) return { NetworkInterfaceId = x.second,
      AssociatePublicIpAddress = true } end, COMBINATION, "not the primary" },
    { "attach_network_interface", function(x) return { NetworkInterfaceId = x.free_eni,
                                                       InstanceId = x.two } end, MISSING },
    { "attach_network_interface", function(x) return { NetworkInterfaceId = x.free_eni,
                                                       InstanceId = x.gone,
      DeviceIndex = 1 } end, "IncorrectInstanceState" },
    { "attach_network_interface", function(x) return { NetworkInterfaceId = x.far_eni,
                                                       InstanceId = x.two,
      DeviceIndex = 1 } end, VALUE, "availability zone" },
    { "attach_network_interface", function(x) return { NetworkInterfaceId = x.free_eni,
                                                       InstanceId = x.two,
      DeviceIndex = 1 } end, "AttachmentLimitExceeded" },
    { "detach_network_interface", function(x) return { AttachmentId = x.managed_attachment } end,
      "OperationNotPermitted", "not allowed to manage" },
    { "create_network_interface", function(x) return { SubnetId = x.subnet,
                                                       Groups = { x.away_group } } end,
      "InvalidGroup.NotFound", "different networks" },
    -- instances
    { "run_instances", function(x) return { ImageId = "ami-1", MaxCount = 1,
                                            SubnetId = x.subnet } end, MISSING },
    { "run_instances", function(x) return { MinCount = 1, MaxCount = 1, SubnetId = x.subnet } end,
      MISSING, "ImageId" },
    { "run_instances", function() return { ImageId = "ami-1", MinCount = 1, MaxCount = 1 } end,
      "MissingInput" },
    { "stop_instances", function(x) return { InstanceIds = { x.one } } end, "OperationNotPermitted",
      "disableApiStop" },
    { "start_instances", function(x) return { InstanceIds = { x.gone } } end,
      "IncorrectInstanceState" },
    { "reboot_instances", function(x) return { InstanceIds = { x.gone } } end,
      "IncorrectInstanceState" },
    { "modify_instance_attribute", function(x) return { InstanceId = x.two,
                                                        DisableApiStop = { Value = true } } end,
      "UnsupportedOperation" },
    { "modify_instance_attribute", function(x) return { InstanceId = x.two, Groups = {} } end,
      MISSING },
    { "modify_instance_attribute", function(x) return { InstanceId = x.one,
                                                        BlockDeviceMappings = { {
      DeviceName = "/dev/zz", Ebs = { DeleteOnTermination = true } } } } end,
      "InvalidInstanceAttributeValue" },
    { "modify_instance_attribute", function(x) return { InstanceId = x.gone,
                                                        SourceDestCheck = { Value = true } } end,
      "IncorrectInstanceState" },
    { "create_snapshots",
      function(x) return { InstanceSpecification = { InstanceId = x.gone } } end, VALUE },
    { "associate_iam_instance_profile", function(x) return { InstanceId = x.one,
                                                             IamInstanceProfile = {} } end,
                                                                 MISSING },
    { "associate_iam_instance_profile", function(x) return { InstanceId = x.one,
                                                             IamInstanceProfile = { Arn = "x" } } end,
      "InvalidIamInstanceProfileArn.Malformed" },
    { "associate_iam_instance_profile", function(x) return { InstanceId = x.gone,
                                                             IamInstanceProfile = { Name = "x" } } end,
      "IncorrectInstanceState" },
    -- ACLs
    { "create_network_acl", function(x) return { VpcId = x.vpc } end, "NetworkAclLimitExceeded" },
    { "create_network_acl_entry", function(x) return entry(x, { Protocol = "nonsense" }) end, VALUE,
      "protocol" },
    { "create_network_acl_entry", function(x) return entry(x, { RuleNumber = "none" }) end,
      MISSING },
    { "create_network_acl_entry", function(x) return entry(x, { Egress = "none" }) end, MISSING },
    { "create_network_acl_entry", function(x) return entry(x, { CidrBlock = "none" }) end,
      MISSING },
    { "create_network_acl_entry", function(x) return entry(x, { Protocol = "1" }) end, MISSING,
      "icmpTypeCode" },
    { "create_network_acl_entry", function(x) return entry(x,
                                                           { PortRange = { From = 3,
                                                               To = 2 } }) end, VALUE },
    { "create_network_acl_entry", function(x) return entry(x, { PortRange = { From = 3 } }) end,
      VALUE },
    { "delete_network_acl_entry", function(x) return { NetworkAclId = x.acl, RuleNumber = 100 } end,
      MISSING },
    { "replace_network_acl_association", function(x) return { AssociationId = x.association,
      NetworkAclId = x.away_acl } end, VALUE, "different networks" },
    -- routes
    { "create_route_table", function(x) return { VpcId = x.vpc } end, "RouteTableLimitExceeded" },
    { "associate_route_table", function(x) return { RouteTableId = x.table, SubnetId = x.away } end,
      VALUE, "different networks" },
    { "replace_route_table_association", function(x) return { AssociationId = x.main_association,
      RouteTableId = x.away_table } end, VALUE, "different networks" },
    { "create_route", function(x) return route(x, { NatGatewayId = x.nat }) end,
      "RouteLimitExceeded" },
    { "create_route", function(x) return route(x, { NatGatewayId = x.nat,
                                                    GatewayId = x.gateway }) end, COMBINATION,
                                                        "target" },
    { "create_route", function(x) return route(x, { NatGatewayId = x.nat,
                                                    DestinationIpv6CidrBlock = "::/0" }) end,
      COMBINATION, "destination" },
    { "create_route", function(x) return { RouteTableId = x.table, NatGatewayId = x.nat } end,
      MISSING, "exactly one of" },
    { "create_route", function(x) return { RouteTableId = x.away_table,
                                           DestinationCidrBlock = "0.0.0.0/0",
      GatewayId = x.gateway } end, VALUE, "different networks" },
    { "create_route", function(x) return { RouteTableId = x.away_table,
                                           DestinationCidrBlock = "0.0.0.0/0",
      NatGatewayId = x.nat } end, VALUE, "different networks" },
    { "create_route", function(x) return { RouteTableId = x.away_table,
                                           DestinationCidrBlock = "0.0.0.0/0",
      NetworkInterfaceId = x.eni } end, VALUE, "different networks" },
    { "create_route", function(x) return route(x, { InstanceId = x.one }) end, "InvalidInstanceID",
      "multiple interfaces" },
    { "replace_route", function(x) return { RouteTableId = x.table,
                                            DestinationCidrBlock = "0.0.0.0/0",
      LocalTarget = true } end, VALUE, "local" },
    -- gateways and addresses
    { "create_internet_gateway", function() return {} end, "InternetGatewayLimitExceeded" },
    { "create_nat_gateway", function(x) return { SubnetId = x.subnet } end, MISSING,
      "AllocationId" },
    { "create_nat_gateway", function(x) return { SubnetId = x.subnet,
                                                 AllocationId = x.used_address } end,
      "Resource.AlreadyAssociated" },
    { "allocate_address", function() return {} end, "AddressLimitExceeded" },
    { "release_address", function() return {} end, MISSING },
    { "release_address", function() return { PublicIp = "192.0.2.9" } end,
      "InvalidAddress.NotFound" },
    { "associate_address", function(x) return { AllocationId = x.address } end, MISSING,
      "InstanceId" },
    { "associate_address", function(x) return { AllocationId = x.address,
                                                NetworkInterfaceId = x.managed } end,
      "OperationNotPermitted" },
    { "associate_address", function(x) return { AllocationId = x.address,
                                                NetworkInterfaceId = x.far_eni } end,
      "Gateway.NotAttached" },
    -- VPCs
    { "create_subnet", function(x) return { VpcId = x.vpc, CidrBlock = "10.0.1.128/25" } end,
      "InvalidSubnet.Conflict" },
    { "create_subnet", function(x) return { VpcId = x.vpc, CidrBlock = "10.5.1.0/24" } end,
      "InvalidSubnet.Range" },
    { "create_network_interface", function(x) return { SubnetId = x.subnet,
                                                       Ipv6AddressCount = 1 } end, VALUE, "IPv6" },
    { "delete_vpc", function(x) return { VpcId = x.vpc } end, "DependencyViolation" },
    -- SQS
    { "send_message", function(x) return { QueueUrl = x.queue, MessageBody = "" } end, MISSING,
      "MessageBody", "sqs" },
    { "send_message", function(x) return { QueueUrl = x.queue, MessageBody = ("x"):rep(1025) } end,
      VALUE, "1024", "sqs" },
    { "send_message", function(x) return { QueueUrl = x.queue, MessageBody = "x",
                                           MessageDeduplicationId = "y" } end,
      VALUE, "queue type", "sqs" },
    { "send_message", function(x) return { QueueUrl = x.fifo, MessageBody = "x",
                                           MessageGroupId = "y", DelaySeconds = 5 } end,
      VALUE, "DelaySeconds", "sqs" },
    { "receive_message", function(x) return { QueueUrl = x.queue, MaxNumberOfMessages = 11 } end,
      VALUE, "<= 10", "sqs" },
    { "receive_message", function(x) return { QueueUrl = x.queue, WaitTimeSeconds = 21 } end, VALUE,
      "<= 20", "sqs" },
    { "receive_message", function() return {} end, MISSING, "QueueUrl", "sqs" },
    { "create_queue", function() return {} end, MISSING, "QueueName", "sqs" },
    { "get_queue_attributes", function(x) return { QueueUrl = x.queue,
                                                   AttributeNames = { "Nothing" } } end,
      "InvalidAttributeName", "Nothing", "sqs" },
    { "change_message_visibility", function(x) return { QueueUrl = x.queue,
      ReceiptHandle = "AQEB" .. ("0"):rep(32) } end, MISSING, "VisibilityTimeout", "sqs" },
    { "delete_message_batch", function(x) return { QueueUrl = x.queue, Entries = {} } end,
      "AWS.SimpleQueueService.EmptyBatchRequest", "at least one", "sqs" },
}

return {
    { "each refused call gives AWS's code and changes nothing", function()
        local x = setup()
        local before, failures = helper.resources(x.w), {}
        for i, row in ipairs(ROWS) do
            local ok, problem = pcall(helper.fails, x.w, row[1], row[2](x), row[3], row[4], row[5])
            if not ok then
                failures[#failures + 1] = ("row %d, %s: %s"):format(i, row[1],
                    tostring(problem):sub(1, 300))
            end
        end
        check.equal(table.concat(failures, "\n    "), "")
        check.equal(helper.resources(x.w), before)
    end },
    { "an empty VPC that has more than it came with stays", function()
        local w = helper.new()
        local vpc = w:vpc {}
        vpc:group {}
        helper.fails(w, "delete_vpc", { VpcId = vpc.id }, "DependencyViolation")
    end },
    { "a receipt handle of a FIFO queue ends with its visibility", function()
        local x = setup()
        local function sqs(operation, params) return helper.call(x.w, operation, params, "sqs") end
        sqs("send_message", { QueueUrl = x.fifo, MessageBody = "x", MessageGroupId = "g" })
        local handle = sqs("receive_message", { QueueUrl = x.fifo }).Messages[1].ReceiptHandle
        sim_clock.advance(x.w.world, 31)
        helper.fails(x.w, "delete_message", { QueueUrl = x.fifo, ReceiptHandle = handle }, VALUE,
                     "expired", "sqs")
    end },
}
