#!/usr/bin/env python3
"""`cordon run` of isolate-nacl, isolate-routes and isolate-gateway: in this process's simulator, over
`sim serve`, and on moto; each then taken back.

Usage: isolate_network.py [CORDON] [TEST ...]

moto has no quota of entries, and carries out dry runs of NACL entries, routes and associations: the
proxy before it answers dry runs as EC2 does.
"""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "lib")]
import harness  # noqa: E402
import world  # noqa: E402
from proxy import EC2_ERROR, Proxy, Rule  # noqa: E402
from served import Served, difference  # noqa: E402

PATH = harness.binary()
checks = harness.Checks()

VICTIM = "instance=web-7"
METHODS = [
    ("isolate-nacl", VICTIM, "accept=others"),
    ("isolate-nacl", VICTIM, "mode=new", "keep=203.0.113.9", "accept=others"),
    ("isolate-nacl", VICTIM, "mode=existing", "accept=others"),
    ("isolate-nacl", VICTIM, "mode=existing", "keep=2001:db8::9", "accept=others"),
    ("isolate-routes", VICTIM, "accept=others"),
    ("isolate-routes", VICTIM, "mode=strip", "accept=others"),
    ("isolate-gateway", VICTIM, "accept=whole-vpc"),
    ("isolate-gateway", "vpc=production", "mode=empty-tables", "accept=whole-vpc"),
]


def plain(value):
    """A picture without what EC2 names anew and lists in no order."""
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()
                if k not in ("NetworkAclAssociationId", "RouteTableAssociationId")}
    if isinstance(value, list):
        return sorted((plain(v) for v in value), key=repr)
    return value


# --- in this process ---------------------------------------------------------------------

def test_sim():
    cordon = harness.Cordon(PATH, None)
    for words in METHODS:
        what = " ".join(words)
        done = cordon.run("--sim", "run", *words, "--yes")
        checks.equal("--sim " + what, done.code, 0, done)
        checks.check("it was verified: " + what, "verified" in done.err and "NOT VERIFIED" not in done.err, done)
        checks.check("what survives is said: " + what, "What can survive this" in done.err, done)
        bare = cordon.run("--sim", "run", *words[:-1], "--yes")
        code = words[-1].split("=")[1]
        checks.check("--yes alone does not do: " + what,
                     bare.code == 5 and "accept=" + code in bare.err, bare)
        plan = cordon.run("--sim", "plan", *words)
        checks.equal("plan " + what, plan.code, 0, plan)
        for name in ("web-8", "app-1", "db-1"):
            checks.check("%s is named: %s" % (name, what), name in plan.err, plan)


def test_arguments():
    cordon = harness.Cordon(PATH, None)
    for words, code, hint in (
            (("isolate-nacl", VICTIM, "mode=old"), 2, "existing"),
            (("isolate-nacl", VICTIM, "keep=0.0.0.0/0"), 1, "everybody"),
            (("isolate-nacl", VICTIM, "keep=nowhere"), 2, "keep"),
            (("isolate-nacl", VICTIM, "keep_ssm=yes"), 1, "interface endpoint"),
            (("isolate-routes", VICTIM, "mode=empty"), 2, "strip"),
            (("isolate-gateway",), 1, "vpc="),
            (("isolate-gateway", "vpc=nowhere"), 2, "nowhere")):
        done = cordon.run("--sim", "run", *words, "--yes")
        checks.check("refused: " + " ".join(words), done.code == code and hint in done.err, done)
        checks.check("no Lua in what is said: " + " ".join(words),
                     "stdlib/" not in done.err and "attempt to" not in done.err, done)


# --- over the wire -----------------------------------------------------------------------

def acl_of(served, name):
    """The network ACLs of an instance's subnets: {subnet: (id, its inbound and outbound entries)}."""
    found = served.call("describe_instances", Filters=[{"Name": "tag:Name", "Values": [name]}])
    enis = found["Reservations"][0]["Instances"][0]["NetworkInterfaces"]
    wanted = {eni["SubnetId"] for eni in enis}
    return {one["SubnetId"]: acl for acl in served.call("describe_network_acls")["NetworkAcls"]
            for one in acl["Associations"] if one["SubnetId"] in wanted}


