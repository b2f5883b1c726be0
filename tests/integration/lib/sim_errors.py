"""What must be refused on the default world, and with which of AWS's codes: (why, service,
method, parameters of `has`, code, HTTP status). The codes are those of the EC2 and SQS API
references."""

NONE = "0123456789abcdef0"


def one(name, *values):
    return [{"Name": name, "Values": list(values)}]


def tcp(port, cidr="0.0.0.0/0", **more):
    return [dict({"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": [{"CidrIp": cidr}]}, **more)]


def not_found():
    """Ids of the right form that are nobody's."""
    rows = [
        ("describe_instances", {"InstanceIds": ["i-" + NONE]}, "InvalidInstanceID.NotFound"),
        ("describe_network_interfaces", {"NetworkInterfaceIds": ["eni-" + NONE]}, "InvalidNetworkInterfaceID.NotFound"),
        ("describe_security_groups", {"GroupIds": ["sg-" + NONE]}, "InvalidGroup.NotFound"),
        ("describe_security_group_rules", {"SecurityGroupRuleIds": ["sgr-" + NONE]}, "InvalidSecurityGroupRuleId.NotFound"),
        ("describe_network_acls", {"NetworkAclIds": ["acl-" + NONE]}, "InvalidNetworkAclID.NotFound"),
        ("describe_route_tables", {"RouteTableIds": ["rtb-" + NONE]}, "InvalidRouteTableID.NotFound"),
        ("describe_subnets", {"SubnetIds": ["subnet-" + NONE]}, "InvalidSubnetID.NotFound"),
        ("describe_vpcs", {"VpcIds": ["vpc-" + NONE]}, "InvalidVpcID.NotFound"),
        ("describe_internet_gateways", {"InternetGatewayIds": ["igw-" + NONE]}, "InvalidInternetGatewayID.NotFound"),
        ("describe_nat_gateways", {"NatGatewayIds": ["nat-" + NONE]}, "NatGatewayNotFound"),
        ("describe_vpc_endpoints", {"VpcEndpointIds": ["vpce-" + NONE]}, "InvalidVpcEndpointId.NotFound"),
        ("describe_vpc_peering_connections", {"VpcPeeringConnectionIds": ["pcx-" + NONE]},
         "InvalidVpcPeeringConnectionID.NotFound"),
        ("describe_addresses", {"AllocationIds": ["eipalloc-" + NONE]}, "InvalidAllocationID.NotFound"),
        ("describe_addresses", {"PublicIps": ["203.0.113.250"]}, "InvalidAddress.NotFound"),
        ("describe_volumes", {"VolumeIds": ["vol-" + NONE]}, "InvalidVolume.NotFound"),
        ("describe_snapshots", {"SnapshotIds": ["snap-" + NONE]}, "InvalidSnapshot.NotFound"),
        ("get_console_output", {"InstanceId": "i-" + NONE}, "InvalidInstanceID.NotFound"),
        ("replace_network_acl_association", {"AssociationId": "aclassoc-" + NONE, "NetworkAclId": "acl-" + NONE},
         "InvalidNetworkAclID.NotFound"),
        ("disassociate_route_table", {"AssociationId": "rtbassoc-" + NONE}, "InvalidAssociationID.NotFound"),
        ("disassociate_address", {"AssociationId": "eipassoc-" + NONE}, "InvalidAssociationID.NotFound"),
        ("detach_network_interface", {"AttachmentId": "eni-attach-" + NONE}, "InvalidAttachmentID.NotFound"),
    ]
    for method, params, code in rows:
        yield "nobody's id", "ec2", method, params, code, 400


def malformed():
    rows = [
        ("describe_instances", {"InstanceIds": ["web-7"]}, "InvalidInstanceID.Malformed"),
        ("describe_instances", {"InstanceIds": ["i-0123"]}, "InvalidInstanceID.Malformed"),
        ("describe_security_groups", {"GroupIds": ["default"]}, "InvalidGroupId.Malformed"),
        ("describe_subnets", {"SubnetIds": ["subnet"]}, "InvalidSubnetID.Malformed"),
        ("describe_vpcs", {"VpcIds": ["VPC-1"]}, "InvalidVpcID.Malformed"),
        ("describe_network_acls", {"NetworkAclIds": ["nacl-1"]}, "InvalidNetworkAclId.Malformed"),
        ("create_tags", {"Resources": ["nonsense"], "Tags": [{"Key": "a", "Value": "b"}]}, "InvalidID"),
        ("create_vpc", {"CidrBlock": "10.0.0.0/8"}, "InvalidVpc.Range"),
        ("create_vpc", {"CidrBlock": "10.0.0.0.0/16"}, "InvalidParameterValue"),
    ]
    for method, params, code in rows:
        yield "malformed", "ec2", method, params, code, 400


