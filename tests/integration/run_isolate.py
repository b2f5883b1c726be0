#!/usr/bin/env python3
"""`cordon run isolate-sg` from the command to the report, on a terminal and without one.

Usage: run_isolate.py [CORDON]
"""
import json
import os
import re
import shlex
import sys

from harness import Checks, Cordon, binary
from proxy import Proxy
from world import Moto

ASK = "[e]xplain: "
READS = ("Describe", "Get", "List")

checks, moto = Checks(), Moto()
proxy = Proxy(moto.url)
cordon = Cordon(binary(), proxy.url)


def mutations():
    return [r for r in proxy.seen(dry=False) if not r.action.startswith(READS)]


def fresh(**kw):
    ids = moto.build(**kw)
    proxy.reset()
    return ids


def isolated(ids, name="web3"):
    """True when each interface carries one group, and that has no rule."""
    groups = moto.groups_of(ids[name])
    carried = {g for list_ in groups.values() for g in list_}
    found = moto.client().describe_security_groups(GroupIds=list(carried))["SecurityGroups"]
    return (all(len(g) == 1 for g in groups.values())
            and not any(g["IpPermissions"] or g["IpPermissionsEgress"] for g in found))


def untouched(before, what):
    checks.equal(what + ": nothing was changed", moto.picture(True) == before and not mutations(),
                 True, mutations())


def take_back(text):
    """The inverse lines that a report printed, run as they stand but for the program's path."""
    lines = re.findall(r"^ *(cordon (?:--\S+ \S+ )*call .*?)\s*$", text, re.M)
    for line in lines:
        words = shlex.split(line)[1:]
        done = cordon.run(*words, "--yes")
        checks.equal("taken back: " + line[:100], done.code, 0, done)
    return lines


# --- on a terminal -----------------------------------------------------------------------

def test_yes_at_each_step():
    ids = fresh()
    before = moto.picture()
    t = cordon.terminal("run", "isolate-sg", "instance=web-3", "settle=0.2", "--ticket", "IR-42")
    for title in ("PREPARE", "CUT OFF", "EVIDENCE", "CLEAN UP"):
        checks.check("the question of " + title, t.expect(title, 20) and t.answer(ASK, "y"), t.seen[-800:])
    done = t.wait()
    checks.equal("y at each step", done.code, 0, done)
    checks.check("the ticket is shown", "IR-42" in done.err, done)
    checks.check("isolated", isolated(ids))
    checks.equal("verifies", cordon.verifies(), "")
    confirms = [line for line in cordon.journal() if line["kind"] == "confirm"]
    checks.equal("each yes is journaled", [(c["answer"], c["how"]) for c in confirms],
                 [("yes", "terminal")] * 4)
    lines = take_back(done.err.replace("\r", ""))
    checks.check("inverse lines were printed", len(lines) >= 3, done)
    checks.check("they lead back to the world before", moto.picture() == before,
                 difference(before, moto.picture()))


def difference(a, b):
    return [(k, a[k], b[k]) for k in a if a[k] != b[k]]


def test_all():
    ids = fresh()
    t = cordon.terminal("run", "isolate-sg", "instance=web-3", "settle=0")
    checks.check("asked once", t.answer(ASK, "a"), t.seen[-800:])
    done = t.wait()
    checks.equal("a at the first step", done.code, 0, done)
    checks.equal("a: one question", done.err.count(ASK), 1)
    checks.check("a: isolated", isolated(ids))
    answers = [line["answer"] for line in cordon.journal() if line["kind"] == "confirm"]
    checks.equal("a is journaled", answers, ["all"] * 4)


