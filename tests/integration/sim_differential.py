#!/usr/bin/env python3
"""Random sequences of calls, to moto's server and to `cordon sim serve`: both answer alike and
come to the same state, but for moto's known gaps, each of which is named in GAPS with what AWS
documents.

Usage: sim_differential.py [CORDON] [--seeds=N] [--first=N] [--steps=N]
"""
import os
import random
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "lib")]
import harness  # noqa: E402
import world  # noqa: E402

world.need()
import botocore.exceptions  # noqa: E402
import botocore.parsers  # noqa: E402
import sim_peer  # noqa: E402
import sim_pair  # noqa: E402
from sim_pair import Made, Use  # noqa: E402

checks = harness.Checks()

# (method, our code) -> what moto does instead. Such a call is not sent to moto.
GAPS = {
    ("delete_security_group", "DependencyViolation"): "it lets a group that is in use be deleted",
    ("detach_internet_gateway", "DependencyViolation"): "it detaches with public addresses mapped",
    ("detach_network_interface", "OperationNotPermitted"): "it detaches the primary interface",
    ("delete_route", "InvalidParameterValue"): "it removes the local route",
    ("modify_network_interface_attribute", "InvalidGroup.NotFound"): "it attaches unknown groups",
    ("modify_network_interface_attribute", "SecurityGroupsPerInterfaceLimitExceeded"): "it has no such quota",
    ("create_network_acl_entry", "NetworkAclEntryAlreadyExists"): "it takes a number twice",
    ("associate_route_table", "Resource.AlreadyAssociated"): "it associates a subnet twice",
    ("create_security_group", "InvalidGroup.Duplicate"): "it tells names apart by their letters' case",
    ("delete_queue", "QueueDoesNotExist"): "it is silent about a queue that is gone",
    ("create_queue", "QueueDeletedRecently"): "it makes a queue again at once",
    ("purge_queue", "PurgeQueueInProgress"): "it purges twice in a minute",
    ("DryRun", "DryRunOperation"): "it ignores DryRun and mutates",
    ("attach_network_interface", "InvalidParameterValue"): "it attaches two interfaces at one device index",
    ("delete_network_interface", "InvalidParameterValue"): "it deletes an interface in use",
    ("attach_network_interface", "InvalidNetworkInterface.InUse"): "it attaches an interface twice",
    ("delete_route_table", "DependencyViolation"): "it deletes the main route table",
    ("create_route", "RouteAlreadyExists"): "it takes a destination twice",
    ("associate_address", "Gateway.NotAttached"): "it maps addresses without an internet gateway",
    ("create_route", "InvalidParameterValue"): "it routes to a gateway that is not attached",
    ("attach_network_interface", "IncorrectInstanceState"): "its instances run at once",
    ("create_network_interface", "InvalidGroup.NotFound"): "it attaches unknown groups",
    ("allocate_address", "AddressLimitExceeded"): "it has no quota of addresses",
    ("delete_tags", "InvalidNetworkInterfaceID.NotFound"): "it untags what is not there",
    ("delete_tags", "InvalidGroup.NotFound"): "it untags what is not there",
    ("stop_instances", "IncorrectInstanceState"): "its instances run at once",
    ("start_instances", "IncorrectInstanceState"): "its instances stop at once",
}
used = {}


def tcp(port, cidr):
    return [{"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": [{"CidrIp": cidr}]}]


