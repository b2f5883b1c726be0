#!/usr/bin/env python3
"""The playbooks around an isolation: `prepare-vpc` (before it) and `collect-evidence` (after it).

Usage: prepare_evidence.py [CORDON]

Each case has a simulated world of its own (`cordon sim serve`), behind a peer that sees every
request.
"""
import hashlib
import json
import os
import re
import sys

from harness import Checks, Cordon, binary
from proxy import Proxy, Rule

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from served import Served  # noqa: E402

PATH, VICTIM, VPC = binary(), "web-7", "production"
ALL = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}

checks = Checks()


class Case:
    """`with` gives one with a world, a peer before it and a cordon that talks to the peer."""

    def __enter__(self):
        self.served = Served(PATH, picture=False)
        self.peer = Proxy(self.served.url, keep_host=True)
        self.cordon = Cordon(PATH, self.peer.url)
        return self

    def __exit__(self, *ignored):
        self.peer.stop()
        self.served.stop()

    def run(self, *words):
        self.peer.reset(*self.peer.rules)
        return self.cordon.run("run", *words, "--yes", "--json")

    def groups(self):
        return {g["GroupName"]: g for g in
                self.served.call("describe_security_groups")["SecurityGroups"]}

    def changes(self):
        return [r for r in self.peer.seen() if not r.dry
                and not r.action.startswith(("Describe", "Get", "List"))]


def expectations(done):
    return {e["text"]: e for e in done.events() if e["event"] == "expect"}


def texts(done):
    return [e["text"] for e in done.events() if e["event"] == "log"]


# --- prepare-vpc --------------------------------------------------------------------------

def test_prepare():
    with Case() as c:
        audit = c.run("prepare-vpc", "vpc=" + VPC, "create=no")
        checks.equal("an audit of a VPC that is not ready", audit.code, 7, audit)
        checks.equal("it changes nothing", c.changes(), [])
        said = expectations(audit)
        checks.equal("what is not ready, for an auditor",
                     sorted(e["detail"] for e in said.values() if not e["ok"]),
                     ["cordon-step1 does not exist", "cordon-step2 does not exist"])
        asked = {r.action for r in c.peer.seen() if r.dry}
        checks.check("permissions are asked with DryRun",
                     {"CreateSecurityGroup", "ModifyNetworkInterfaceAttribute",
                      "CreateSnapshots"} <= asked, asked)

        made = c.run("prepare-vpc", "vpc=" + VPC)
        checks.equal("it makes what is missing", made.code, 0, made)
        groups = c.groups()
        checks.equal("step2 lets nothing through",
                     (groups["cordon-step2"]["IpPermissions"],
                      groups["cordon-step2"]["IpPermissionsEgress"]), ([], []))
        step1 = groups["cordon-step1"]
        for member in ("IpPermissions", "IpPermissionsEgress"):
            checks.check("step1 lets all through, both families: " + member, any(
                p["IpProtocol"] == "-1" and p["IpRanges"] and p["Ipv6Ranges"]
                for p in step1[member]) or len(step1[member]) == 2, step1[member])
        checks.equal("it is tagged", [t["Value"] for t in step1["Tags"]
                                      if t["Key"] == "cordon:prepared"], ["step1"])
        checks.equal("a second time: nothing to make", c.run("prepare-vpc", "vpc=" + VPC).code, 0)
        checks.equal("and nothing is", c.changes(), [])

        cut = c.run("isolate-sg", "instance=" + VICTIM, "mode=prepared", "step1=cordon-step1",
                    "step2=cordon-step2", "settle=0")
        checks.equal("an isolation with them", cut.code, 0, cut)
        checks.equal("who is isolated does not make it unready",
                     c.run("prepare-vpc", "vpc=" + VPC, "create=no").code, 0)


def not_ready(what, spoil, words):
    with Case() as c:
        c.run("prepare-vpc", "vpc=" + VPC)
        spoil(c, c.groups())
        audit = c.run("prepare-vpc", "vpc=" + VPC)
        checks.equal("%s: not ready" % what, audit.code, 7, audit)
        bad = [e["detail"] for e in expectations(audit).values() if not e["ok"]]
        checks.check("%s: named" % what, len(bad) == 1 and re.search(words, bad[0]), bad)
        checks.equal("%s: not mended behind somebody's back" % what, c.changes(), [])


def rule_in_step2(c, groups):
    c.served.call("authorize_security_group_ingress", GroupId=groups["cordon-step2"]["GroupId"],
                  IpPermissions=[ALL])


def no_way_out_of_step1(c, groups):
    c.served.call("revoke_security_group_egress", GroupId=groups["cordon-step1"]["GroupId"],
                  IpPermissions=[ALL])


def somebody_on_step1(c, groups):
    eni = c.served.call("describe_network_interfaces", Filters=[
        {"Name": "attachment.device-index", "Values": ["0"]},
        {"Name": "group-name", "Values": ["web"]}])["NetworkInterfaces"][0]
    c.served.call("modify_network_interface_attribute",
                  NetworkInterfaceId=eni["NetworkInterfaceId"],
                  Groups=[groups["cordon-step1"]["GroupId"]])


