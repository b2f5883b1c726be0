#!/usr/bin/env python3
"""`cordon run contain`: in this process's simulator, over `sim serve` with boto3 looking at what
became of everything, with 50 ms before each answer, and on moto.

Usage: contain.py [CORDON] [TEST ...]
"""
import json
import os
import re
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "lib")]
import harness  # noqa: E402
import world  # noqa: E402

world.need()
import sim_peer  # noqa: E402
from proxy import Proxy, Rule  # noqa: E402

ASK = "[e]xplain: "
LATENCY = 0.05
MOST_ROUNDS = 6
OFF = ["hold=no", "credentials=no", "target_groups=no", "evidence=no", "public_address=keep", "idle_timeout=0",
       "network_acl=never"]
READS = ("Describe", "Get", "List")
checks = harness.Checks()
PATH = harness.binary()


class World:
    """`sim serve` behind a recording proxy, and a cordon that talks to it."""

    def __init__(self):
        self.sim = sim_peer.Simulator(PATH)
        self.proxy = Proxy(self.sim.url, keep_host=True)
        self.cordon = harness.Cordon(PATH, self.proxy.url)
        self.ec2, self.scaling, self.elb, self.iam = (
            self.sim.client(s) for s in ("ec2", "autoscaling", "elbv2", "iam"))

    def stop(self):
        self.proxy.stop()
        self.sim.stop()

    def id_of(self, name):
        found = self.ec2.describe_instances(Filters=[{"Name": "tag:Name", "Values": [name]}])
        return found["Reservations"][0]["Instances"][0]["InstanceId"]

    def contain(self, name, *words):
        return self.cordon.run("run", "contain", "instance=" + name, "settle=0.1", "--yes", *words)

    def actions(self):
        return [r.action for r in self.proxy.seen(dry=False) if not r.action.startswith(READS)]

    # --- what became of it

    def member(self, instance):
        list_ = self.scaling.describe_auto_scaling_instances(InstanceIds=[instance])["AutoScalingInstances"]
        return list_[0]["LifecycleState"] if list_ else None

    def profile(self, instance):
        list_ = self.ec2.describe_iam_instance_profile_associations(
            Filters=[{"Name": "instance-id", "Values": [instance]}])["IamInstanceProfileAssociations"]
        return list_[0]["IamInstanceProfile"]["Arn"].split("/")[-1] if list_ else None

    def targets(self):
        arn = self.elb.describe_target_groups()["TargetGroups"][0]["TargetGroupArn"]
        found = self.elb.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
        return sorted(t["Target"]["Id"] for t in found if t["TargetHealth"]["State"] != "draining")

    def attribute(self, instance, name):
        answer = self.ec2.describe_instance_attribute(InstanceId=instance, Attribute=name)
        return answer[name[0].upper() + name[1:]]["Value"]

    def is_cut(self, instance):
        enis = self.ec2.describe_network_interfaces(Filters=[
            {"Name": "attachment.instance-id", "Values": [instance]}])["NetworkInterfaces"]
        groups = self.ec2.describe_security_groups(GroupIds=[g["GroupId"] for e in enis for g in e["Groups"]])
        return not any(g["IpPermissions"] or g["IpPermissionsEgress"] for g in groups["SecurityGroups"])

    def picture(self):
        """All around an instance that contain may change, without what AWS names anew."""
        def plain(value):
            if isinstance(value, dict):
                return {k: plain(v) for k, v in sorted(value.items()) if k not in (
                    "ResponseMetadata", "AssociationId", "Tags", "TagSet", "ConnectionTrackingConfiguration")}
            return [plain(v) for v in value] if isinstance(value, list) else value

        instances = plain(self.ec2.describe_instances())
        return [instances, plain(self.ec2.describe_security_groups()), plain(self.ec2.describe_network_interfaces()),
                plain(self.scaling.describe_auto_scaling_groups()), self.targets(),
                plain(self.ec2.describe_addresses()), self.iam.list_role_policies(RoleName="web-server")["PolicyNames"],
                [self.profile(i["InstanceId"]) for r in instances["Reservations"] for i in r["Instances"]]]


