"""The XML that peer.py answers with, as long and as full as EC2's."""
import base64
from xml.sax.saxutils import escape

INSTANCE = "i-0aa11bb22cc33dd44"
VPC = "vpc-0a1b2c3d4e5f60718"
ENIS = ("eni-0e0000000000000a1", "eni-0e0000000000000b2")
SUBNETS = ("subnet-0a000000000000001", "subnet-0b000000000000002")
REQUEST = "59dbff89-35bd-4eac-99ed-be587ed8a1f1"
NAMESPACE = "http://ec2.amazonaws.com/doc/2016-11-15/"
ACCOUNT = "111122223333"


def enveloped(action, inner):
    return ('<?xml version="1.0" encoding="UTF-8"?>\n<%sResponse xmlns="%s">\n'
            "    <requestId>%s</requestId>%s\n</%sResponse>"
            % (action, NAMESPACE, REQUEST, inner, action)).encode()


def error(code, message):
    return ('<?xml version="1.0" encoding="UTF-8"?>\n<Response><Errors><Error><Code>%s</Code>'
            "<Message>%s</Message></Error></Errors><RequestID>%s</RequestID></Response>"
            % (code, message, REQUEST)).encode()


def identity():
    return ('<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">'
            "<GetCallerIdentityResult><Arn>arn:aws:iam::%s:user/responder</Arn>"
            "<UserId>AIDAEXAMPLE</UserId><Account>%s</Account></GetCallerIdentityResult>"
            "<ResponseMetadata><RequestId>%s</RequestId></ResponseMetadata>"
            "</GetCallerIdentityResponse>" % (ACCOUNT, ACCOUNT, REQUEST)).encode()


def element(name, value):
    """A dict as members, a list as items, the rest as text."""
    if isinstance(value, dict):
        inner = "".join(element(k, v) for k, v in value.items())
    elif isinstance(value, list):
        inner = "".join(element("item", v) for v in value)
    elif isinstance(value, bool):
        inner = "true" if value else "false"
    else:
        inner = escape(str(value))
    return "<%s>%s</%s>" % (name, inner, name) if inner else "<%s/>" % name


def members(value):
    return "".join(element(k, v) for k, v in value.items())


def done():
    return members({"return": True})


def created_group(group):
    return members({"return": True, "groupId": group, "tagSet": []})


def deleted_group(group):
    return members({"return": True, "groupId": group})


def tag_set(world, resource):
    return [{"key": k, "value": v} for k, v in world.tags.get(resource, {}).items()]


def group_set(world, eni):
    return [{"groupId": g, "groupName": world.groups[g]["name"]} for g in world.carried[eni]]


# --- instances and interfaces ---------------------------------------------------------------

def attached(world, number):
    eni = ENIS[number]
    address = "10.0.%d.10" % (number + 1)
    shown = {
        "networkInterfaceId": eni, "subnetId": SUBNETS[number], "vpcId": VPC,
        "description": "", "ownerId": ACCOUNT, "status": "in-use",
        "macAddress": "06:2a:00:00:00:0%d" % number, "privateIpAddress": address,
        "sourceDestCheck": True, "groupSet": group_set(world, eni),
        "privateIpAddressesSet": [{"privateIpAddress": address, "primary": True}],
        "ipv6AddressesSet": [], "interfaceType": "interface",
        "attachment": {"attachmentId": "eni-attach-0%d" % number, "deviceIndex": number,
                       "status": "attached", "attachTime": "2026-01-02T03:04:05.000Z",
                       "deleteOnTermination": True, "networkCardIndex": 0},
    }
    if number == 0:
        shown["association"] = {"publicIp": "198.51.100.7", "publicDnsName": "",
                                "ipOwnerId": ACCOUNT}
    return shown


def interfaces(world, shown):
    items = []
    for eni in shown:
        item = attached(world, ENIS.index(eni))
        item["attachment"].update({"instanceId": INSTANCE, "instanceOwnerId": ACCOUNT})
        item.update({"availabilityZone": "eu-west-1a", "requesterManaged": False,
                     "operator": {"managed": False}, "tagSet": tag_set(world, eni)})
        items.append(item)
    return members({"networkInterfaceSet": items})


def instance(world, identity_):
    return {
        "instanceId": identity_, "imageId": "ami-0123456789abcdef0",
        "instanceState": {"code": 16, "name": "running"},
        "privateDnsName": "ip-10-0-1-10.eu-west-1.compute.internal", "dnsName": "", "reason": "",
        "keyName": "ops", "amiLaunchIndex": 0, "productCodes": [], "instanceType": "t3.micro",
        "launchTime": "2026-01-02T03:04:05.000Z",
        "placement": {"availabilityZone": "eu-west-1a", "groupName": "", "tenancy": "default"},
        "monitoring": {"state": "disabled"}, "subnetId": SUBNETS[0], "vpcId": VPC,
        "privateIpAddress": "10.0.1.10", "ipAddress": "198.51.100.7", "sourceDestCheck": True,
        "groupSet": group_set(world, ENIS[0]), "architecture": "x86_64",
        "rootDeviceType": "ebs", "rootDeviceName": "/dev/xvda",
        "blockDeviceMapping": [{"deviceName": "/dev/xvda", "ebs": {
            "volumeId": "vol-0123456789abcdef0", "status": "attached",
            "attachTime": "2026-01-02T03:04:06.000Z", "deleteOnTermination": True}}],
        "virtualizationType": "hvm", "clientToken": "", "tagSet": tag_set(world, identity_),
        "hypervisor": "xen", "networkInterfaceSet": [attached(world, 0), attached(world, 1)],
        "ebsOptimized": False, "enaSupport": True,
        "cpuOptions": {"coreCount": 1, "threadsPerCore": 2},
        "capacityReservationSpecification": {"capacityReservationPreference": "open"},
        "hibernationOptions": {"configured": False}, "enclaveOptions": {"enabled": False},
        "metadataOptions": {"state": "applied", "httpTokens": "required",
                            "httpPutResponseHopLimit": 2, "httpEndpoint": "enabled",
                            "httpProtocolIpv6": "disabled", "instanceMetadataTags": "disabled"},
        "platformDetails": "Linux/UNIX", "usageOperation": "RunInstances",
        "maintenanceOptions": {"autoRecovery": "default"}, "currentInstanceBootMode": "uefi",
    }


