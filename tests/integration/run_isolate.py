#!/usr/bin/env python3
"""`cordon run isolate-sg` without a terminal, from the command to the report.

Usage: run_isolate.py [CORDON] [TEST ...]
"""
import json
import os

from harness import Cordon
from isolation_harness import (ASK, checks, cordon, difference, events, fresh, isolated, moto, mutations,
                       by_hand, proxy, run_tests, take_back, untouched)
from proxy import Rule

# --- without a terminal ----------------------------------------------------------------

def test_yes_flag():
    ids = fresh()
    before = moto.picture()
    done = cordon.run("run", "isolate-sg", "instance=" + ids["web3"], "settle=0.2", "--yes", "--json")
    checks.equal("--yes by id", done.code, 0, done)
    checks.check("--yes: isolated", isolated(ids))
    found = events(done, "--yes --json")
    commands = found[-1].get("commands", []) if found else []
    checks.check("commands in run.end", len(commands) >= 3, commands)
    again = cordon.run("run", "isolate-sg", "instance=web-3", "--yes")
    checks.check("already isolated: 0, nothing to do",
                 again.code == 0 and "nothing" in again.err.lower(), again)
    count = len(mutations())
    by_hand("\n".join(commands))
    checks.check("commands lead back", moto.picture() == before, difference(before, moto.picture()))
    checks.check("taking back sent mutations through the gate", len(mutations()) > count)


def test_no_input():
    fresh()
    before = moto.picture(True)
    for flags in ([], ["--no-input"]):
        done = cordon.run("run", "isolate-sg", "instance=web-3", *flags)
        checks.equal("without a terminal %s" % flags, done.code, 5, done)
        untouched(before, "without a terminal %s" % flags)
    t = cordon.terminal("run", "isolate-sg", "instance=web-3", "--no-input")
    done = t.wait()
    checks.equal("--no-input on a terminal", done.code, 5, done)
    untouched(before, "--no-input on a terminal")
    done = cordon.run("plan", "isolate-sg", "instance=web-3")
    checks.equal("plan", done.code, 0, done)
    done = cordon.run("plan", "isolate-sg", "instance=web-3", "--detailed-exitcode")
    checks.equal("plan --detailed-exitcode", done.code, 10, done)
    done = cordon.run("run", "isolate-sg", "instance=web-3", "--dry-run")
    checks.equal("run --dry-run", done.code, 0, done)
    untouched(before, "plan")
    for words in (("call", "ec2", "create_tags", json.dumps(
            {"Resources": ["i-0123456789abcdef0"], "Tags": [{"Key": "a", "Value": "b"}]})),):
        done = cordon.run(*words)
        checks.equal("call of a mutation without a terminal", done.code, 5, done)
        untouched(before, "call without a terminal")


def test_asg():
    ids = fresh()
    before = moto.picture(True)
    done = cordon.run("run", "isolate-sg", "instance=asg-1", "settle=0", "--yes")
    checks.equal("an Auto Scaling member, --yes", done.code, 5, done)
    checks.check("it says accept=asg", "accept=asg" in done.err, done)
    untouched(before, "an Auto Scaling member")
    done = cordon.run("run", "isolate-sg", "instance=asg-1", "settle=0", "--yes", "accept=asg")
    checks.equal("accept=asg", done.code, 0, done)
    checks.check("accept=asg: isolated", isolated(ids, "asg1"))
    ids = fresh()
    t = cordon.terminal("run", "isolate-sg", "instance=asg-1", "settle=0", "--yes")
    checks.check("on a terminal --yes asks about the hazard", t.answer(ASK, "y"), t.seen[-800:])
    done = t.wait()
    checks.equal("the hazard, y", done.code, 0, done)
    checks.check("the prompt tells the hazard", "web-asg" in done.err or "Auto Scaling" in done.err, done)


