"""Two endpoints that are told the same: which id of the one is which of the other, and their
states in words that both have."""


class Use:
    """The thing of that name, by its id on either side."""

    def __init__(self, name):
        self.name = name


class Made:
    """What a call makes: its kind, and where its id is in the answer."""

    def __init__(self, kind, *path):
        self.kind, self.path = kind, path


class AclAssociation:
    """The NACL association that a subnet has now."""

    def __init__(self, subnet):
        self.subnet = subnet


class Handle(dict):
    """delete_message's parameters for a message that both gave out."""

    def __init__(self, name):
        super().__init__(handle=name)
        self.name = name


# Codes that say the same: older names, and those that moto gives where AWS documents ours.
WORDS = {
    "AWS.SimpleQueueService.NonExistentQueue": "QueueDoesNotExist",
}


def same_word(code):
    return WORDS.get(code, code)


class Pair:
    def __init__(self, sim, moto, error, no_answer):
        self.sides = ({s: sim.client(s) for s in ("ec2", "sqs")}, {s: moto.client(s) for s in ("ec2", "sqs")})
        self.error, self.no_answer = error, no_answer  # ClientError; what is no answer of AWS
        self.ids = ({}, {})   # name -> id, one map a side
        self.names = []       # in the order of their making
        self.counts = {}
        self.image = [None, None]
        for side in (0, 1):
            images = self.sides[side]["ec2"].describe_images().get("Images", []) if side else []
            self.image[side] = images[0]["ImageId"] if images else "ami-0123456789abcdef0"

    # --- names

    def known(self, kind):
        return [n for n in self.names if n.split("-")[0] == kind]

    def remember(self, kind, ours, theirs):
        self.counts[kind] = self.counts.get(kind, 0) + 1
        name = "%s-%d" % (kind, self.counts[kind])
        self.names.append(name)
        self.ids[0][name], self.ids[1][name] = ours, theirs

    def forget(self, name):
        self.names.remove(name)

    def name_of(self, side, identifier):
        for name, known in self.ids[side].items():
            if known == identifier:
                return name
        return identifier

    def real(self, side, value):
        """The parameters of one side."""
        if isinstance(value, Use):
            return self.ids[side][value.name]
        if isinstance(value, Handle):
            queue, handle = self.ids[side][value.name]
            return {"QueueUrl": queue, "ReceiptHandle": handle}
        if isinstance(value, AclAssociation):
            return self.association(side, self.ids[side][value.subnet.name])
        if isinstance(value, dict):
            return {k: self.real(side, v) for k, v in value.items()}
        if isinstance(value, list):
            return [self.real(side, v) for v in value]
        return self.image[side] if value == "IMAGE" else value

    def shown(self, value):
        if isinstance(value, (Use, Handle)):
            return value.name
        if isinstance(value, AclAssociation):
            return "acl of " + value.subnet.name
        if isinstance(value, dict):
            return {k: self.shown(v) for k, v in value.items()}
        return [self.shown(v) for v in value] if isinstance(value, list) else value

    # --- calls

    def ask(self, side, service, method, params):
        try:
            return None, getattr(self.sides[side][service], method)(**self.real(side, params))
        except self.error as failed:
            error = failed.response["Error"]
            return error.get("QueryErrorCode", error["Code"]), None
        except self.no_answer:
            return "HTML", None

    def ask_ours(self, service, method, params):
        self.last = params
        return self.ask(0, service, method, params)

    def ask_theirs(self, service, method, params):
        return self.ask(1, service, method, params)

    def must(self, method, params, made=None, service="ec2"):
        answers = [self.ask(side, service, method, params) for side in (0, 1)]
        assert not answers[0][0] and not answers[1][0], (method, answers)
        self.last = params
        self.both_made(made, answers[0][1], answers[1][1])

    def both_made(self, made, ours, theirs):
        if not made:
            return
        if made.kind == "handle":
            self.both_received(ours, theirs)
            return
        found = []
        for answer in (ours, theirs):
            for step in made.path:
                answer = answer[step]
            found.append(answer)
        if found[0] not in self.ids[0].values():
            self.remember(made.kind, *found)

    def both_received(self, ours, theirs):
        """The same message on both sides has a handle; its queue is that of the request."""
        for a, b in zip(ours.get("Messages", []), theirs.get("Messages", [])):
            assert a["Body"] == b["Body"], (a, b)
            queue = self.last["QueueUrl"].name
            self.remember("handle", (self.ids[0][queue], a["ReceiptHandle"]), (self.ids[1][queue], b["ReceiptHandle"]))

    # --- what comes with others

    def find(self, side, method, member, **filters):
        wanted = [{"Name": n.replace("_", "-"), "Values": [v]} for n, v in filters.items()]
        return getattr(self.sides[side]["ec2"], method)(Filters=wanted)[member]

    def association(self, side, subnet):
        for acl in self.find(side, "describe_network_acls", "NetworkAcls"):
            for one in acl["Associations"]:
                if one["SubnetId"] == subnet:
                    return one["NetworkAclAssociationId"]
        return "aclassoc-0123456789abcdef0"

    def learn_vpc(self, vpc):
        for kind, method, member, key in (("acl", "describe_network_acls", "NetworkAcls", "NetworkAclId"),
                                          ("rtb", "describe_route_tables", "RouteTables", "RouteTableId")):
            found = [self.find(side, method, member, vpc_id=self.ids[side][vpc.name])[0][key] for side in (0, 1)]
            self.remember(kind, *found)

    def learn_interfaces(self):
        for name in self.known("i"):
            found = [self.find(side, "describe_instances", "Reservations", instance_id=self.ids[side][name])
                     [0]["Instances"][0]["NetworkInterfaces"][0]["NetworkInterfaceId"] for side in (0, 1)]
            self.remember("eni", *found)

    # --- states in words

    def words(self, side, value):
        return self.name_of(side, value) if isinstance(value, str) else value

    def rules(self, side, permissions):
        out = []
        for p in permissions:
            peers = [r["CidrIp"] for r in p.get("IpRanges", [])] + [r["CidrIpv6"] for r in p.get("Ipv6Ranges", [])]
            peers += [self.words(side, r["GroupId"]) for r in p.get("UserIdGroupPairs", [])]
            out += [(p["IpProtocol"], p.get("FromPort"), p.get("ToPort"), peer) for peer in peers]
        return sorted(out, key=repr)

    def tags(self, list_):
        return sorted((t["Key"], t["Value"]) for t in list_ or [])

    def groups(self, side):
        found = self.find(side, "describe_security_groups", "SecurityGroups")
        return {self.words(side, g["GroupId"]): (self.rules(side, g["IpPermissions"]),
                                                 self.rules(side, g["IpPermissionsEgress"]), self.tags(g.get("Tags")))
                for g in found if self.words(side, g["GroupId"]).split("-")[0] == "sg"
                and g["GroupId"] in self.ids[side].values()}

    def interfaces(self, side):
        out = {}
        for e in self.find(side, "describe_network_interfaces", "NetworkInterfaces"):
            name = self.words(side, e["NetworkInterfaceId"])
            if name in self.ids[side]:
                attachment = e.get("Attachment") or {}
                out[name] = (self.words(side, e["SubnetId"]), sorted(self.words(side, g["GroupId"]) for g in e["Groups"]),
                             self.words(side, attachment.get("InstanceId")), attachment.get("DeviceIndex"),
                             e.get("SourceDestCheck"), self.tags(e.get("TagSet")))
        return out

    def acls(self, side):
        out = {}
        for a in self.find(side, "describe_network_acls", "NetworkAcls"):
            name = self.words(side, a["NetworkAclId"])
            if name in self.ids[side]:
                # moto's new NACLs have no default entries.
                entries = sorted((e["Egress"], e["RuleNumber"], e["RuleAction"], e["Protocol"], e.get("CidrBlock"))
                                 for e in a["Entries"] if e["RuleNumber"] < 32767)
                out[name] = (entries, sorted(self.words(side, s["SubnetId"]) for s in a["Associations"]))
        return out

    def tables(self, side):
        out = {}
        for t in self.find(side, "describe_route_tables", "RouteTables"):
            name = self.words(side, t["RouteTableId"])
            if name in self.ids[side]:
                # moto's routes never become blackholes.
                routes = sorted((r.get("DestinationCidrBlock"), self.words(side, r.get("GatewayId")))
                                for r in t["Routes"])
                out[name] = (routes, sorted(self.words(side, a.get("SubnetId")) or "main" for a in t["Associations"]))
        return out

    def addresses(self, side):
        # moto's address stays mapped to an interface that was deleted.
        there, out = self.interfaces(side), {}
        for a in self.sides[side]["ec2"].describe_addresses()["Addresses"]:
            if a["AllocationId"] in self.ids[side].values():
                eni = self.words(side, a.get("NetworkInterfaceId") or None)
                out[self.words(side, a["AllocationId"])] = eni if eni in there else None
        return out

    def instances(self, side):
        out = {}
        for r in self.find(side, "describe_instances", "Reservations"):
            for i in r["Instances"]:
                name = self.words(side, i["InstanceId"])
                if name in self.ids[side]:
                    out[name] = (i["State"]["Name"] in ("running", "pending"), self.tags(i.get("Tags")))
        return out

    def queues(self, side):
        out = {}
        for name in self.known("queue"):
            a = self.sides[side]["sqs"].get_queue_attributes(QueueUrl=self.ids[side][name], AttributeNames=["All"])["Attributes"]
            out[name] = tuple(a[k] for k in ("VisibilityTimeout", "DelaySeconds", "ApproximateNumberOfMessages",
                                             "ApproximateNumberOfMessagesNotVisible"))
        return out

    def states(self):
        for name in ("groups", "interfaces", "acls", "tables", "addresses", "instances", "queues"):
            describe = getattr(self, name)
            yield name, describe(0), describe(1)