def take_back(w, done):
    """As the report says; twice, of which the second changes nothing."""
    run = re.search(r"cordon undo (\S+)", done.err)
    if not checks.check("the report says how to take it back", run, done):
        return
    result = w.cordon.run("undo", run.group(1), "--yes")
    checks.equal("undo", result.code, 0, result)
    count = len(w.actions())
    again = w.cordon.run("undo", run.group(1), "--yes")
    checks.equal("undo once more", again.code, 0, again)
    checks.equal("undo once more changes nothing", set(w.actions()[count:]) - {"CreateTags", "DeleteTags"}, set())


# --- over the wire ---------------------------------------------------------------------------

def test_victim():
    """The default world's victim: two interfaces, an Elastic IP, a target, a profile."""
    w = World()
    victim, before = w.id_of("web-7"), w.picture()
    done = w.contain("web-7")
    checks.equal("web-7 is contained", done.code, 0, done)
    checks.check("web-7: cut", w.is_cut(victim))
    checks.check("web-7: no target", victim not in w.targets(), w.targets())
    checks.equal("web-7: no profile", w.profile(victim), None)
    checks.equal("web-7: protected", w.attribute(victim, "disableApiTermination"), True)
    policy = w.iam.get_role_policy(RoleName="web-server", PolicyName="cordon-deny-" + victim)["PolicyDocument"]
    role = w.iam.get_role(RoleName="web-server")["Role"]["RoleId"]
    statement = policy["Statement"][0]
    checks.equal("the role's sessions of this instance are denied, and no others", (
        statement["Effect"], statement["Action"], statement["Resource"], statement["Condition"]),
        ("Deny", "*", "*", {"StringEquals": {"aws:userid": "%s:%s" % (role, victim)}}))
    checks.check("no public address is left", not [
        a for a in w.ec2.describe_addresses()["Addresses"] if a.get("InstanceId") == victim])
    mappings = w.ec2.describe_instances(InstanceIds=[victim])["Reservations"][0]["Instances"][0]["BlockDeviceMappings"]
    checks.check("its volumes outlive it", len(mappings) == 2 and not any(
        m["Ebs"]["DeleteOnTermination"] for m in mappings), mappings)
    checks.equal("its journal verifies", w.cordon.verifies(), "")
    take_back(w, done)
    checks.equal("taken back: all is as before", w.picture(), before)
    w.stop()


def test_fleet():
    """A member of a group at its minimum, given back by the printed commands."""
    w = World()
    member, before = w.id_of("web-8"), w.picture()
    done = w.contain("web-8")
    checks.equal("web-8 is contained", done.code, 0, done)
    checks.check("the plan says what its group will do", "at its minimum of 1" in done.err, done)
    checks.equal("web-8: in Standby", w.member(member), "Standby")
    checks.check("Standby took it out of the target group", member not in w.targets(), w.targets())
    checks.check("and no call of ours did", "DeregisterTargets" not in w.actions(), w.actions())
    take_back(w, done)
    checks.equal("web-8: all is as before", w.picture(), before)
    w.stop()


def test_edge():
    """Alone in its subnet: a network ACL stops what outlives the groups. Not where others are hit."""
    w = World()

    def lists():
        found = w.ec2.describe_network_acls()["NetworkAcls"]
        return {a["SubnetId"]: acl["Entries"] for acl in found for a in acl["Associations"]}

    before, all_before = lists(), w.picture()
    done = w.contain("db-1")
    checks.equal("db-1 is contained", done.code, 0, done)
    changed = [s for s in before if lists()[s] != before[s]]
    denies = [e for s in changed for e in lists()[s] if e["RuleAction"] == "allow"]
    checks.equal("one subnet is closed at its edge", (len(changed), denies), (1, []))
    take_back(w, done)
    checks.equal("its list is given back", lists(), before)
    checks.equal("db-1: all is as before", w.picture(), all_before)
    done = w.contain("web-7")
    checks.check("others in the subnets: left alone, and said", done.code == 0 and lists() == before
                 and "network_acl=always does" in done.err, done)
    done = w.cordon.run("run", "contain", "instance=app-1", "settle=0.1", "--yes", "network_acl=always")
    checks.check("hitting others wants accept=others", done.code == 5 and "others" in done.err, done)
    w.stop()