def test_no(step, exit_code):
    ids = fresh()
    before = moto.picture(True)
    t = cordon.terminal("run", "isolate-sg", "instance=web-3", "settle=0")
    for _ in range(step):
        t.answer(ASK, "y")
    t.answer(ASK, "n")
    done = t.wait()
    name = "n at question %d" % (step + 1)
    checks.equal(name, done.code, exit_code, done)
    checks.check(name + ": said", "the operator said no" in done.err, done)
    if step == 0:
        untouched(before, name)
    else:
        checks.equal(name + ": no interface is open", moto.open_interfaces(ids["web3"]), {})
        checks.check(name + ": says how to take it back", "To take it back" in done.err, done)
        before.pop("describe_instances")  # its tags, when evidence was taken
        take_back(done.err.replace("\r", ""))
        after = moto.picture()
        was = {k: v for k, v in moto_before_untagged(before).items() if k in after}
        checks.check(name + ": taken back", all(after[k] == was[k] for k in was),
                     [k for k in was if after[k] != was[k]])
    checks.equal(name + ": verifies", cordon.verifies(), "")


def moto_before_untagged(before):
    """`before` without tags, as picture() gives it."""
    def plain(value):
        if isinstance(value, dict):
            return {k: plain(v) for k, v in value.items() if k not in ("Tags", "TagSet")}
        return sorted((plain(v) for v in value), key=repr) if isinstance(value, list) else value
    return {k: plain(v) for k, v in before.items()}


def test_show_and_explain():
    fresh()
    before = moto.picture(True)
    t = cordon.terminal("run", "isolate-sg", "instance=web-3")
    t.answer(ASK, "s")
    checks.check("s shows calls", t.expect("ec2.create_security_group {", 5), t.seen[-600:])
    t.answer(ASK, "e")
    checks.check("e explains", t.expect("taken back by delete_security_group", 5), t.seen[-600:])
    for nonsense in ("", "x", "yess", "k", "Y E S", "\x01"):
        checks.check("%r is asked again" % nonsense, t.answer(ASK, nonsense, 5), t.seen[-300:])
    t.answer(ASK, "n")
    done = t.wait()
    checks.equal("s, e and nonsense, then n", done.code, 5, done)
    untouched(before, "s, e and nonsense, then n")


def test_typed_too_early():
    fresh()
    before = moto.picture(True)
    t = cordon.terminal("run", "isolate-sg", "instance=web-3")
    t.send("y\ny\ny\n")
    checks.check("asked", t.expect(ASK), t.seen[-300:])
    t.expect("never comes", 0.5)
    untouched(before, "what was typed before the question")
    t.send("\x04")
    done = t.wait()
    checks.equal("Ctrl-D at the question", done.code, 5, done)
    untouched(before, "Ctrl-D")


def test_interrupts():
    fresh()
    before = moto.picture(True)
    for name, act, code in (("Ctrl-C", lambda t: t.send("\x03"), 130),
                            ("SIGTERM", lambda t: t.process.terminate(), 143),
                            ("hang-up", lambda t: t.hang_up(), 143)):
        t = cordon.terminal("run", "isolate-sg", "instance=web-3")
        checks.check(name + ": asked", t.expect(ASK), t.seen[-300:])
        act(t)
        done = t.wait(20)
        checks.check(name + " at the question", done.code == code or
                     (name == "hang-up" and done.code == 5), done)
        untouched(before, name)
        checks.equal(name + ": verifies", cordon.verifies(), "")
    # at the question of the second step: something stands
    t = cordon.terminal("run", "isolate-sg", "instance=web-3")
    t.answer(ASK, "y")
    t.expect(ASK)
    t.send("\x03")
    done = t.wait(20)
    checks.equal("Ctrl-C at the second question", done.code, 130, done)
    checks.check("Ctrl-C at the second question: how to take it back",
                 done.err.count(" call ec2 delete_security_group") == 2, done)


def test_mixed_json_and_prompts():
    ids = fresh()
    t = cordon.terminal("run", "isolate-sg", "instance=web-3", "settle=0", "--json", json_out=True)
    t.answer(ASK, "a")
    done = t.wait()
    checks.equal("--json on a terminal", done.code, 0, done)
    events(done, "--json on a terminal")
    checks.check("--json on a terminal: isolated", isolated(ids))


