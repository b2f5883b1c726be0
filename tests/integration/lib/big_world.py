"""A world's file with as many instances as wanted in one VPC: the default world's, and copies of
its app-1 (an interface, a volume, a profile), 250 to a subnet, 50 to a group."""
import copy
import json
import os
import subprocess
import tempfile

VPC_CIDR = "10.20.0.0/16"


def template(cordon):
    """The records of the default world's VPC."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "world")
        out = subprocess.run([cordon, "--sim", "call", "ec2", "describe_vpcs"], capture_output=True,
                             text=True, check=True, timeout=60).stdout
        vpc = json.loads(out)["Vpcs"][0]["VpcId"]
        subprocess.run([cordon, "--sim", "snapshot", vpc, "--out", path], capture_output=True,
                       check=True, timeout=60)
        with open(path, encoding="utf-8") as f:
            return vpc, [json.loads(line) for line in f]


def new_id(old, number):
    return "%s-0bb%014x" % (old.rsplit("-", 1)[0], number)


def renamed(record, names):
    text = json.dumps(record)
    for old, new in names:
        text = text.replace(old, new)
    return json.loads(text)


class Maker:
    def __init__(self, records):
        self.by_kind = {}
        for record in records[1:]:
            self.by_kind.setdefault(record["kind"], []).append(record)
        self.app = next(r for r in self.by_kind["Instances"]
                        if {"Key": "Name", "Value": "app-1"} in r["resource"]["Tags"])
        self.resource = self.app["resource"]
        self.interface = self.resource["NetworkInterfaces"][0]

    def one(self, kind, member, value):
        return next(r for r in self.by_kind[kind] if r["resource"][member] == value)

    def subnet(self, number):
        old = self.one("Subnets", "SubnetId", self.resource["SubnetId"])
        made = copy.deepcopy(old)
        made["id"] = made["resource"]["SubnetId"] = new_id("subnet-0", number)
        made["resource"]["CidrBlock"] = "10.20.%d.0/24" % (10 + number)
        made["resource"]["Ipv6CidrBlockAssociationSet"] = []
        made["resource"]["Tags"] = [{"Key": "Name", "Value": "many-%d" % number}]
        return made

    def group(self, number):
        """A group and its rules."""
        old = self.resource["SecurityGroups"][0]["GroupId"]
        names = [(old, new_id("sg-0", number)), ('"app"', '"many-%d"' % number)]
        yield renamed(self.one("SecurityGroups", "GroupId", old), names)
        for at, rule in enumerate(r for r in self.by_kind["SecurityGroupRules"] if r["resource"]["GroupId"] == old):
            yield renamed(rule, names + [(rule["id"], new_id("sgr-0", number * 64 + at))])

    def instance(self, number, subnet, group):
        """An instance, its interface, volume, profile."""
        r, eni = self.resource, self.interface
        ip = "10.20.%d.%d" % (10 + subnet, 4 + number % 250)
        volume = r["BlockDeviceMappings"][0]["Ebs"]["VolumeId"]
        association = self.one("IamInstanceProfileAssociations", "InstanceId", r["InstanceId"])
        names = [(r["InstanceId"], new_id("i-0", number)), (eni["NetworkInterfaceId"], new_id("eni-0", number)),
                 (eni["Attachment"]["AttachmentId"], new_id("eni-attach-0", number)),
                 (volume, new_id("vol-0", number)), (association["id"], new_id("iip-assoc-0", number)),
                 (r["ReservationId"], new_id("r-0", number)), (r["SubnetId"], new_id("subnet-0", subnet)),
                 (r["SecurityGroups"][0]["GroupId"], new_id("sg-0", group)),
                 ('"app"', '"many-%d"' % group), ('"app-1"', '"many-%d"' % number),
                 (r["PrivateIpAddress"], ip), (r["PrivateIpAddress"].replace(".", "-"), ip.replace(".", "-"))]
        for address in eni["Ipv6Addresses"]:
            names.append((address["Ipv6Address"], "2001:db8:36a0:ff::%x" % (number + 1)))
        yield renamed(self.app, names)
        yield renamed(self.one("NetworkInterfaces", "NetworkInterfaceId", eni["NetworkInterfaceId"]), names)
        yield renamed(self.one("Volumes", "VolumeId", volume), names)
        yield renamed(association, names)


def write(cordon, path, instances):
    """Writes the world; gives its VPC's id."""
    vpc, records = template(cordon)
    maker = Maker(records)
    nacl, table = maker.by_kind["NetworkAcls"][0]["resource"], maker.one(
        "Subnets", "SubnetId", maker.resource["SubnetId"])
    subnets = [maker.subnet(n) for n in range((instances + 249) // 250)]
    private = next(t["resource"] for t in maker.by_kind["RouteTables"]
                   if any(a.get("SubnetId") == table["id"] for a in t["resource"]["Associations"]))
    for n, subnet in enumerate(subnets):
        nacl["Associations"].append({"NetworkAclAssociationId": new_id("aclassoc-0", n),
                                     "NetworkAclId": nacl["NetworkAclId"], "SubnetId": subnet["id"]})
        private["Associations"].append({"RouteTableAssociationId": new_id("rtbassoc-0", n), "Main": False,
                                        "RouteTableId": private["RouteTableId"], "SubnetId": subnet["id"],
                                        "AssociationState": {"State": "associated"}})
    with open(path, "w", encoding="utf-8") as f:
        def put(record):
            f.write(json.dumps(record, separators=(",", ":")) + "\n")
        for record in records:
            put(record)
        for subnet in subnets:
            put(subnet)
        for n in range((instances + 49) // 50):
            for record in maker.group(n):
                put(record)
        for n in range(instances):
            for record in maker.instance(n, n // 250, n // 50):
                put(record)
    return vpc
