"""moto's server for a test: one process, reset and built again as often as wanted."""
import atexit
import os
import sys
import urllib.request

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

try:
    import boto3  # noqa: F401
    import moto_world
    WHY_NOT = ""
except ImportError as missing:
    WHY_NOT = str(missing)


def need():
    """Ends the script as skipped where the peer cannot be had."""
    if WHY_NOT:
        print("SKIPPED: no peer: " + WHY_NOT)
        print("0 passed, 0 failed, 1 skipped")
        sys.exit(0)


class Moto:
    def __init__(self):
        need()
        self.process, self.url = moto_world.start()
        atexit.register(self.stop)
        self.ids = {}

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait()

    def client(self, service="ec2"):
        return moto_world.client(self.url, service)

    def post(self, path):
        request = urllib.request.Request(self.url + path, data=b"", method="POST")
        urllib.request.urlopen(request, timeout=30).read()

    def build(self, seed=None, **kw):
        """An empty account, then the small VPC. The same seed gives the same ids."""
        self.post("/moto-api/reset")
        if seed is not None:
            self.post("/moto-api/seed?a=%d" % seed)
        self.ids = moto_world.build(self.url, **kw)
        return self.ids

    # --- what a test wants to know

    def groups_of(self, instance):
        """{interface: sorted group ids}"""
        found = self.client().describe_network_interfaces(Filters=[
            {"Name": "attachment.instance-id", "Values": [instance]}])["NetworkInterfaces"]
        return {i["NetworkInterfaceId"]: sorted(g["GroupId"] for g in i["Groups"]) for i in found}

    def open_interfaces(self, instance):
        """Interfaces that carry a group which lets all traffic in, with that group."""
        ec2 = self.client()
        open_groups = set()
        for group in ec2.describe_security_groups()["SecurityGroups"]:
            for rule in group["IpPermissions"]:
                everyone = [r["CidrIp"] for r in rule.get("IpRanges", [])]
                everyone += [r["CidrIpv6"] for r in rule.get("Ipv6Ranges", [])]
                if rule["IpProtocol"] == "-1" and set(everyone) & {"0.0.0.0/0", "::/0"}:
                    open_groups.add(group["GroupId"])
        return {i: g for i, g in self.groups_of(instance).items() if open_groups & set(g)}

    def picture(self, tags=False):
        """All that an isolation may touch, as comparable values."""
        ec2 = self.client()

        def plain(value):
            if isinstance(value, dict):
                return {k: plain(v) for k, v in sorted(value.items())
                        if k != "ResponseMetadata" and (tags or k not in ("Tags", "TagSet"))}
            if isinstance(value, list):
                return sorted((plain(v) for v in value), key=repr)
            return value

        return {name: plain(getattr(ec2, name)()) for name in (
            "describe_security_groups", "describe_security_group_rules", "describe_instances",
            "describe_network_interfaces", "describe_network_acls", "describe_route_tables",
            "describe_addresses", "describe_volumes", "describe_subnets")}