def first_entries(acl):
    """The entry that each family meets first, inbound and outbound."""
    first = {}
    for entry in sorted(acl["Entries"], key=lambda e: e["RuleNumber"]):
        family = "v6" if entry.get("Ipv6CidrBlock") else "v4"
        first.setdefault((entry["Egress"], family), entry)
    return first


def denies_all(acl, families=("v4", "v6")):
    first = first_entries(acl)
    return all(first[egress, family]["RuleAction"] == "deny" and first[egress, family]["Protocol"] == "-1"
               and (first[egress, family].get("CidrBlock") or first[egress, family]["Ipv6CidrBlock"])
               in ("0.0.0.0/0", "::/0") for egress in (False, True) for family in families)


def test_served():
    """Done, done again with nothing to do, and taken back."""
    served = Served(PATH)
    before = plain(served.before)
    for words in METHODS:
        what = "served: " + " ".join(words)
        done = served.cordon.run("run", *words, "--yes")
        run = served.cordon.last_run()
        checks.equal(what, done.code, 0, done)
        checks.check(what + ": something changed", plain(served.picture()) != before)
        checks.equal(what + ": its journal verifies", served.cordon.verifies(), "")
        if words[0] == "isolate-nacl" and not any(w.startswith("keep") for w in words):
            lists = acl_of(served, "web-7")
            checks.check(what + ": denied first", len(lists) == 2 and all(map(denies_all, lists.values())), lists)
        again = served.cordon.run("run", *words, "--yes")
        checks.check(what + ": again, nothing to do", again.code == 0 and "nothing to do" in again.err, again)
        checks.check(what + ": it stays as it was left", served.cordon.run("verify", run).code == 0)
        back = served.cordon.run("undo", run, "--yes")
        now = plain(served.picture())
        checks.check(what + ": as before", back.code == 0 and now == before, (difference(before, now), back))
    served.stop()


def crowd(served):
    """The default list of the VPC, full in one direction: its rule 1 is taken, and others use it."""
    acl = next(a for a in served.call("describe_network_acls")["NetworkAcls"] if a["IsDefault"])
    for number in range(1, 19):
        served.call("create_network_acl_entry", NetworkAclId=acl["NetworkAclId"], RuleNumber=number * 2 - 1,
                    Egress=False, Protocol="6", PortRange={"From": 1, "To": 80 + number}, RuleAction="allow",
                    Ipv6CidrBlock="2001:db8:%x::/48" % number)
    return acl["NetworkAclId"]


def test_full():
    """The plan already has the entry that goes; undo puts it back."""
    served = Served(PATH, crowd)
    before = plain(served.before)
    done = served.cordon.run("run", "isolate-nacl", VICTIM, "mode=existing", "accept=others", "--yes")
    checks.equal("a full list", done.code, 0, done)
    checks.check("what makes room is said", "rule 1 (allow" in done.err, done)
    checks.check("denied first", all(map(denies_all, acl_of(served, "web-7").values())))
    back = served.cordon.run("undo", "last", "--yes")
    checks.check("a full list: as before", back.code == 0 and plain(served.picture()) == before,
                 (difference(before, plain(served.picture())), back))
    served.stop()


def faulty(rule, *words):
    served = Served(PATH)
    proxy = Proxy(served.url, keep_host=True)
    proxy.rules.append(rule)
    cordon = harness.Cordon(PATH, proxy.url)
    return served, proxy, cordon, cordon.run("run", *words, "accept=others", "--yes")


def test_unforeseen():
    """What only AWS knew: a lower quota, and a number that somebody took. Not rehearsed, so --yes
    does not cover it; what was done can be taken back."""
    for error, asks in (("NetworkAclEntryLimitExceeded", "DeleteNetworkAclEntry"),
                        ("NetworkAclEntryAlreadyExists", "ReplaceNetworkAclEntry")):
        served, proxy, cordon, done = faulty(Rule("CreateNetworkAclEntry", nth=2, error=(error, 400)),
                                             "isolate-nacl", VICTIM, "mode=existing")
        sent = [r.action for r in proxy.seen(dry=False)]
        checks.check(error + ": stopped, not covered by --yes", done.code in (3, 6), done)
        checks.check(error + ": not sent unasked", asks not in sent, sent)
        proxy.reset()
        back = cordon.run("undo", "last", "--yes")
        checks.check(error + ": taken back", back.code == 0 and plain(served.picture()) == plain(served.before), back)
        proxy.stop()
        served.stop()