def state(has):
    """What the state of the world forbids."""
    sg, vpc, eni, acl, main = has["group_web"], has["vpc"], has["eni"], has["acl"], has["table_main"]
    front = has["subnet_public"]
    rows = [
        ("a rule twice", "authorize_security_group_ingress", {"GroupId": sg, "IpPermissions": tcp(443)},
         "InvalidPermission.Duplicate"),
        ("the rule every new group has", "authorize_security_group_egress",
         {"GroupId": sg, "IpPermissions": [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]},
         "InvalidPermission.Duplicate"),
        ("a rule that is not there", "revoke_security_group_ingress", {"GroupId": sg, "IpPermissions": tcp(81)},
         "InvalidPermission.NotFound"),
        ("ports the wrong way round", "authorize_security_group_ingress",
         {"GroupId": sg, "IpPermissions": tcp(81, FromPort=90, ToPort=81)}, "InvalidParameterValue"),
        ("an address that is none", "authorize_security_group_ingress",
         {"GroupId": sg, "IpPermissions": tcp(81, "10.0.0.300/32")}, "InvalidParameterValue"),
        ("more rules than the quota", "authorize_security_group_ingress",
         {"GroupId": sg, "IpPermissions": [p for n in range(61) for p in tcp(1000 + n)]},
         "RulesPerSecurityGroupLimitExceeded"),
        ("a name twice, in other letters", "create_security_group",
         {"GroupName": "WEB", "Description": "x", "VpcId": vpc}, "InvalidGroup.Duplicate"),
        ("the default's name", "create_security_group", {"GroupName": "default", "Description": "x", "VpcId": vpc},
         "InvalidGroup.Reserved"),
        ("a name like an id", "create_security_group", {"GroupName": "sg-mine", "Description": "x", "VpcId": vpc},
         "InvalidParameterValue"),
        ("a group in use", "delete_security_group", {"GroupId": sg}, "DependencyViolation"),
        ("the default group", "delete_security_group", {"GroupId": has["group_default"]}, "CannotDelete"),
        ("no default VPC", "create_security_group", {"GroupName": "x", "Description": "x"}, "VPCIdNotSpecified"),
        ("nobody's group on an interface", "modify_network_interface_attribute",
         {"NetworkInterfaceId": eni, "Groups": ["sg-" + NONE]}, "InvalidGroup.NotFound"),
        ("more groups than the quota", "modify_network_interface_attribute",
         {"NetworkInterfaceId": eni, "Groups": has["six_groups"]}, "SecurityGroupsPerInterfaceLimitExceeded"),
        ("a load balancer's interface", "modify_network_interface_attribute",
         {"NetworkInterfaceId": has["managed"], "Groups": [sg]}, "OperationNotPermitted"),
        ("two attributes at once", "modify_network_interface_attribute",
         {"NetworkInterfaceId": eni, "Groups": [sg], "Description": {"Value": "x"}}, "InvalidParameterCombination"),
        ("several interfaces", "modify_instance_attribute", {"InstanceId": has["victim"], "Groups": [sg]},
         "InvalidInstanceID"),
        ("no attribute", "modify_instance_attribute", {"InstanceId": has["victim"]}, "InvalidParameterCombination"),
        ("the first interface", "detach_network_interface", {"AttachmentId": has["attachment0"]},
         "OperationNotPermitted"),
        ("an interface in use", "delete_network_interface", {"NetworkInterfaceId": eni}, "InvalidParameterValue"),
        ("an interface attached already", "attach_network_interface",
         {"NetworkInterfaceId": eni, "InstanceId": has["db"], "DeviceIndex": 1}, "InvalidNetworkInterface.InUse"),
        ("protected", "terminate_instances", {"InstanceIds": [has["db"]]}, "OperationNotPermitted"),
        ("an entry's number twice", "create_network_acl_entry",
         {"NetworkAclId": acl, "RuleNumber": 100, "Protocol": "-1", "RuleAction": "deny", "Egress": False,
          "CidrBlock": "0.0.0.0/0"}, "NetworkAclEntryAlreadyExists"),
        ("an entry that is not there", "delete_network_acl_entry",
         {"NetworkAclId": acl, "RuleNumber": 7, "Egress": False}, "InvalidNetworkAclEntry.NotFound"),
        ("the default entry", "delete_network_acl_entry", {"NetworkAclId": acl, "RuleNumber": 32767, "Egress": False},
         "InvalidParameterValue"),
        ("the default NACL", "delete_network_acl", {"NetworkAclId": acl}, "InvalidParameterValue"),
        ("a route twice", "create_route", {"RouteTableId": main, "DestinationCidrBlock": "0.0.0.0/0",
                                           "GatewayId": has["gateway"]}, "RouteAlreadyExists"),
        ("the local route", "delete_route", {"RouteTableId": main, "DestinationCidrBlock": "10.20.0.0/16"},
         "InvalidParameterValue"),
        ("a route that is not there", "delete_route", {"RouteTableId": main, "DestinationCidrBlock": "192.0.2.0/24"},
         "InvalidRoute.NotFound"),
        ("a table in use", "delete_route_table", {"RouteTableId": has["table_private"]}, "DependencyViolation"),
        ("a subnet's second table", "associate_route_table",
         {"RouteTableId": main, "SubnetId": has["subnet_private"]}, "Resource.AlreadyAssociated"),
        ("public addresses are mapped", "detach_internet_gateway",
         {"InternetGatewayId": has["gateway"], "VpcId": vpc}, "DependencyViolation"),
        ("a second gateway", "attach_internet_gateway", {"InternetGatewayId": has["gateway"], "VpcId": vpc},
         "Resource.AlreadyAssociated"),
        ("a gateway in use", "delete_internet_gateway", {"InternetGatewayId": has["gateway"]}, "DependencyViolation"),
        ("a VPC in use", "delete_vpc", {"VpcId": vpc}, "DependencyViolation"),
        ("a subnet in use", "delete_subnet", {"SubnetId": front}, "DependencyViolation"),
        ("a subnet over another", "create_subnet", {"VpcId": vpc, "CidrBlock": "10.20.1.128/25"},
         "InvalidSubnet.Conflict"),
        ("a subnet outside", "create_subnet", {"VpcId": vpc, "CidrBlock": "10.99.1.0/24"}, "InvalidSubnet.Range"),
        ("an address in use", "release_address", {"AllocationId": has["eip0"]}, "InvalidIPAddress.InUse"),
        ("a second profile", "associate_iam_instance_profile",
         {"InstanceId": has["victim"], "IamInstanceProfile": {"Name": "x"}}, "IncorrectState"),
        ("a reserved tag", "create_tags", {"Resources": [eni], "Tags": [{"Key": "aws:x", "Value": "b"}]},
         "InvalidParameterValue"),
        ("more tags than the quota", "create_tags",
         {"Resources": [eni], "Tags": [{"Key": "k%d" % n, "Value": ""} for n in range(51)]}, "TagLimitExceeded"),
        ("a token with other parameters", "create_network_acl", {"VpcId": has["vpc"], "ClientToken": "the-token",
                                                                 "TagSpecifications": [
            {"ResourceType": "network-acl", "Tags": [{"Key": "a", "Value": "b"}]}]}, "IdempotentParameterMismatch"),
    ]
    for why, method, params, code in rows:
        yield why, "ec2", method, params, code, 400