def test_switched_off():
    w = World()
    before = w.picture()
    done = w.contain("web-7", "convert=never", *OFF)
    checks.equal("only the cut", done.code, 0, done)
    checks.equal("only the cut's calls, and the lease", sorted(set(w.actions()) - {"CreateTags", "DeleteTags"}), [
        "CreateSecurityGroup", "ModifyNetworkInterfaceAttribute", "RevokeSecurityGroupEgress"])
    services = [r for r in w.proxy.seen() if "AutoScaling" in r.action or "Target" in r.action or "Profile" in r.action]
    checks.equal("what is switched off is not read", services, [])
    take_back(w, done)
    checks.equal("only the cut, taken back", w.picture(), before)
    done = w.contain("web-7", "profile=app-server", "convert=never", *[o for o in OFF if "credentials" not in o])
    checks.equal("another profile", (done.code, w.profile(w.id_of("web-7"))), (0, "app-server"), done)
    w.stop()


def test_denied():
    """Each thing around the cut is refused: the cut happens, the run ends 3 and names it."""
    for action, said in (("EnterStandby", "EnterStandby"), ("PutRolePolicy", "PutRolePolicy"),
                         ("DescribeAutoScalingInstances", "Auto Scaling"),
                         ("DescribeTargetGroups", "target groups"),
                         ("GetInstanceProfile", "web-server"),
                         ("DescribeIamInstanceProfileAssociations", "instance profile")):
        w = World()
        w.proxy.reset(Rule(action, error=("AccessDenied", 403)))
        done = w.contain("web-8", "accept=asg")
        checks.equal("%s is denied: 3" % action, done.code, 3, done)
        checks.check("%s: cut all the same" % action, w.is_cut(w.id_of("web-8")))
        checks.check("%s: it is named" % action, said in done.err and "AccessDenied" in done.err, done)
        w.stop()


def rounds(log):
    count, end = 0, None
    for request in sorted(log, key=lambda r: r.at):
        if end is None or request.at >= end:
            count, end = count + 1, request.answered
        end = min(end, request.answered)
    return count


def test_rounds():
    """From the first yes to the cut: six round trips at most, hold included."""
    w = World()

    def answered(request):
        request.answered = time.time()

    w.proxy.reset(Rule(dry=True, delay=LATENCY, after=answered))
    t = w.cordon.terminal("run", "contain", "instance=web-7", "settle=0")
    checks.check("it asks", t.expect(ASK), t.seen[-800:])
    yes = time.time()
    t.send("a\n")
    done = t.wait()
    checks.equal("contained at a terminal", done.code, 0, done)
    log = w.proxy.seen()
    swaps = [r for r in log if r.action == "ModifyNetworkInterfaceAttribute" and not r.dry
             and "SecurityGroupId.1" in r.params]
    closed = max(r.answered for r in swaps + [r for r in log if r.action.startswith("Revoke") and not r.dry])
    cut = [r for r in log if r.at >= yes and r.at < closed]
    before = [r for r in log if r.at < yes]
    count = rounds(cut)
    print("contain: %d round trips to the prompt, %d and %.0f ms from the yes to the cut" % (
        rounds(before), count, 1e3 * (closed - yes)))
    checks.check("cut within %d round trips" % MOST_ROUNDS, count <= MOST_ROUNDS,
                 [(round(r.at - yes, 3), r.action) for r in cut])
    w.stop()


