"""A sensible request for every operation that the simulator models, in an order that works on
the default world. Each entry is (service, method, parameters), parameters a function of `has`:
the ids found or made so far; the last member takes from the answer what later entries need."""

MADE = {"Key": "made", "Value": "yes"}


def one(name, *values):
    return [{"Name": name, "Values": list(values)}]


def tagged(kind):
    return [{"ResourceType": kind, "Tags": [{"Key": "made", "Value": "by the test"}]}]


def rule(port, cidr="203.0.113.0/24"):
    return [{"IpProtocol": "tcp", "FromPort": port, "ToPort": port,
             "IpRanges": [{"CidrIp": cidr, "Description": "port %d" % port}]}]


def find(ec2):
    """The ids of the default world that requests name."""
    instances = {}
    for reservation in ec2.describe_instances()["Reservations"]:
        for i in reservation["Instances"]:
            instances[{t["Key"]: t["Value"] for t in i["Tags"]}["Name"]] = i
    victim = instances["web-7"]
    has = {"victim": victim["InstanceId"], "app": instances["app-1"]["InstanceId"],
           "db": instances["db-1"]["InstanceId"], "vpc": victim["VpcId"],
           "image": victim["ImageId"], "eni": victim["NetworkInterfaces"][0]["NetworkInterfaceId"],
           "volume": victim["BlockDeviceMappings"][0]["Ebs"]["VolumeId"]}
    for s in ec2.describe_subnets()["Subnets"]:
        name = {t["Key"]: t["Value"] for t in s["Tags"]}["Name"]
        has["subnet_" + name.split("-")[0]] = s["SubnetId"]
    for g in ec2.describe_security_groups()["SecurityGroups"]:
        has["group_" + g["GroupName"]] = g["GroupId"]
    has["gateway"] = ec2.describe_internet_gateways()["InternetGateways"][0]["InternetGatewayId"]
    for t in ec2.describe_route_tables(Filters=one("vpc-id", has["vpc"]))["RouteTables"]:
        main = any(a["Main"] for a in t["Associations"])
        has["table_main" if main else "table_private"] = t["RouteTableId"]
    return has


def keep(has, name, *path):
    def take(answer):
        for step in path:
            answer = answer[step]
        has[name] = answer
    return take