def requests(has):
    """What the request itself forbids."""
    rows = [
        ("unknown filter", "describe_instances", {"Filters": one("colour", "red")}, "InvalidParameterValue", 400),
        ("a filter without values", "describe_subnets", {"Filters": [{"Name": "vpc-id"}]}, "InvalidParameterValue", 400),
        ("too many filter values", "describe_instances",
         {"Filters": one("instance-id", *["i-%017x" % n for n in range(201)])}, "FilterLimitExceeded", 400),
        ("MaxResults with ids", "describe_instances", {"InstanceIds": [has["victim"]], "MaxResults": 5},
         "InvalidParameterCombination", 400),
        ("MaxResults too small", "describe_instances", {"MaxResults": 1}, "InvalidParameterValue", 400),
        ("MaxResults too large", "describe_route_tables", {"MaxResults": 101}, "InvalidParameterValue", 400),
        ("a token of nobody's", "describe_instances", {"NextToken": "abc"}, "InvalidParameterValue", 400),
        ("permitted", "delete_security_group", {"GroupId": has["group_web"], "DryRun": True}, "DryRunOperation", 412),
        ("permitted", "modify_network_interface_attribute",
         {"NetworkInterfaceId": has["eni"], "Groups": [has["group_web"]], "DryRun": True}, "DryRunOperation", 412),
        ("permitted read", "describe_instances", {"DryRun": True}, "DryRunOperation", 412),
        ("unknown attribute", "describe_instance_attribute", {"InstanceId": has["victim"], "Attribute": "colour"},
         "InvalidParameterValue", 400),
        ("no members", "create_security_group", {"GroupName": "x", "Description": "", "VpcId": has["vpc"]},
         "MissingParameter", 400),
        ("minus one instance", "run_instances", {"ImageId": has["image"], "MinCount": 2, "MaxCount": 1},
         "InvalidParameterValue", 400),
    ]
    for why, method, params, code, status in rows:
        yield why, "ec2", method, params, code, status