def test_prepared():
    ids = fresh()
    ec2 = moto.client()
    made = {}
    for name in ("step1", "step2", "dirty"):
        made[name] = ec2.create_security_group(GroupName=name, Description=name, VpcId=ids["vpc"])["GroupId"]
    everyone = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
    ec2.authorize_security_group_ingress(GroupId=made["step1"], IpPermissions=everyone)
    ec2.revoke_security_group_egress(GroupId=made["step2"], IpPermissions=everyone)
    before = moto.picture()
    done = cordon.run("run", "isolate-sg", "instance=web-3", "mode=prepared", "step1=" + made["step1"],
                      "step2=" + made["dirty"], "settle=0", "convert=always", "--yes")
    checks.check("prepared with a step2 that has rules: refused",
                 done.code in (1, 2) and made["dirty"] in done.err, done)
    checks.check("nothing was changed", not mutations(), mutations())
    done = cordon.run("run", "isolate-sg", "instance=web-3", "mode=prepared", "step1=" + made["step1"],
                      "step2=step2", "settle=0.2", "convert=always", "--yes")
    checks.equal("prepared", done.code, 0, done)
    checks.equal("prepared: on step2", set(map(tuple, moto.groups_of(ids["web3"]).values())),
                 {(made["step2"],)})
    checks.equal("prepared: no group was made",
                 [r.action for r in mutations() if "SecurityGroup" in r.action], [])
    lines = take_back(done.err)
    checks.check("prepared: taken back", moto.picture() == before, (lines, difference(before, moto.picture())))
    # step1 with somebody on it: refused.
    ec2.modify_network_interface_attribute(
        NetworkInterfaceId=list(moto.groups_of(ids["web4"]))[0], Groups=[made["step1"]])
    proxy.reset()
    done = cordon.run("run", "isolate-sg", "instance=web-3", "mode=prepared", "step1=step1",
                      "step2=step2", "convert=always", "settle=0", "--yes")
    checks.check("step1 with somebody on it: refused", done.code in (1, 2), done)
    checks.equal("step1 with somebody on it: nothing was changed", mutations(), [])
    # final= an existing blank group
    proxy.reset()
    done = cordon.run("run", "isolate-sg", "instance=web-3", "final=step2", "settle=0", "--yes")
    checks.equal("final=", done.code, 0, done)
    checks.equal("final=: on it", set(map(tuple, moto.groups_of(ids["web3"]).values())),
                 {(made["step2"],)})
    proxy.reset()
    done = cordon.run("run", "isolate-sg", "instance=web-4", "final=dirty", "settle=0", "--yes")
    checks.check("final= with rules: refused", done.code in (1, 2) and not mutations(), done)


def test_forensics():
    ids = fresh(ipv6=True)
    before = moto.picture()
    done = cordon.run("run", "isolate-sg", "instance=web-3", "settle=0", "--yes",
                      "forensics=198.51.100.0/24", "forensics_ports=22,443")
    checks.equal("forensics", done.code, 0, done)
    group = list(moto.groups_of(ids["web3"]).values())[0][0]
    rules = moto.client().describe_security_groups(GroupIds=[group])["SecurityGroups"][0]
    ports = sorted(r["FromPort"] for r in rules["IpPermissions"])
    cidrs = {c["CidrIp"] for r in rules["IpPermissions"] for c in r["IpRanges"]}
    checks.equal("forensics: only these", (ports, cidrs, rules["IpPermissionsEgress"]),
                 ([22, 443], {"198.51.100.0/24"}, []))
    take_back(done.err)
    checks.check("forensics: taken back", moto.picture() == before, difference(before, moto.picture()))


def test_arguments():
    ids = fresh()
    before = moto.picture(True)
    for words, why, hint in (
            (["instanc=web-3"], "unknown argument", "instance"),
            (["instance=web-3", "settle=soon"], "not a number", "settle"),
            (["instance=web-3", "settle=-1"], "too small", "settle"),
            (["instance=web-3", "settle=301"], "too large", "settle"),
            (["instance=web-3", "convert=maybe"], "no choice", "always"),
            (["instance=web-3", "forensics=nowhere"], "no CIDR", "forensics"),
            (["instance=web-3", "accept=everything"], "no such hazard", "accept"),
            (["instance=web-3", "instance=web-4"], "twice", "twice"),
            (["instance"], "no value", "key=value"),
            ([], "required", "instance")):
        proxy.reset()
        for verb in ("run", "plan"):
            done = cordon.run(verb, "isolate-sg", *words, "--yes")
            checks.check("%s, argument: %s" % (verb, why), done.code == 2 and hint in done.err, done)
        checks.equal("argument: %s: no request" % why, proxy.seen(), [])
    for words, why in ((["--nonsense"], "flag"), (["--deadline", "x"], "deadline")):
        proxy.reset()
        done = cordon.run("run", "isolate-sg", "instance=web-3", *words)
        checks.check("usage: " + why, done.code == 2 and not proxy.seen(), done)
    done = cordon.run("run", "isolate-gs", "instance=web-3")
    checks.check("unknown playbook: did you mean", done.code == 2 and "isolate-sg" in done.err, done)
    # these need reads
    moto_twin = moto.client()
    for value, why in (("web-9", "unknown Name"), ("i-0123456789abcdef0", "unknown id")):
        done = cordon.run("run", "isolate-sg", "instance=" + value, "--yes")
        checks.check("instance: " + why, done.code == 2 and value in done.err, done)
    moto_twin.create_tags(Resources=[ids["web4"]], Tags=[{"Key": "Name", "Value": "web-3"}])
    proxy.reset()
    done = cordon.run("run", "isolate-sg", "instance=web-3", "--yes")
    checks.check("an ambiguous Name: refused, naming both", done.code == 2 and ids["web3"] in done.err
                 and ids["web4"] in done.err, done)
    checks.equal("bad arguments: nothing was changed", mutations(), [])
    checks.equal("bad arguments leave no run", cordon_runs_of_arguments(), True)
    del before


