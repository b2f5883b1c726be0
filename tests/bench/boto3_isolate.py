"""boto3_isolate.py read|new|prepared NAME [STEP1 STEP2]: what isolate-sg does, as a boto3 script.

The rival of `make bench`: the same five steps (prepare the groups, cut off, evidence, verify,
clean up), the calls one after the other as scripts make them. No plan, no question, no
journal, no undo. `read` makes the reads and the DryRun calls of cordon's plan.
"""
import sys
import uuid

import boto3
from botocore.exceptions import ClientError

ALL = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]


def find(ec2, name):
    found = ec2.describe_instances(Filters=[{"Name": "tag:Name", "Values": [name]}])
    instance = found["Reservations"][0]["Instances"][0]
    enis = ec2.describe_network_interfaces(Filters=[
        {"Name": "attachment.instance-id", "Values": [instance["InstanceId"]]}])
    return instance, [e["NetworkInterfaceId"] for e in enis["NetworkInterfaces"]]


def group(ec2, name, vpc):
    return ec2.create_security_group(GroupName=name, VpcId=vpc, Description=name)["GroupId"]


def prepare(ec2, vpc):
    run = uuid.uuid4().hex[:8]
    opening, final = group(ec2, "open-" + run, vpc), group(ec2, "final-" + run, vpc)
    ec2.authorize_security_group_ingress(GroupId=opening, IpPermissions=ALL)
    ec2.revoke_security_group_egress(GroupId=final, IpPermissions=ALL)
    shown = ec2.describe_security_groups(GroupIds=[opening, final])["SecurityGroups"]
    assert {g["GroupId"]: bool(g["IpPermissionsEgress"]) for g in shown} == {
        opening: True, final: False}
    return opening, final


def put(ec2, enis, group_id):
    for eni in enis:
        ec2.modify_network_interface_attribute(NetworkInterfaceId=eni, Groups=[group_id])


def verify(ec2, instance, final):
    enis = ec2.describe_network_interfaces(Filters=[
        {"Name": "attachment.instance-id", "Values": [instance]}])["NetworkInterfaces"]
    groups = ec2.describe_security_groups(GroupIds=[final])["SecurityGroups"]
    assert all([g["GroupId"] for g in e["Groups"]] == [final] for e in enis)
    assert not groups[0]["IpPermissions"] and not groups[0]["IpPermissionsEgress"]


def isolate(ec2, name, given):
    instance, enis = find(ec2, name)
    identity, vpc = instance["InstanceId"], instance["VpcId"]
    opening, final = given or prepare(ec2, vpc)
    put(ec2, enis, opening)
    put(ec2, enis, final)
    if not given:
        ec2.revoke_security_group_ingress(GroupId=opening, IpPermissions=ALL)
        ec2.revoke_security_group_egress(GroupId=opening, IpPermissions=ALL)
    ec2.create_tags(Resources=[identity], Tags=[{"Key": "isolated", "Value": "yes"}])
    ec2.get_console_output(InstanceId=identity)
    verify(ec2, identity, final)
    if not given:
        ec2.delete_security_group(GroupId=opening)


def read(ec2, sts, name):
    sts.get_caller_identity()
    instance, enis = find(ec2, name)
    vpc = [instance["VpcId"]]
    in_vpc = [{"Name": "vpc-id", "Values": vpc}]
    ec2.describe_vpcs(VpcIds=vpc)
    ec2.describe_subnets(Filters=in_vpc)
    ec2.describe_route_tables(Filters=in_vpc)
    ec2.describe_vpc_endpoints(Filters=in_vpc)
    ec2.describe_security_groups(GroupIds=[g["GroupId"] for g in instance["SecurityGroups"]])
    for eni in enis:
        ec2.describe_network_interfaces(NetworkInterfaceIds=[eni])
    for kind in ("open", "final"):
        try:
            ec2.create_security_group(GroupName=kind, VpcId=vpc[0], Description=kind, DryRun=True)
        except ClientError as e:
            assert e.response["Error"]["Code"] == "DryRunOperation"


def main():
    mode, name, given = sys.argv[1], sys.argv[2], sys.argv[3:]
    ec2 = boto3.client("ec2")
    if mode == "read":
        read(ec2, boto3.client("sts"), name)
    else:
        isolate(ec2, name, given)


if __name__ == "__main__":
    main()