def sqs(has):
    queue, gone = has["queue"], has["queue"] + "-nobody"
    rows = [
        ("no such queue", "get_queue_url", {"QueueName": "nobody"}, "QueueDoesNotExist"),
        ("no such queue", "send_message", {"QueueUrl": gone, "MessageBody": "x"}, "QueueDoesNotExist"),
        ("another account's", "receive_message", {"QueueUrl": queue.replace("111122223333", "999999999999")},
         "QueueDoesNotExist"),
        ("the same name, other attributes", "create_queue",
         {"QueueName": "findings", "Attributes": {"VisibilityTimeout": "77"}}, "QueueNameExists"),
        ("a handle that is none", "delete_message", {"QueueUrl": queue, "ReceiptHandle": "x"}, "ReceiptHandleIsInvalid"),
        ("an empty batch", "send_message_batch", {"QueueUrl": queue, "Entries": []}, "EmptyBatchRequest"),
        ("an id twice", "send_message_batch", {"QueueUrl": queue, "Entries": [
            {"Id": "a", "MessageBody": "1"}, {"Id": "a", "MessageBody": "2"}]}, "BatchEntryIdsNotDistinct"),
        ("eleven entries", "send_message_batch", {"QueueUrl": queue, "Entries": [
            {"Id": "e%d" % n, "MessageBody": "1"} for n in range(11)]}, "TooManyEntriesInBatchRequest"),
        ("an id with blanks", "delete_message_batch", {"QueueUrl": queue, "Entries": [
            {"Id": "a b", "ReceiptHandle": "x"}]}, "InvalidBatchEntryId"),
        ("not in flight", "change_message_visibility",
         {"QueueUrl": queue, "ReceiptHandle": "AQEB" + "0" * 32, "VisibilityTimeout": 1}, "MessageNotInflight"),
        ("unknown attribute", "get_queue_attributes", {"QueueUrl": queue, "AttributeNames": ["Colour"]},
         "InvalidAttributeName"),
        ("an attribute out of range", "set_queue_attributes",
         {"QueueUrl": queue, "Attributes": {"VisibilityTimeout": "43201"}}, "InvalidAttributeValue"),
        ("purged a moment ago", "purge_queue", {"QueueUrl": has["purged"]}, "PurgeQueueInProgress"),
        ("deleted a moment ago", "create_queue", {"QueueName": has["deleted"]}, "QueueDeletedRecently"),
    ]
    for why, method, params, shape in rows:
        yield why, "sqs", method, params, shape, 400
    untyped = [
        ("an empty body", "send_message", {"QueueUrl": queue, "MessageBody": ""}, "MissingParameter"),
        ("a name with blanks", "create_queue", {"QueueName": "a b"}, "InvalidParameterValue"),
        ("eleven messages", "receive_message", {"QueueUrl": queue, "MaxNumberOfMessages": 11}, "InvalidParameterValue"),
        ("21 s", "receive_message", {"QueueUrl": queue, "WaitTimeSeconds": 21}, "InvalidParameterValue"),
        ("a delay over 900 s", "send_message", {"QueueUrl": queue, "MessageBody": "x", "DelaySeconds": 901},
         "InvalidParameterValue"),
    ]
    for why, method, params, code in untyped:
        yield why, "sqs-plain", method, params, code, 400


def table(has):
    for part in (not_found(), malformed(), state(has), requests(has), sqs(has)):
        yield from part