def cordon_runs_of_arguments():
    """No empty run folder is left behind."""
    folder = cordon.runs_folder()
    return all(os.path.exists(os.path.join(folder, r, "journal.jsonl")) for r in cordon.runs())


# --- surroundings ------------------------------------------------------------------------

def test_surroundings():
    ids = fresh()
    home = dict(cordon.env)
    for gone in ("HOME", "XDG_STATE_HOME"):
        home.pop(gone)
    other = Cordon(cordon.path, proxy.url)
    other.env = home
    proxy.reset()
    done = other.run("run", "isolate-sg", "instance=web-3", "--yes", "settle=0")
    passwd_home = os.path.expanduser("~root") if os.getuid() == 0 else os.path.expanduser("~")
    checks.check("without HOME: said before anything is changed, or the user's own folder",
                 done.code in (0, 1, 2, 8) and (done.code == 0 or not mutations()), done)
    del passwd_home
    ids = fresh()
    # stdout is closed: the run goes on, and says so.
    read_end, write_end = os.pipe()
    os.close(read_end)
    process = cordon.start("run", "isolate-sg", "instance=web-3", "--yes", "settle=0", "--json",
                           stdout=write_end)
    os.close(write_end)
    done = cordon.finish(process, 0)
    checks.check("stdout's reader is gone: the run is made all the same", isolated(ids), done)
    checks.equal("stdout's reader is gone: the exit is the run's", done.code, 0, done)
    ids = fresh()
    # no credentials at all
    bare = dict(cordon.env)
    for name in list(bare):
        if name.startswith("AWS_") and name not in ("AWS_ENDPOINT_URL", "AWS_REGION",
                                                    "AWS_EC2_METADATA_DISABLED"):
            bare.pop(name)
    other.env = bare
    done = other.run("run", "isolate-sg", "instance=web-3", "--yes")
    checks.equal("no credentials", done.code, 4, done)
    other.env = dict(cordon.env)
    other.env.pop("AWS_REGION")
    done = other.run("run", "isolate-sg", "instance=web-3", "--yes")
    checks.check("no Region", done.code in (1, 2, 4) and "egion" in done.err, done)
    other.env = dict(cordon.env, AWS_ENDPOINT_URL="http://127.0.0.1:9")
    done = other.run("run", "isolate-sg", "instance=web-3", "--yes")
    checks.equal("nobody at the endpoint", done.code, 1, done)


def test_denied():
    """A DryRun that is denied stops before anything is changed; one denied later leaves 3."""
    ids = fresh()
    before = moto.picture(True)
    proxy.reset(Rule("CreateSecurityGroup", dry=True, error=("UnauthorizedOperation", 403)))
    done = cordon.run("run", "isolate-sg", "instance=web-3", "--yes", "settle=0")
    checks.check("denied beforehand", done.code == 4 and "ec2:CreateSecurityGroup" in done.err, done)
    untouched(before, "denied beforehand")
    proxy.reset(Rule("RevokeSecurityGroupEgress", nth=1, error=("UnauthorizedOperation", 403)))
    done = cordon.run("run", "isolate-sg", "instance=web-3", "--yes", "settle=0")
    checks.equal("denied in the middle", done.code, 3, done)
    checks.equal("denied in the middle: the instance was not touched",
                 sorted(moto.groups_of(ids["web3"])[ids["eni0"]]), sorted([ids["sg_web"], ids["sg_db"]]))
    ids = fresh()
    proxy.reset(Rule("CreateTags", error=("UnauthorizedOperation", 403)))
    done = cordon.run("run", "isolate-sg", "instance=web-3", "--yes", "settle=0")
    checks.equal("evidence denied: 3, naming it", done.code, 3, done)
    checks.check("evidence denied: isolated all the same", isolated(ids) and "Evidence" in done.err, done)
    ids = fresh()
    state = {"broken": False}

    def is_evidence(request):  # not the lease, which goes with the first changes
        return "cordon:run" in request.params.values()

    def meddle(request):
        # Somebody puts the old group back just before it is verified.
        if not state["broken"]:
            state["broken"] = True
            moto.client().modify_network_interface_attribute(
                NetworkInterfaceId=ids["eni0"], Groups=[ids["sg_web"]])
    proxy.reset(Rule("CreateTags", when=is_evidence, after=meddle))
    done = cordon.run("run", "isolate-sg", "instance=web-3", "--yes", "settle=0")
    checks.equal("not verified: 7", done.code, 7, done)
    checks.check("not verified: said", "NOT VERIFIED" in done.err, done)


if __name__ == "__main__":
    run_tests(globals())
