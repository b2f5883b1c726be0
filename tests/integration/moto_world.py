"""A small VPC on moto's server: the peer of the demo and of the integration tests.

start() runs moto_server on a free port of 127.0.0.1 and returns (process, url). build()
makes the world with boto3 and returns its ids. Run as a program it does both, prints
shell variables, and keeps the server until its standard input closes.
"""
import os
import socket
import subprocess
import sys
import time
import urllib.request

import boto3

KEYS = {"aws_access_key_id": "AKIDEXAMPLE", "aws_secret_access_key": "wJalrXUtnFEMI"}
REGION = "eu-west-1"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def start(log=subprocess.DEVNULL):
    port = free_port()
    command = [sys.executable, "-c", "from moto.server import main; main()",
               "-H", "127.0.0.1", "-p", str(port)]
    environment = dict(os.environ, MOTO_EC2_LOAD_DEFAULT_AMIS="true")
    process = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
    url = "http://127.0.0.1:%d" % port
    for _ in range(200):
        try:
            urllib.request.urlopen(url + "/moto-api/", timeout=1)
            return process, url
        except OSError:
            if process.poll() is not None:
                break
            time.sleep(0.1)
    process.kill()
    raise SystemExit("moto's server did not start")


def client(url, service="ec2"):
    return boto3.client(service, region_name=REGION, endpoint_url=url, **KEYS)


def open_all(ec2, group, port, cidr):
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[
        {"IpProtocol": "tcp", "FromPort": port, "ToPort": port,
         "IpRanges": [{"CidrIp": cidr, "Description": "port %d" % port}]}])


def group(ec2, vpc, name, rules):
    made = ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc)["GroupId"]
    for port, cidr in rules:
        open_all(ec2, made, port, cidr)
    return made


def instance(ec2, image, name, interfaces, tags=()):
    # By NetworkInterfaces, not by SecurityGroupIds: moto shows the latter for ever.
    every = [{"Key": "Name", "Value": name}] + [{"Key": k, "Value": v} for k, v in tags]
    made = ec2.run_instances(
        ImageId=image, MinCount=1, MaxCount=1, InstanceType="t3.micro",
        NetworkInterfaces=[{"DeviceIndex": i, "SubnetId": subnet, "Groups": groups}
                           for i, (subnet, groups) in enumerate(interfaces)],
        TagSpecifications=[{"ResourceType": "instance", "Tags": every}])
    return made["Instances"][0]["InstanceId"]


def build(url, ipv6=False):
    """A VPC with two subnets; web-3 (two ENIs, a public address), web-4 beside it, and an
    Auto Scaling member asg-1."""
    ec2 = client(url)
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16", AmazonProvidedIpv6CidrBlock=ipv6)["Vpc"]["VpcId"]
    a = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
    b = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.2.0/24")["Subnet"]["SubnetId"]
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    table = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc]}])
    ec2.create_route(RouteTableId=table["RouteTables"][0]["RouteTableId"],
                     DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    web = group(ec2, vpc, "sg-web", [(443, "0.0.0.0/0"), (22, "203.0.113.0/24")])
    db = group(ec2, vpc, "sg-db", [(5432, "10.0.0.0/16")])
    image = ec2.describe_images()["Images"][0]["ImageId"]
    ids = {"vpc": vpc, "subnet_a": a, "subnet_b": b, "sg_web": web, "sg_db": db}
    ids["web3"] = instance(ec2, image, "web-3", [(a, [web, db]), (b, [db])])
    ids["web4"] = instance(ec2, image, "web-4", [(a, [web])])
    ids["asg1"] = instance(ec2, image, "asg-1", [(a, [web])],
                           [("aws:autoscaling:groupName", "web-asg")])
    enis = ec2.describe_network_interfaces(Filters=[
        {"Name": "attachment.instance-id", "Values": [ids["web3"]]}])["NetworkInterfaces"]
    for eni in enis:
        ids["eni%d" % eni["Attachment"]["DeviceIndex"]] = eni["NetworkInterfaceId"]
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    ec2.associate_address(AllocationId=address, NetworkInterfaceId=ids["eni0"])
    return ids


def main():
    process, url = start()
    try:
        print("url=%s" % url)
        for key, value in build(url).items():
            print("%s=%s" % (key, value))
        sys.stdout.flush()
        sys.stdout.close()
        sys.stdin.read()
    finally:
        process.terminate()
        process.wait()


if __name__ == "__main__":
    main()