# --- in this process ---------------------------------------------------------------------------

def test_simulated():
    cordon = harness.Cordon(PATH, None)
    for name in ("web-8", "app-1", "batch-1", "db-1"):
        done = cordon.run("--sim", "run", "contain", "instance=" + name, "--yes", "accept=spot", "--json")
        checks.equal("--sim contain " + name, done.code, 0, done)
        again = cordon.run("--sim", "plan", "contain", "instance=" + name)
        checks.equal("--sim plan contain " + name, again.code, 0, again)
    done = cordon.run("--sim", "run", "contain", "instance=batch-1", "--yes")
    checks.equal("a Spot instance is a hazard to be accepted", (done.code, "accept=spot" in done.err), (5, True), done)
    done = cordon.run("--sim", "plan", "contain", "instance=batch-1")
    checks.check("Spot: it is said what cannot be", "cannot be protected" in done.err + done.out, done)
    checks.check("Spot: and not tried", "disableApiTermination" not in done.err + done.out, done)
    done = cordon.run("--sim", "run", "contain", "instance=web-7", "--yes", "idle_timeout=30")
    checks.check("an idle time-out that AWS refuses is refused before anything is changed",
                 done.code != 0 and "60 seconds" in done.err, done)
    done = cordon.run("--sim", "run", "contain", "instance=web-6", "--yes")
    checks.check("one that is cut already: the rest is done", done.code == 0 and "is isolated already" in done.err, done)


# --- moto --------------------------------------------------------------------------------------

TRUST = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]})


def moto_around(moto, ids):
    """A role, a profile on web-3, a target group that has it."""
    iam, elb, ec2 = moto.client("iam"), moto.client("elbv2"), moto.client()
    iam.create_role(RoleName="web", AssumeRolePolicyDocument=TRUST)
    iam.create_instance_profile(InstanceProfileName="web")
    iam.add_role_to_instance_profile(InstanceProfileName="web", RoleName="web")
    ec2.associate_iam_instance_profile(InstanceId=ids["web3"], IamInstanceProfile={"Name": "web"})
    arn = elb.create_target_group(Name="web", Protocol="HTTP", Port=80, VpcId=ids["vpc"],
                                  TargetType="instance")["TargetGroups"][0]["TargetGroupArn"]
    elb.register_targets(TargetGroupArn=arn, Targets=[{"Id": ids["web3"]}])
    return arn


def test_moto():
    moto = world.Moto()
    ids = moto.build()
    arn = moto_around(moto, ids)
    cordon = harness.Cordon(PATH, moto.url)
    done = cordon.run("run", "contain", "instance=web-3", "settle=0.1", "--yes", "idle_timeout=0")
    checks.equal("moto: contained", done.code, 0, done)
    groups = {g for list_ in moto.groups_of(ids["web3"]).values() for g in list_}
    found = moto.client().describe_security_groups(GroupIds=list(groups))["SecurityGroups"]
    checks.check("moto: cut", not any(g["IpPermissions"] or g["IpPermissionsEgress"] for g in found), found)
    policies = moto.client("iam").list_role_policies(RoleName="web")["PolicyNames"]
    checks.equal("moto: sessions denied", policies, ["cordon-deny-" + ids["web3"]])
    left = moto.client("elbv2").describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
    checks.equal("moto: no target", left, [])
    profiles = moto.client().describe_iam_instance_profile_associations(Filters=[
        {"Name": "instance-id", "Values": [ids["web3"]]}])["IamInstanceProfileAssociations"]
    checks.equal("moto: no profile", profiles, [])
    moto.stop()


def main():
    tests = {n[5:]: f for n, f in globals().items() if n.startswith("test_")}
    wanted = [a for a in sys.argv[1:] if a in tests] or list(tests)
    for name in wanted:
        tests[name]()
    checks.finish()


main()