def reservations(world, shown):
    return members({"reservationSet": [
        {"reservationId": "r-0123456789abcdef0", "ownerId": ACCOUNT, "groupSet": [],
         "instancesSet": [instance(world, i)]} for i in shown]})


def many_instances(world, size):
    """A DescribeInstances answer of about `size` bytes, and how many instances are in it."""
    one = element("item", {"reservationId": "r-0123456789abcdef0", "ownerId": ACCOUNT,
                           "groupSet": [], "instancesSet": [instance(world, INSTANCE)]})
    count = size // len(one) + 1
    return enveloped("DescribeInstances",
                     "<reservationSet>%s</reservationSet>" % (one * count)), count


# --- groups -----------------------------------------------------------------------------------

def permission(rule):
    shown = {"ipProtocol": rule["protocol"]}
    if "port" in rule:
        shown.update({"fromPort": rule["port"], "toPort": rule["port"]})
    v6 = ":" in rule["cidr"]
    shown.update({"groups": [], "ipRanges": [] if v6 else [{"cidrIp": rule["cidr"]}],
                  "ipv6Ranges": [{"cidrIpv6": rule["cidr"]}] if v6 else [], "prefixListIds": []})
    return shown


def security_groups(shown):
    return members({"securityGroupInfo": [
        {"ownerId": ACCOUNT, "groupId": g["id"], "groupName": g["name"],
         "groupDescription": g["name"], "vpcId": VPC,
         "securityGroupArn": "arn:aws:ec2:eu-west-1:%s:security-group/%s" % (ACCOUNT, g["id"]),
         "ipPermissions": [permission(r) for r in g["ingress"]],
         "ipPermissionsEgress": [permission(r) for r in g["egress"]]} for g in shown]})


# --- what stays -------------------------------------------------------------------------------

def vpcs():
    return members({"vpcSet": [
        {"vpcId": VPC, "ownerId": ACCOUNT, "state": "available", "cidrBlock": "10.0.0.0/16",
         "cidrBlockAssociationSet": [{"cidrBlock": "10.0.0.0/16",
                                      "associationId": "vpc-cidr-assoc-01",
                                      "cidrBlockState": {"state": "associated"}}],
         "dhcpOptionsId": "dopt-01", "tagSet": [], "instanceTenancy": "default",
         "isDefault": False}]})


def subnets():
    return members({"subnetSet": [
        {"subnetId": s, "subnetArn": "arn:aws:ec2:eu-west-1:%s:subnet/%s" % (ACCOUNT, s),
         "state": "available", "ownerId": ACCOUNT, "vpcId": VPC,
         "cidrBlock": "10.0.%d.0/24" % (i + 1), "ipv6CidrBlockAssociationSet": [],
         "availableIpAddressCount": 250, "availabilityZone": "eu-west-1a",
         "defaultForAz": False, "mapPublicIpOnLaunch": False, "tagSet": []}
        for i, s in enumerate(SUBNETS)]})


def route_tables():
    return members({"routeTableSet": [
        {"routeTableId": "rtb-01", "vpcId": VPC, "ownerId": ACCOUNT,
         "routeSet": [{"destinationCidrBlock": "10.0.0.0/16", "gatewayId": "local",
                       "state": "active", "origin": "CreateRouteTable"},
                      {"destinationCidrBlock": "0.0.0.0/0", "gatewayId": "igw-01",
                       "state": "active", "origin": "CreateRoute"}],
         "associationSet": [{"routeTableAssociationId": "rtbassoc-01", "routeTableId": "rtb-01",
                             "main": True, "associationState": {"state": "associated"}}],
         "propagatingVgwSet": [], "tagSet": []}]})


def network_acls():
    entries = [{"ruleNumber": number, "protocol": "-1", "ruleAction": action, "egress": egress,
                "cidrBlock": "0.0.0.0/0"}
               for egress in (True, False) for number, action in ((100, "allow"), (32767, "deny"))]
    return members({"networkAclSet": [
        {"networkAclId": "acl-01", "vpcId": VPC, "ownerId": ACCOUNT, "default": True,
         "entrySet": entries, "tagSet": [],
         "associationSet": [{"networkAclAssociationId": "aclassoc-0%d" % i,
                             "networkAclId": "acl-01", "subnetId": s}
                            for i, s in enumerate(SUBNETS)]}]})


def internet_gateways():
    return members({"internetGatewaySet": [
        {"internetGatewayId": "igw-01", "ownerId": ACCOUNT, "tagSet": [],
         "attachmentSet": [{"vpcId": VPC, "state": "available"}]}]})


def none_of(name):
    return members({name: []})


def console(instance_):
    text = "[    0.000000] Linux version 6.1 booting\r\n" * 100
    return members({"instanceId": instance_, "timestamp": "2026-01-02T03:05:00.000Z",
                    "output": base64.b64encode(text.encode()).decode()})