def events(done, what):
    try:
        found = done.events()
    except ValueError as e:
        checks.check(what + ": every line is JSON", False, "%s %r" % (e, done))
        return []
    checks.check(what + ": every line has format_version and event",
                 all(e.get("format_version") == 1 and e.get("event") for e in found))
    kinds = [e["event"] for e in found]
    checks.check(what + ": plan first, run.end last",
                 kinds[:1] == ["plan"] and kinds[-1:] == ["run.end"], kinds)
    if found:
        checks.equal(what + ": the end tells the exit", found[-1].get("exit"), done.code)
        checks.equal(what + ": the head is the journal's", found[-1].get("head"),
                     cordon.journal()[-1]["hash"])
    return found


# A playbook with an optional step, one that raises, one that leaves its plan.
OPTIONAL = """
return playbook { api = 1, name = "optional", summary = "An optional step",
  run = function(args, step)
    step("First", { optional = true }, function()
      ec2.create_tags { Resources = { "%(web4)s" }, Tags = { { Key = "a", Value = "1" } } }
    end)
    step("Second", function()
      ec2.create_tags { Resources = { "%(web4)s" }, Tags = { { Key = "b", Value = "2" } } }
    end)
  end }
"""

# The first read differs between rehearsal and execution: moto counts the groups.
LEAVES = """
return playbook { api = 1, name = "leaves", summary = "Leaves its plan",
  run = function(args, step)
    step("Group", function()
      ec2.create_security_group { GroupName = "left", Description = "x", VpcId = "%(vpc)s" }
    end)
    local n = #ec2.describe_tags { Filters = { { Name = "key", Values = { "probe" } } } }.Tags
    step("Tag", function()
      ec2.create_tags { Resources = { "%(web4)s" }, Tags = { { Key = "n", Value = tostring(n) } } }
    end)
  end }
"""


def playbook(text, ids):
    path = os.path.join(cordon.home, "book.lua")
    with open(path, "w") as f:
        f.write(text % ids)
    return path


def tag(ids, key):
    found = moto.client().describe_tags(Filters=[
        {"Name": "resource-id", "Values": [ids["web4"]]}, {"Name": "key", "Values": [key]}])["Tags"]
    return found[0]["Value"] if found else None


def test_optional():
    ids = fresh()
    path = playbook(OPTIONAL, ids)
    t = cordon.terminal("run", path)
    checks.check("k is offered where optional", t.answer("s[k]ip  [s]how calls  [e]xplain: ", "k"), t.seen[-500:])
    checks.check("k is not offered elsewhere",
                 t.expect("[y]es  [a]ll steps  [n]o, stop  [s]how"), t.seen[-500:])
    t.send("y\n")
    done = t.wait()
    checks.equal("k", done.code, 0, done)
    checks.equal("k: the step was left out", (tag(ids, "a"), tag(ids, "b")), (None, "2"))
    t = cordon.terminal("run", path)
    t.answer("s[k]ip  [s]how calls  [e]xplain: ", "y")
    t.answer(ASK, "y")
    checks.equal("y where optional", (t.wait().code, tag(ids, "a")), (0, "1"))


def test_raises():
    ids = fresh()
    path = playbook(LEAVES.replace('step("Tag"', 'if n > 0 then error("the middle of it") end\n step("Tag"'), ids)
    done = with_probe(path, "--yes")
    checks.equal("raises in the middle", done.code, 3, done)
    checks.check("raises in the middle: says where", "book.lua:" in done.err and
                 "the middle of it" in done.err, done)
    checks.check("raises in the middle: inverse line", "call ec2 delete_security_group" in done.err, done)
    checks.equal("raises in the middle: verifies", cordon.verifies(), "")