def sequence(has):
    """Yields (service, method, parameters, what to keep)."""
    def k(name, *path):
        return keep(has, name, *path)

    # --- a VPC of our own
    yield "ec2", "create_vpc", {"CidrBlock": "10.77.0.0/16", "AmazonProvidedIpv6CidrBlock": True,
                                "TagSpecifications": tagged("vpc")}, k("vpc2", "Vpc", "VpcId")
    yield "ec2", "modify_vpc_attribute", {"VpcId": has["vpc2"], "EnableDnsHostnames": {"Value": True}}, None
    yield "ec2", "describe_vpc_attribute", {"VpcId": has["vpc2"], "Attribute": "enableDnsHostnames"}, None
    yield "ec2", "create_subnet", {"VpcId": has["vpc2"], "CidrBlock": "10.77.1.0/24"}, k("sub2", "Subnet", "SubnetId")
    yield "ec2", "create_subnet", {"VpcId": has["vpc2"], "CidrBlock": "10.77.2.0/24"}, k("sub3", "Subnet", "SubnetId")
    yield "ec2", "modify_subnet_attribute", {"SubnetId": has["sub2"], "MapPublicIpOnLaunch": {"Value": True}}, None
    yield "ec2", "create_internet_gateway", {"TagSpecifications": tagged("internet-gateway")}, \
        k("igw2", "InternetGateway", "InternetGatewayId")
    yield "ec2", "attach_internet_gateway", {"InternetGatewayId": has["igw2"], "VpcId": has["vpc2"]}, None
    yield "ec2", "create_egress_only_internet_gateway", {"VpcId": has["vpc2"]}, \
        k("eigw", "EgressOnlyInternetGateway", "EgressOnlyInternetGatewayId")

    # --- groups and rules
    yield "ec2", "create_security_group", {"GroupName": "made", "Description": "by the test",
                                           "VpcId": has["vpc2"], "TagSpecifications": tagged("security-group")}, k("sg", "GroupId")
    yield "ec2", "create_security_group", {"GroupName": "made too", "Description": "by the test",
                                           "VpcId": has["vpc2"]}, k("sg2", "GroupId")
    yield "ec2", "authorize_security_group_ingress", {"GroupId": has["sg"], "IpPermissions": rule(22)}, \
        k("rule", "SecurityGroupRules", 0, "SecurityGroupRuleId")
    yield "ec2", "authorize_security_group_egress", {"GroupId": has["sg"], "IpPermissions": rule(443)}, None
    yield "ec2", "update_security_group_rule_descriptions_ingress", {"GroupId": has["sg"], "IpPermissions": rule(22)}, None
    yield "ec2", "update_security_group_rule_descriptions_egress", {"GroupId": has["sg"], "IpPermissions": rule(443)}, None
    yield "ec2", "modify_security_group_rules", {"GroupId": has["sg"], "SecurityGroupRules": [
        {"SecurityGroupRuleId": has["rule"], "SecurityGroupRule": {
            "IpProtocol": "tcp", "FromPort": 2222, "ToPort": 2222, "CidrIpv4": "203.0.113.0/25",
            "Description": "moved"}}]}, None
    yield "ec2", "describe_security_group_rules", {"Filters": one("group-id", has["sg"])}, None
    yield "ec2", "revoke_security_group_ingress", {"GroupId": has["sg"], "SecurityGroupRuleIds": [has["rule"]]}, None
    yield "ec2", "revoke_security_group_egress", {"GroupId": has["sg"], "IpPermissions": rule(443)}, None
    yield "ec2", "describe_security_groups", {"Filters": one("vpc-id", has["vpc2"])}, None
    yield "ec2", "describe_security_group_references", {"GroupId": [has["sg"]]}, None
    yield "ec2", "associate_security_group_vpc", {"GroupId": has["sg2"], "VpcId": has["vpc"]}, None
    yield "ec2", "describe_security_group_vpc_associations", {}, None
    yield "ec2", "disassociate_security_group_vpc", {"GroupId": has["sg2"], "VpcId": has["vpc"]}, None
    yield "ec2", "delete_security_group", {"GroupId": has["sg2"]}, None

    # --- instances
    yield "ec2", "run_instances", {"ImageId": has["image"], "MinCount": 1, "MaxCount": 1, "InstanceType": "t3.micro",
                                   "SubnetId": has["sub2"], "SecurityGroupIds": [has["sg"]]}, \
        k("i", "Instances", 0, "InstanceId")
    yield "ec2", "describe_instances", {"InstanceIds": [has["i"]]}, None
    yield "ec2", "describe_instance_status", {"IncludeAllInstances": True}, None
    yield "ec2", "describe_instance_attribute", {"InstanceId": has["victim"], "Attribute": "groupSet"}, None
    yield "ec2", "modify_instance_attribute", {"InstanceId": has["victim"],
                                               "InstanceInitiatedShutdownBehavior": {"Value": "stop"}}, None
    yield "ec2", "get_console_output", {"InstanceId": has["victim"]}, None
    yield "ec2", "get_console_screenshot", {"InstanceId": has["victim"]}, None
    yield "ec2", "reboot_instances", {"InstanceIds": [has["victim"]]}, None
    yield "ec2", "stop_instances", {"InstanceIds": [has["app"]]}, None
    yield "ec2", "start_instances", {"InstanceIds": [has["victim"]]}, None
    yield "ec2", "describe_iam_instance_profile_associations", {"Filters": one("instance-id", has["victim"])}, \
        k("iip", "IamInstanceProfileAssociations", 0, "AssociationId")
    yield "ec2", "replace_iam_instance_profile_association", {
        "AssociationId": has["iip"], "IamInstanceProfile": {"Name": "nothing"}}, \
        k("iip", "IamInstanceProfileAssociation", "AssociationId")
    yield "ec2", "disassociate_iam_instance_profile", {"AssociationId": has["iip"]}, None
    yield "ec2", "associate_iam_instance_profile", {"InstanceId": has["victim"],
                                                    "IamInstanceProfile": {"Name": "web-server"}}, None

    # --- interfaces and addresses
    yield "ec2", "create_network_interface", {"SubnetId": has["subnet_private"], "Description": "made",
                                              "Groups": [has["group_app"]]}, \
        k("eni2", "NetworkInterface", "NetworkInterfaceId")
    yield "ec2", "describe_network_interfaces", {"NetworkInterfaceIds": [has["eni2"]]}, None
    yield "ec2", "describe_network_interface_attribute", {"NetworkInterfaceId": has["eni2"], "Attribute": "groupSet"}, None
    yield "ec2", "modify_network_interface_attribute", {"NetworkInterfaceId": has["eni2"],
                                                        "Groups": [has["group_quarantine"]]}, None
    yield "ec2", "attach_network_interface", {"NetworkInterfaceId": has["eni2"], "InstanceId": has["db"],
                                              "DeviceIndex": 1}, k("attachment", "AttachmentId")
    yield "ec2", "detach_network_interface", {"AttachmentId": has["attachment"], "Force": True}, None
    yield "ec2", "allocate_address", {"Domain": "vpc"}, k("eip", "AllocationId")
    yield "ec2", "describe_addresses", {"AllocationIds": [has["eip"]]}, None
    yield "ec2", "associate_address", {"AllocationId": has["eip"], "InstanceId": has["db"]}, k("eipassoc", "AssociationId")
    yield "ec2", "disassociate_address", {"AssociationId": has["eipassoc"]}, None

    # --- routes
    yield "ec2", "create_nat_gateway", {"SubnetId": has["sub2"], "AllocationId": has["eip"]}, \
        k("nat", "NatGateway", "NatGatewayId")
    yield "ec2", "describe_nat_gateways", {"NatGatewayIds": [has["nat"]]}, None
    yield "ec2", "create_route_table", {"VpcId": has["vpc2"]}, k("rtb", "RouteTable", "RouteTableId")
    yield "ec2", "create_route", {"RouteTableId": has["rtb"], "DestinationCidrBlock": "0.0.0.0/0",
                                  "GatewayId": has["igw2"]}, None
    yield "ec2", "replace_route", {"RouteTableId": has["rtb"], "DestinationCidrBlock": "0.0.0.0/0",
                                   "NatGatewayId": has["nat"]}, None
    yield "ec2", "associate_route_table", {"RouteTableId": has["rtb"], "SubnetId": has["sub3"]}, k("rtbassoc", "AssociationId")
    yield "ec2", "describe_route_tables", {"Filters": one("vpc-id", has["vpc2"])}, \
        lambda a: has.update(rtb_main=[t["RouteTableId"] for t in a["RouteTables"] if t["RouteTableId"] != has["rtb"]][0])
    yield "ec2", "replace_route_table_association", {"AssociationId": has["rtbassoc"], "RouteTableId": has["rtb_main"]}, \
        k("rtbassoc", "NewAssociationId")
    yield "ec2", "disassociate_route_table", {"AssociationId": has["rtbassoc"]}, None
    yield "ec2", "delete_route", {"RouteTableId": has["rtb"], "DestinationCidrBlock": "0.0.0.0/0"}, None
    yield "ec2", "delete_route_table", {"RouteTableId": has["rtb"]}, None

    # --- NACLs
    yield "ec2", "create_network_acl", {"VpcId": has["vpc2"]}, k("acl", "NetworkAcl", "NetworkAclId")
    entry = {"NetworkAclId": has["acl"], "RuleNumber": 1, "Protocol": "-1", "Egress": True, "CidrBlock": "0.0.0.0/0"}
    yield "ec2", "create_network_acl_entry", dict(entry, RuleAction="deny"), None
    yield "ec2", "replace_network_acl_entry", dict(entry, RuleAction="allow"), None
    yield "ec2", "delete_network_acl_entry", {"NetworkAclId": has["acl"], "RuleNumber": 1, "Egress": True}, None
    yield "ec2", "describe_network_acls", {"Filters": one("association.subnet-id", has["sub3"])}, \
        lambda a: has.update(aclassoc=[x["NetworkAclAssociationId"] for x in a["NetworkAcls"][0]["Associations"]
                                       if x["SubnetId"] == has["sub3"]][0],
                             acl_default=a["NetworkAcls"][0]["NetworkAclId"])
    yield "ec2", "replace_network_acl_association", {"AssociationId": has["aclassoc"], "NetworkAclId": has["acl"]}, \
        k("aclassoc", "NewAssociationId")
    yield "ec2", "replace_network_acl_association", {"AssociationId": has["aclassoc"], "NetworkAclId": has["acl_default"]}, None
    yield "ec2", "delete_network_acl", {"NetworkAclId": has["acl"]}, None

    # --- evidence, tags
    yield "ec2", "create_snapshot", {"VolumeId": has["volume"], "Description": "evidence"}, k("snap", "SnapshotId")
    yield "ec2", "create_snapshots", {"InstanceSpecification": {"InstanceId": has["victim"]}, "Description": "evidence"}, None
    yield "ec2", "describe_snapshots", {"SnapshotIds": [has["snap"]]}, None
    yield "ec2", "describe_volumes", {"VolumeIds": [has["volume"]]}, None
    yield "ec2", "delete_snapshot", {"SnapshotId": has["snap"]}, None
    yield "ec2", "create_tags", {"Resources": [has["victim"], has["sg"]], "Tags": [MADE]}, None
    yield "ec2", "describe_tags", {"Filters": one("resource-id", has["victim"])}, None
    yield "ec2", "delete_tags", {"Resources": [has["victim"]], "Tags": [MADE]}, None

    # --- what is only read
    for method in ("describe_vpcs", "describe_subnets", "describe_internet_gateways",
                   "describe_egress_only_internet_gateways", "describe_vpc_endpoints",
                   "describe_vpc_peering_connections", "describe_transit_gateway_vpc_attachments",
                   "describe_flow_logs", "describe_prefix_lists",
                   "describe_regions", "describe_availability_zones"):
        yield "ec2", method, {}, None

    yield "ec2", "describe_managed_prefix_lists", {}, k("prefix_list", "PrefixLists", 0, "PrefixListId")
    yield "ec2", "get_managed_prefix_list_entries", {"PrefixListId": has["prefix_list"]}, None

    # --- away with it
    yield "ec2", "terminate_instances", {"InstanceIds": [has["i"]]}, None
    yield "ec2", "delete_nat_gateway", {"NatGatewayId": has["nat"]}, None
    yield "ec2", "delete_network_interface", {"NetworkInterfaceId": has["eni2"]}, None
    yield "ec2", "delete_egress_only_internet_gateway", {"EgressOnlyInternetGatewayId": has["eigw"]}, None
    yield "ec2", "create_vpc", {"CidrBlock": "10.78.0.0/16"}, k("vpc3", "Vpc", "VpcId")
    yield "ec2", "create_internet_gateway", {}, k("igw3", "InternetGateway", "InternetGatewayId")
    yield "ec2", "attach_internet_gateway", {"InternetGatewayId": has["igw3"], "VpcId": has["vpc3"]}, None
    yield "ec2", "detach_internet_gateway", {"InternetGatewayId": has["igw3"], "VpcId": has["vpc3"]}, None
    yield "ec2", "delete_internet_gateway", {"InternetGatewayId": has["igw3"]}, None
    yield "ec2", "create_subnet", {"VpcId": has["vpc3"], "CidrBlock": "10.78.0.0/24"}, k("sub4", "Subnet", "SubnetId")
    yield "ec2", "delete_subnet", {"SubnetId": has["sub4"]}, None
    yield "ec2", "delete_vpc", {"VpcId": has["vpc3"]}, None
    yield "ec2", "allocate_address", {}, k("eip2", "AllocationId")
    yield "ec2", "release_address", {"AllocationId": has["eip2"]}, None

    # --- SQS and STS
    yield "sts", "get_caller_identity", {}, None
    yield "sqs", "create_queue", {"QueueName": "made-dead"}, k("dead", "QueueUrl")
    yield "sqs", "get_queue_attributes", {"QueueUrl": has["dead"], "AttributeNames": ["All"]}, \
        k("dead_arn", "Attributes", "QueueArn")
    yield "sqs", "create_queue", {"QueueName": "made", "Attributes": {"VisibilityTimeout": "60"},
                                  "tags": {"made": "yes"}}, k("queue", "QueueUrl")
    yield "sqs", "set_queue_attributes", {"QueueUrl": has["queue"], "Attributes": {
        "RedrivePolicy": '{"deadLetterTargetArn":"%s","maxReceiveCount":"3"}' % has["dead_arn"]}}, None
    yield "sqs", "list_dead_letter_source_queues", {"QueueUrl": has["dead"]}, None
    yield "sqs", "get_queue_url", {"QueueName": "made"}, None
    yield "sqs", "list_queues", {"QueueNamePrefix": "made"}, None
    yield "sqs", "send_message", {"QueueUrl": has["queue"], "MessageBody": "one \u00e9 <&>", "MessageAttributes": {
        "kind": {"DataType": "String", "StringValue": "test"},
        "raw": {"DataType": "Binary", "BinaryValue": b"\x00\xff"}}}, None
    yield "sqs", "send_message_batch", {"QueueUrl": has["queue"], "Entries": [
        {"Id": "a", "MessageBody": "two"}, {"Id": "b", "MessageBody": "three", "DelaySeconds": 0}]}, None
    yield "sqs", "receive_message", {"QueueUrl": has["queue"], "MaxNumberOfMessages": 10,
                                     "MessageAttributeNames": ["All"], "MessageSystemAttributeNames": ["All"]}, \
        lambda a: has.update(handles=[m["ReceiptHandle"] for m in a["Messages"]])
    yield "sqs", "change_message_visibility", {"QueueUrl": has["queue"], "ReceiptHandle": has["handles"][0],
                                               "VisibilityTimeout": 120}, None
    yield "sqs", "change_message_visibility_batch", {"QueueUrl": has["queue"], "Entries": [
        {"Id": "a", "ReceiptHandle": has["handles"][0], "VisibilityTimeout": 30}]}, None
    yield "sqs", "delete_message", {"QueueUrl": has["queue"], "ReceiptHandle": has["handles"][0]}, None
    yield "sqs", "delete_message_batch", {"QueueUrl": has["queue"], "Entries": [
        {"Id": "a", "ReceiptHandle": has["handles"][1]}]}, None
    yield "sqs", "tag_queue", {"QueueUrl": has["queue"], "Tags": {"more": "yes"}}, None
    yield "sqs", "list_queue_tags", {"QueueUrl": has["queue"]}, None
    yield "sqs", "untag_queue", {"QueueUrl": has["queue"], "TagKeys": ["more"]}, None
    yield "sqs", "purge_queue", {"QueueUrl": has["queue"]}, None
    yield "sqs", "delete_queue", {"QueueUrl": has["dead"]}, None
