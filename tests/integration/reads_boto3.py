#!/usr/bin/env python3
"""`cordon call` reads beside boto3's, on the same moto server: the JSON must be equal.

Usage: reads_boto3.py [CORDON]
"""
import datetime
import json

from harness import Checks, Cordon, binary
from world import Moto

START = {"StartTime": "2020-01-01T00:00:00+00:00"}


def plain(value):
    """boto3's result as the program promises it: no ResponseMetadata, times by isoformat()."""
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items() if k != "ResponseMetadata"}
    if isinstance(value, list):
        return [plain(v) for v in value]
    if isinstance(value, (datetime.datetime, datetime.date)):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape")
    return value


def named(name, *values):
    return {"Filters": [{"Name": name, "Values": list(values)}]}


def reads(ids, queue, volume):
    """(service, operation, parameters)"""
    web3, eni0 = ids["web3"], ids["eni0"]
    every = [
        "instances", "network_interfaces", "security_groups", "security_group_rules", "vpcs",
        "subnets", "route_tables", "network_acls", "internet_gateways", "addresses", "volumes",
        "images", "availability_zones", "regions", "key_pairs", "tags", "snapshots",
        "instance_status", "vpc_endpoints", "nat_gateways", "dhcp_options", "customer_gateways",
        "vpc_peering_connections", "launch_templates", "instance_types", "transit_gateways",
        "account_attributes", "managed_prefix_lists", "flow_logs", "egress_only_internet_gateways",
        "iam_instance_profile_associations", "spot_instance_requests"]
    found = [("ec2", "describe_" + name, {}) for name in every
             if name not in ("instance_types", "images")]
    found += [
        ("ec2", "describe_instances", {"InstanceIds": [web3]}),
        ("ec2", "describe_instances", named("tag:Name", "web-3", "web-4")),
        ("ec2", "describe_instances", named("instance-state-name", "running")),
        ("ec2", "describe_instances", dict(named("vpc-id", ids["vpc"]), MaxResults=5)),
        ("ec2", "describe_instances", named("tag:Name", "nobody")),
        ("ec2", "describe_network_interfaces", {"NetworkInterfaceIds": [eni0]}),
        ("ec2", "describe_network_interfaces", named("attachment.instance-id", web3)),
        ("ec2", "describe_network_interfaces", named("group-id", ids["sg_web"])),
        ("ec2", "describe_security_groups", {"GroupIds": [ids["sg_web"], ids["sg_db"]]}),
        ("ec2", "describe_security_groups", dict(named("vpc-id", ids["vpc"]), MaxResults=5)),
        ("ec2", "describe_security_groups", {"GroupNames": ["sg-web"]}),
        ("ec2", "describe_security_group_rules", named("group-id", ids["sg_web"])),
        ("ec2", "describe_volumes", {"VolumeIds": [volume]}),
        ("ec2", "describe_tags", named("resource-id", web3)),
        ("ec2", "describe_route_tables", named("association.main", "true")),
        ("ec2", "describe_instance_attribute",
         {"InstanceId": web3, "Attribute": "disableApiTermination"}),
        ("ec2", "describe_instance_attribute", {"InstanceId": web3, "Attribute": "userData"}),
        ("ec2", "describe_instance_types", {"InstanceTypes": ["t3.micro"]}),
        ("ec2", "describe_images", named("name", "*suse*")),
        ("ec2", "DescribeSubnets", {"SubnetIds": [ids["subnet_a"]]}),
        ("ec2", "describe_vpc_attribute",
         {"VpcId": ids["vpc"], "Attribute": "enableDnsHostnames"}),
        ("ec2", "get_console_output", {"InstanceId": web3}),
        ("sts", "get_caller_identity", {}),
        ("sqs", "list_queues", {}),
        ("sqs", "list_queues", {"QueueNamePrefix": "find", "MaxResults": 10}),
        ("sqs", "get_queue_url", {"QueueName": "findings"}),
        ("sqs", "get_queue_attributes", {"QueueUrl": queue, "AttributeNames": ["All"]}),
        ("sqs", "list_queue_tags", {"QueueUrl": queue}),
        ("sqs", "list_dead_letter_source_queues", {"QueueUrl": queue}),
    ]
    return found