def test_denied():
    with Case() as c:
        c.peer.rules = [Rule("ModifyNetworkInterfaceAttribute", dry=True,
                             error=("UnauthorizedOperation", 403))]
        audit = c.run("prepare-vpc", "vpc=" + VPC, "create=no")
        bad = [e["detail"] for e in expectations(audit).values() if not e["ok"]]
        checks.check("what is denied is named",
                     "denied: ec2:modify_network_interface_attribute" in bad, (bad, audit))


def test_hard_ones():
    with Case() as c:
        said = "\n".join(texts(c.run("prepare-vpc", "vpc=" + VPC, "create=no")))
        for what, words in (("a shared NACL", r"acl-\w+ serves 3 subnets"),
                            ("a Spot instance", r'"batch-1": Spot'),
                            ("one of a fleet", r'"web-8": in an Auto Scaling group')):
            checks.check("named as hard: " + what, re.search(words, said), said)


# --- collect-evidence ---------------------------------------------------------------------

def as_lua(value):
    """Lua knows one empty table: an empty list is an empty map."""
    if isinstance(value, dict):
        return {k: as_lua(v) for k, v in value.items()}
    return [as_lua(v) for v in value] or {} if isinstance(value, list) else value


def digest(value):
    """What digest() gives: the SHA-256 of the JSON, keys sorted, without blanks."""
    text = json.dumps(as_lua(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def result_of(cordon, line):
    if "result" in line:
        return line["result"]
    folder = os.path.dirname(cordon.journal_path())
    name = next(v for v in line.values() if isinstance(v, dict) and "file" in v)["file"]
    with open(os.path.join(folder, name), encoding="utf-8") as f:
        return json.load(f)


def test_evidence():
    with Case() as c:
        before = c.served.picture()
        done = c.run("collect-evidence", "instance=" + VICTIM)
        checks.equal("evidence is collected, --yes is enough", done.code, 0, done)
        checks.equal("the instance is as it was", c.served.picture(), before)
        shots = c.served.call("describe_snapshots")["Snapshots"]
        volumes = c.served.call("describe_volumes")["Volumes"]
        victim = c.served.call("describe_instances", Filters=[
            {"Name": "tag:Name", "Values": [VICTIM]}])["Reservations"][0]["Instances"][0]
        its = {v["VolumeId"] for v in volumes
               if v["Attachments"][0]["InstanceId"] == victim["InstanceId"]}
        checks.equal("a snapshot of each of its volumes", {s["VolumeId"] for s in shots}, its)
        checks.check("tagged with the run", all(
            c.cordon.last_run() in [t["Value"] for t in s["Tags"]] for s in shots), shots)

        lists = [line["value"] for line in c.cordon.journal()
                 if line["kind"] == "log" and isinstance(line.get("value"), list)]
        manifest = {i["name"]: i.get("sha256") for i in lists[-1]}
        checks.check("a manifest of all", len(manifest) == 12 and all(manifest.values()), manifest)
        reads = {}
        for line in c.cordon.journal():
            if line["kind"] == "read" and "error" not in line:
                reads.setdefault(line["operation"], []).append(digest(result_of(c.cordon, line)))
        for name, operation in (("interfaces", "describe_network_interfaces"),
                                ("volumes", "describe_volumes"), ("flow logs", "describe_flow_logs"),
                                ("console output", "get_console_output"),
                                ("network ACLs", "describe_network_acls")):
            checks.check("the journal holds what the manifest says: " + name,
                         manifest[name] in reads.get(operation, ()), (manifest[name], reads))
        back = c.cordon.run("undo", "last", "--yes")
        checks.equal("undo leaves evidence", (back.code, len(c.served.call(
            "describe_snapshots")["Snapshots"])), (0, len(its)), back)


def test_failing_parts():
    with Case() as c:
        c.peer.rules = [Rule("GetConsoleScreenshot", error=("InternalError", 500)),
                        Rule("DescribeFlowLogs", error=("UnauthorizedOperation", 403))]
        done = c.run("collect-evidence", "instance=" + VICTIM)
        checks.equal("a part that fails: 3", done.code, 3, done)
        checks.check("it is named", "Screenshot" in done.err, done)
        checks.equal("the rest is there", bool(c.served.call("describe_snapshots")["Snapshots"]),
                     True)
        checks.check("what is missing is in the manifest", any(
            re.search("missing  flow logs: UnauthorizedOperation", t) for t in texts(done)), done)


def test_account():
    with Case() as c:
        done = c.run("collect-evidence", "instance=" + VICTIM, "account=123")
        checks.check("an account of three digits", done.code == 1 and "12 digits" in done.err
                     and not c.changes(), done)


def main():
    test_prepare()
    not_ready("a rule in step2", rule_in_step2, "expected: none")
    not_ready("step1 lets nothing out", no_way_out_of_step1, "lacks out: all traffic")
    not_ready("somebody is on step1", somebody_on_step1, "lets everything through, and eni-")
    test_denied()
    test_hard_ones()
    test_evidence()
    test_failing_parts()
    test_account()
    checks.finish()


if __name__ == "__main__":
    main()