def with_probe(path, *flags, terminal=None):
    """Runs it; as soon as the group is made, a tag appears that the rehearsal did not see."""
    from proxy import Rule
    ids = moto.ids
    proxy.reset(Rule("CreateSecurityGroup", after=lambda r: moto.client().create_tags(
        Resources=[ids["web4"]], Tags=[{"Key": "probe", "Value": "1"}])))
    if not terminal:
        return cordon.run("run", path, *flags)
    t = cordon.terminal("run", path, *flags)
    terminal(t)
    return t.wait()


def clear_probe():
    ec2 = moto.client()
    ec2.delete_tags(Resources=[moto.ids["web4"]], Tags=[{"Key": "probe"}])
    for group in ec2.describe_security_groups(Filters=[
            {"Name": "group-name", "Values": ["left"]}])["SecurityGroups"]:
        ec2.delete_security_group(GroupId=group["GroupId"])


def test_leaves_the_plan():
    ids = fresh()
    path = playbook(LEAVES, ids)
    done = with_probe(path, "--yes")
    checks.equal("an unplanned call without a terminal, after a change", done.code, 3, done)
    checks.check("it says why", "not a call that was rehearsed" in done.err, done)
    checks.equal("the unplanned call was not sent", tag(ids, "n"), None)
    clear_probe()

    def no(t):
        t.answer(ASK, "a")
        checks.check("an unplanned call asks, also after a", t.answer("[y]es, this call  [n]o, stop: ", "n"),
                     t.seen[-800:])
    done = with_probe(path, terminal=no)
    checks.equal("an unplanned call, n", (done.code, tag(ids, "n")), (3, None), done)
    clear_probe()

    def yes(t):
        t.answer(ASK, "y")
        t.answer(ASK, "y")
        t.answer("[y]es, this call  [n]o, stop: ", "y")
    done = with_probe(path, terminal=yes)
    checks.equal("an unplanned call, y", (done.code, tag(ids, "n")), (0, "1"), done)
    checks.equal("an unplanned call: verifies", cordon.verifies(), "")
    clear_probe()
    # Nothing was changed before: 6.
    early = LEAVES.replace("ec2.create_security_group {", "log(\"\") local _ = {")
    from proxy import Rule
    path = playbook(early, ids)
    proxy.reset(Rule("DescribeTags", nth=2, call=lambda r: moto.client().create_tags(
        Resources=[ids["web4"]], Tags=[{"Key": "probe", "Value": "1"}])))
    done = cordon.run("run", path, "--yes", env={"CORDON_TEST": "1"})
    checks.check("an unplanned call as the first: 6, or 0 when the read was remembered",
                 done.code in (6, 0), done)


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
    take_back("\n".join(commands))
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
    from proxy import Rule
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

    def meddle(request):
        # Somebody puts the old group back just before it is verified.
        if not state["broken"]:
            state["broken"] = True
            moto.client().modify_network_interface_attribute(
                NetworkInterfaceId=ids["eni0"], Groups=[ids["sg_web"]])
    proxy.reset(Rule("CreateTags", after=meddle))
    done = cordon.run("run", "isolate-sg", "instance=web-3", "--yes", "settle=0")
    checks.equal("not verified: 7", done.code, 7, done)
    checks.check("not verified: said", "NOT VERIFIED" in done.err, done)


def main():
    """With names of tests as further arguments, only those."""
    only = sys.argv[2:]
    for name in only:
        globals()[name]()
    if only:
        checks.finish()
    test_yes_at_each_step()
    test_all()
    for step, code in ((0, 5), (1, 3), (2, 3), (3, 3)):
        test_no(step, code)
    test_show_and_explain()
    test_typed_too_early()
    test_interrupts()
    test_mixed_json_and_prompts()
    test_optional()
    test_raises()
    test_leaves_the_plan()
    test_yes_flag()
    test_no_input()
    test_asg()
    test_prepared()
    test_forensics()
    test_arguments()
    test_surroundings()
    test_denied()
    checks.finish()


if __name__ == "__main__":
    main()