def asked(moto, service, operation, params):
    method = operation if operation.islower() else "describe_subnets"
    try:
        return plain(getattr(moto.client(service), method)(**params)), None
    except Exception as e:  # botocore's ClientError: its code is compared
        return None, getattr(e, "response", {}).get("Error", {}).get("Code", repr(e))


def main():
    checks, moto = Checks(), Moto()
    cordon = Cordon(binary(), moto.url)
    ids = moto.build(ipv6=True)
    ec2, sqs = moto.client(), moto.client("sqs")
    queue = sqs.create_queue(QueueName="findings", tags={"team": "ir", "odd": "é & <x>"})["QueueUrl"]
    sqs.create_queue(QueueName="other")
    sqs.send_message(QueueUrl=queue, MessageBody="{\"a\": 1}")
    volume = ec2.create_volume(Size=8, AvailabilityZone="eu-west-1a")["VolumeId"]
    ec2.create_snapshot(VolumeId=volume, Description="a & b <c> é")
    ec2.create_key_pair(KeyName="ir")
    ec2.create_launch_template(LaunchTemplateName="lt-ir", LaunchTemplateData={"InstanceType": "t3.micro"})
    ec2.modify_instance_attribute(InstanceId=ids["web4"], DisableApiTermination={"Value": True})

    compared = 0
    for service, operation, params in reads(ids, queue, volume):
        name = "%s %s %s" % (service, operation, json.dumps(params))
        wanted, code = asked(moto, service, operation, params)
        got = cordon.run("call", service, operation, json.dumps(params))
        if code:
            # moto does not know it, or refuses: the code must show, and the exit must not be 0.
            checks.check(name + " (an error)", got.code in (1, 4) and code in got.err, got)
            continue
        compared += 1
        try:
            value = json.loads(got.out)
        except ValueError as e:
            value = e
        checks.check(name, got.code == 0 and value == wanted,
                     "%s\n got %s\n wanted %s" % (got.code, str(value)[:1500], str(wanted)[:1500]))
    checks.check("at least 26 reads were compared", compared >= 26, compared)

    # Receiving is a read of a kind that changes visibility: it asks, and --yes takes it.
    refused = cordon.run("call", "sqs", "receive_message", json.dumps({"QueueUrl": queue}))
    checks.equal("receive_message is a mutation: refused without a terminal", refused.code, 5, refused)
    got = cordon.run("call", "sqs", "receive_message", json.dumps(
        {"QueueUrl": queue, "MaxNumberOfMessages": 1, "VisibilityTimeout": 0}), "--yes")
    body = json.loads(got.out)["Messages"][0]["Body"] if got.code == 0 else None
    checks.equal("receive_message with --yes", body, "{\"a\": 1}", got)

    for words, why in (
            (["call", "ec2", "describe_instance", "{}"], "unknown operation"),
            (["call", "ec3", "describe_instances", "{}"], "unknown service"),
            (["call", "ec2", "describe_instances", "{"], "broken JSON"),
            (["call", "ec2", "describe_instances", "[]"], "not an object"),
            (["call", "ec2", "describe_instances", "{\"InstanceId\": []}"], "unknown member"),
            (["call", "ec2", "describe_instances", "{\"InstanceIds\": []}"], "empty list"),
            (["call", "ec2", "describe_instances", "{\"MaxResults\": \"5\"}"], "wrong type"),
            (["call"], "no operation")):
        got = cordon.run(*words)
        checks.check("usage: " + why, got.code == 2 and got.out == "" and got.err, got)
    for service, operation in (("sts", "get_session_token"), ("sts", "assume_role")):
        got = cordon.run("call", service, operation, "{}")
        checks.check("%s is refused" % operation, got.code in (1, 2) and got.out == "" and
                     "credentials" in got.err, got)
    checks.finish()


if __name__ == "__main__":
    main()
