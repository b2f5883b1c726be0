"""A simulated world on its own port (`cordon sim serve`), and what it looks like as a whole."""
import json
import re
import subprocess

from harness import Cordon

# Everything that an isolation may touch. Snapshots are evidence, and are never taken back.
LISTINGS = (
    ("describe_instances", "Reservations"), ("describe_network_interfaces", "NetworkInterfaces"),
    ("describe_security_groups", "SecurityGroups"),
    ("describe_security_group_rules", "SecurityGroupRules"),
    ("describe_network_acls", "NetworkAcls"), ("describe_route_tables", "RouteTables"),
    ("describe_internet_gateways", "InternetGateways"),
    ("describe_egress_only_internet_gateways", "EgressOnlyInternetGateways"),
    ("describe_nat_gateways", "NatGateways"), ("describe_addresses", "Addresses"),
    ("describe_subnets", "Subnets"), ("describe_vpcs", "Vpcs"), ("describe_volumes", "Volumes"),
    ("describe_tags", "Tags"), ("describe_iam_instance_profile_associations",
                                "IamInstanceProfileAssociations"),
)
ID = re.compile(r"\b(?:[a-z]+-)+[0-9a-f]{8,17}\b")
RUN = re.compile(r"\b\d{8}T\d{6}Z-[a-z0-9-]+?-[0-9a-f]{4}\b")


def is_evidence(tag):
    return tag.get("Key", "").startswith("cordon:")


def without_evidence(value):
    if isinstance(value, dict):
        return {k: without_evidence(v) for k, v in value.items()}
    if isinstance(value, list):
        return [without_evidence(v) for v in value
                if not (isinstance(v, dict) and "Key" in v and is_evidence(v))]
    return value


class Served:
    def __init__(self, path, prepare=None, picture=True, flags=()):
        self.cordon = Cordon(path, None)
        self.process = self.cordon.start("sim", "serve", *flags, stderr=subprocess.DEVNULL)
        self.url = self.process.stdout.readline().decode().strip()
        self.cordon.env["AWS_ENDPOINT_URL"] = self.url
        if prepare:
            prepare(self)
        self.before = self.picture() if picture else None

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.process.stdout.close()

    def call(self, operation, service="ec2", **params):
        done = self.cordon.run("call", service, operation, json.dumps(params), "--yes", "--json")
        if done.code != 0:
            raise SystemExit("the simulator refuses %s: %r" % (operation, done))
        return json.loads(done.out or "{}")

    def picture(self):
        """The whole world but for evidence, as it is described."""
        return {name: without_evidence(self.call(name)[key]) for name, key in LISTINGS}


def named(picture, known):
    """Such that two worlds compare that made things of their own: new ids and the runs' names
    read alike, and order does not count."""
    ids = set(ID.findall(json.dumps(known)))

    def walk(value):
        if isinstance(value, dict):
            return {k: walk(v) for k, v in value.items()}
        if isinstance(value, list):
            return sorted((walk(v) for v in value), key=lambda v: json.dumps(v, sort_keys=True))
        if isinstance(value, str):
            return ID.sub(lambda m: m.group() if m.group() in ids else "NEW", RUN.sub("RUN", value))
        return value
    return walk(picture)


def difference(one, other):
    """The first places in which two pictures differ, for a failing test's words."""
    found = []

    def walk(path, a, b):
        if a == b or len(found) > 8:
            return
        if isinstance(a, dict) and isinstance(b, dict):
            for key in sorted(set(a) | set(b)):
                walk("%s.%s" % (path, key), a.get(key), b.get(key))
        elif isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
            for i, (x, y) in enumerate(zip(a, b)):
                walk("%s[%d]" % (path, i), x, y)
        else:
            found.append("%s: %.300s | %.300s" % (path, json.dumps(a), json.dumps(b)))
    walk("", one, other)
    return "; ".join(found)