def test_evidence_denied():
    served, proxy, _, done = faulty(Rule("CreateTags", error=("UnauthorizedOperation", 403)),
                                    "isolate-routes", VICTIM)
    checks.equal("tags are denied: cut all the same, and said", done.code, 3, done)
    checks.check("tags are denied: verified", "NOT VERIFIED" not in done.err and "verified" in done.err, done)
    proxy.stop()
    served.stop()


# --- moto --------------------------------------------------------------------------------

MOTO = [
    ("isolate-nacl", "instance=web-3", "accept=others"),
    ("isolate-nacl", "instance=web-3", "mode=existing", "accept=others"),
    ("isolate-routes", "instance=web-3", "accept=others"),
    ("isolate-routes", "instance=web-3", "mode=strip", "accept=others"),
    ("isolate-gateway", "instance=web-3", "accept=whole-vpc"),
    ("isolate-gateway", "instance=web-3", "mode=empty-tables", "accept=whole-vpc"),
]


def moto_picture(moto):
    return plain(moto.picture())


def answers_dry_runs(request):
    if request.dry:
        return 412, "text/xml", EC2_ERROR % ("DryRunOperation", "Request would have succeeded")
    return None


class Peer:
    """moto behind the proxy, and a cordon that talks to it."""

    def __init__(self):
        self.moto = world.Moto()
        self.moto.build()
        self.proxy = Proxy(self.moto.url, answer=answers_dry_runs)
        self.cordon = harness.Cordon(PATH, self.proxy.url)

    def stop(self):
        self.proxy.stop()
        self.moto.stop()


def test_moto():
    peer = Peer()
    moto, cordon = peer.moto, peer.cordon
    for words in MOTO:
        what = "moto: " + " ".join(words)
        moto.build()
        before = moto_picture(moto)
        done = cordon.run("run", *words, "--yes")
        checks.equal(what, done.code, 0, done)
        checks.check(what + ": something changed", moto_picture(moto) != before)
        back = cordon.run("undo", "last", "--yes")
        now = moto_picture(moto)
        checks.check(what + ": as before", back.code == 0 and now == before, (difference(before, now), back))
    peer.stop()


def test_moto_raised_quota():
    """A list with more entries than AWS's default: the plan makes room that is not needed."""
    peer = Peer()
    moto, cordon = peer.moto, peer.cordon
    ec2 = moto.client()
    acl = next(a for a in ec2.describe_network_acls()["NetworkAcls"] if a["VpcId"] == moto.ids["vpc"])
    for number in range(200, 230):
        ec2.create_network_acl_entry(NetworkAclId=acl["NetworkAclId"], RuleNumber=number, Egress=False,
                                     Protocol="-1", RuleAction="allow", CidrBlock="10.0.%d.0/24" % (number - 200))
    before = moto_picture(moto)
    done = cordon.run("run", "isolate-nacl", "instance=web-3", "mode=existing", "accept=others", "--yes")
    checks.equal("moto: a raised quota", done.code, 0, done)
    checks.check("moto: a raised quota: the plan had more", "is full" in done.err, done)
    left = next(a for a in ec2.describe_network_acls(NetworkAclIds=[acl["NetworkAclId"]])["NetworkAcls"])
    checks.check("moto: a raised quota: nothing was deleted", any(
        e["RuleNumber"] == 229 for e in left["Entries"]), left["Entries"])
    back = cordon.run("undo", "last", "--yes")
    checks.check("moto: a raised quota: as before", back.code == 0 and moto_picture(moto) == before, back)
    peer.stop()


def main():
    only = [w for w in sys.argv[1:] if w.startswith("test_")]
    for name, test in list(globals().items()):
        if not name.startswith("test_") or (only and name not in only):
            continue
        if name.startswith("test_moto") and world.WHY_NOT:
            checks.skip(name, world.WHY_NOT)
            continue
        test()
    checks.finish()


if __name__ == "__main__":
    main()