def everything(cidr="0.0.0.0/0"):
    return [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": cidr}]}]


class Sequence:
    """One seed: a VPC on both, then calls at random."""

    def __init__(self, seed, pair):
        self.pick, self.pair, self.seed = random.Random(seed), pair, seed
        self.numbers = 0

    def number(self):
        self.numbers += 1
        return self.numbers

    def one(self, kind):
        known = self.pair.known(kind)
        return Use(self.pick.choice(known)) if known else None

    def some(self, kind, most):
        known = self.pair.known(kind)
        return [Use(n) for n in self.pick.sample(known, min(len(known), self.pick.randint(1, most)))]

    def begin(self):
        """A VPC, two subnets, a gateway, groups, two instances."""
        do = self.pair.must
        do("create_vpc", {"CidrBlock": "10.0.0.0/16"}, Made("vpc", "Vpc", "VpcId"))
        vpc = self.one("vpc")
        for n in (1, 2):
            do("create_subnet", {"VpcId": vpc, "CidrBlock": "10.0.%d.0/24" % n}, Made("subnet", "Subnet", "SubnetId"))
        do("create_internet_gateway", {}, Made("igw", "InternetGateway", "InternetGatewayId"))
        do("attach_internet_gateway", {"VpcId": vpc, "InternetGatewayId": self.one("igw")})
        self.pair.learn_vpc(vpc)
        for n in range(3):
            do("create_security_group", {"GroupName": "g%d" % self.number(), "Description": "x", "VpcId": vpc},
               Made("sg", "GroupId"))
        for n in range(2):
            do("run_instances", {"ImageId": "IMAGE", "MinCount": 1, "MaxCount": 1, "InstanceType": "t3.micro",
                                 "NetworkInterfaces": [{"DeviceIndex": 0, "SubnetId": self.one("subnet"),
                                                        "Groups": [self.one("sg")]}]},
               Made("i", "Instances", 0, "InstanceId"))
        self.pair.learn_interfaces()
        do("create_queue", {"QueueName": "q%d" % self.number()}, Made("queue", "QueueUrl"), "sqs")

    # --- one call at random: (method, params, made, service)

    def group_call(self):
        group, port = self.one("sg"), self.pick.choice([22, 80, 443])
        cidr = self.pick.choice(["0.0.0.0/0", "10.0.0.0/16", "203.0.113.0/24"])
        permissions = self.pick.choice([tcp(port, cidr), everything(cidr), [
            {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "UserIdGroupPairs": [{"GroupId": self.one("sg")}]}]])
        direction = self.pick.choice(["ingress", "egress"])
        verb = self.pick.choice(["authorize", "authorize", "revoke"])
        return "%s_security_group_%s" % (verb, direction), {"GroupId": group, "IpPermissions": permissions}, None

    def interface_call(self):
        kind = self.pick.randint(1, 8)
        eni = self.one("eni")
        if kind <= 4:
            return "modify_network_interface_attribute", {"NetworkInterfaceId": eni, "Groups": self.some("sg", 3)}, None
        if kind == 5:
            return "create_network_interface", {"SubnetId": self.one("subnet"), "Groups": self.some("sg", 2)}, \
                Made("eni", "NetworkInterface", "NetworkInterfaceId")
        if kind == 6:
            return "attach_network_interface", {"NetworkInterfaceId": eni, "InstanceId": self.one("i"),
                                                "DeviceIndex": self.pick.randint(1, 3)}, Made("attachment", "AttachmentId")
        if kind == 7:
            return "delete_network_interface", {"NetworkInterfaceId": eni}, None
        return "modify_network_interface_attribute", {"NetworkInterfaceId": eni,
                                                      "SourceDestCheck": {"Value": self.pick.choice([True, False])}}, None

    def acl_call(self):
        kind, acl = self.pick.randint(1, 8), self.one("acl")
        entry = {"NetworkAclId": acl, "RuleNumber": self.pick.choice([1, 2, 90, 200]),
                 "Egress": self.pick.choice([True, False])}
        full = dict(entry, Protocol="-1", RuleAction=self.pick.choice(["allow", "deny"]),
                    CidrBlock=self.pick.choice(["0.0.0.0/0", "10.0.0.0/16"]))
        if kind == 1:
            return "create_network_acl", {"VpcId": self.one("vpc")}, Made("acl", "NetworkAcl", "NetworkAclId")
        if kind <= 4:
            return "create_network_acl_entry", full, None
        if kind == 5:
            return "replace_network_acl_entry", full, None
        if kind == 6:
            return "delete_network_acl_entry", entry, None
        return "replace_network_acl_association", {"AssociationId": sim_pair.AclAssociation(self.one("subnet")),
                                                   "NetworkAclId": acl}, None

    def route_call(self):
        kind, table = self.pick.randint(1, 8), self.one("rtb")
        cidr = self.pick.choice(["0.0.0.0/0", "192.0.2.0/24", "10.0.0.0/16"])
        if kind == 1:
            return "create_route_table", {"VpcId": self.one("vpc")}, Made("rtb", "RouteTable", "RouteTableId")
        if kind <= 4:
            return "create_route", {"RouteTableId": table, "DestinationCidrBlock": cidr, "GatewayId": self.one("igw")}, None
        if kind == 5:
            return "delete_route", {"RouteTableId": table, "DestinationCidrBlock": cidr}, None
        if kind == 6:
            return "associate_route_table", {"RouteTableId": table, "SubnetId": self.one("subnet")}, \
                Made("rtbassoc", "AssociationId")
        if kind == 7 and self.pair.known("rtbassoc"):
            return "disassociate_route_table", {"AssociationId": self.one("rtbassoc")}, None
        return "delete_route_table", {"RouteTableId": table}, None

    def address_call(self):
        kind, address = self.pick.randint(1, 5), self.one("eip")
        if kind == 1 or not address:
            return "allocate_address", {"Domain": "vpc"}, Made("eip", "AllocationId")
        # moto's gap: an interface's second address does not take the first one's place.
        free = [n for n in self.pair.known("eni") if n not in self.pair.addresses(0).values()]
        if kind <= 3 and free:
            return "associate_address", {"AllocationId": address, "NetworkInterfaceId": Use(self.pick.choice(free)),
                                         "AllowReassociation": True}, Made("eipassoc", "AssociationId")
        if kind == 4 and self.pair.known("eipassoc"):
            return "disassociate_address", {"AssociationId": self.one("eipassoc")}, None
        return "detach_internet_gateway", {"InternetGatewayId": self.one("igw"), "VpcId": self.one("vpc")}, None

    def other_call(self):
        kind = self.pick.randint(1, 8)
        tag = {"Key": self.pick.choice("abc"), "Value": self.pick.choice("xyz")}
        target = self.one(self.pick.choice(["sg", "eni", "i", "subnet"]))
        if kind <= 3:
            return "create_tags", {"Resources": [target], "Tags": [tag]}, None
        if kind == 4:
            return "delete_tags", {"Resources": [target], "Tags": [{"Key": tag["Key"]}]}, None
        if kind == 5:
            return "create_security_group", {"GroupName": "g%d" % self.number(), "Description": "x",
                                             "VpcId": self.one("vpc")}, Made("sg", "GroupId")
        if kind == 6 and len(self.pair.known("sg")) > 3:
            return "delete_security_group", {"GroupId": self.one("sg")}, None
        if kind == 7:
            return "create_network_acl_entry", {"NetworkAclId": self.one("acl"), "RuleNumber": 7, "Egress": True,
                                                "Protocol": "-1", "RuleAction": "deny", "CidrBlock": "0.0.0.0/0",
                                                "DryRun": True}, None
        return self.pick.choice([("stop_instances", {"InstanceIds": [self.one("i")]}, None),
                                 ("start_instances", {"InstanceIds": [self.one("i")]}, None)])

    def queue_call(self):
        kind, queue = self.pick.randint(1, 8), self.one("queue")
        if kind == 1:
            return "create_queue", {"QueueName": "q%d" % self.number(), "Attributes": {
                "VisibilityTimeout": str(self.pick.choice([0, 30, 600]))}}, Made("queue", "QueueUrl"), "sqs"
        if kind <= 4:
            return "send_message", {"QueueUrl": queue, "MessageBody": "m%d" % self.number()}, None, "sqs"
        if kind <= 6:
            return "receive_message", {"QueueUrl": queue, "MaxNumberOfMessages": 1}, Made("handle"), "sqs"
        if kind == 7 and self.pair.known("handle"):
            return "delete_message", sim_pair.Handle(self.pick.choice(self.pair.known("handle"))), None, "sqs"
        return "get_queue_attributes", {"QueueUrl": queue, "AttributeNames": ["All"]}, None, "sqs"

    def step(self):
        choose = self.pick.choice([self.group_call, self.group_call, self.interface_call, self.interface_call,
                                   self.acl_call, self.route_call, self.address_call, self.other_call,
                                   self.queue_call])
        return (choose() + ("ec2",))[:4]


def met(gap):
    used[gap] = used.get(gap, 0) + 1


def gap_of(method, params, code):
    if isinstance(params, dict) and params.get("DryRun"):
        return GAPS.get(("DryRun", code))
    return GAPS.get((method, code))


def run(seed, steps, sim, moto):
    pair = sim_pair.Pair(sim, moto, botocore.exceptions.ClientError, botocore.parsers.ResponseParserError)
    sequence = Sequence(seed, pair)
    sequence.begin()
    for step in range(steps):
        method, params, made, service = sequence.step()
        code, answer = pair.ask_ours(service, method, params)
        where = "seed %d, step %d, %s %s" % (seed, step, method, pair.shown(params))
        gap = gap_of(method, params, code) if code else None
        if gap:
            met(gap)
            continue
        theirs, other = pair.ask_theirs(service, method, params)
        if code and theirs == "HTML":
            met("it answers some bad requests with HTTP 500 and HTML")
            continue
        if not checks.equal(where, sim_pair.same_word(code), sim_pair.same_word(theirs)):
            return False
        if not code:
            pair.both_made(made, answer, other)
    for name, ours, theirs in pair.states():
        if not checks.equal("seed %d: %s" % (seed, name), ours, theirs):
            return False
    return True


def flag(name, otherwise):
    values = [w.split("=", 1)[1] for w in sys.argv[1:] if w.startswith("--%s=" % name)]
    return int(values[0]) if values else otherwise


def main():
    path, moto = harness.binary(), world.Moto()
    seeds, first, steps = flag("seeds", 6), flag("first", 1), flag("steps", 60)
    for seed in range(first, first + seeds):
        moto.post("/moto-api/reset")
        sim = sim_peer.Simulator(path)
        run(seed, steps, sim, moto)
        checks.check("seed %d: the simulator lives" % seed, sim.is_alive())
        sim.stop()
    for gap in sorted(used):
        print("moto's gap, met %d times: %s" % (used[gap], gap))
    checks.finish()


main()
