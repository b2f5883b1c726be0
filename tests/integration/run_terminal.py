#!/usr/bin/env python3
"""`cordon run` on a terminal: every answer, signals, a playbook that leaves its plan.

Usage: run_terminal.py [CORDON] [TEST ...]
"""
import os

from isolation_harness import (ASK, checks, cordon, difference, events, fresh, isolated, moto, mutations,
                       proxy, run_tests, take_back, untouched)
from proxy import Rule

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
    checks.check("the way back was printed", len(lines) == 1, done)
    checks.check("it leads back to the world before", moto.picture() == before,
                 difference(before, moto.picture()))


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


def no_at(step, exit_code):
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


def test_no_at_each_step():
    for step, code in ((0, 5), (1, 3), (2, 3), (3, 3)):
        no_at(step, code)


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
                 "To take it back:  cordon undo" in done.err, done)


def test_mixed_json_and_prompts():
    ids = fresh()
    t = cordon.terminal("run", "isolate-sg", "instance=web-3", "settle=0", "--json", json_out=True)
    t.answer(ASK, "a")
    done = t.wait()
    checks.equal("--json on a terminal", done.code, 0, done)
    events(done, "--json on a terminal")
    checks.check("--json on a terminal: isolated", isolated(ids))


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
    checks.check("k is offered where optional", t.answer("s[k]ip [s]how calls [e]xplain: ", "k"), t.seen[-500:])
    checks.check("k is not offered elsewhere",
                 t.expect("[y]es [a]ll [n]o, stop [s]how"), t.seen[-500:])
    t.send("y\n")
    done = t.wait()
    checks.equal("k", done.code, 0, done)
    checks.equal("k: the step was left out", (tag(ids, "a"), tag(ids, "b")), (None, "2"))
    t = cordon.terminal("run", path)
    t.answer("s[k]ip [s]how calls [e]xplain: ", "y")
    t.answer(ASK, "y")
    checks.equal("y where optional", (t.wait().code, tag(ids, "a")), (0, "1"))


def test_raises():
    ids = fresh()
    path = playbook(LEAVES.replace('step("Tag"', 'if n > 0 then error("the middle of it") end\n step("Tag"'), ids)
    done = with_probe(path, "--yes")
    checks.equal("raises in the middle", done.code, 3, done)
    checks.check("raises in the middle: says where", "book.lua:" in done.err and
                 "the middle of it" in done.err, done)
    checks.check("raises in the middle: the way back", "To take it back:  cordon undo" in done.err, done)
    checks.equal("raises in the middle: verifies", cordon.verifies(), "")


def with_probe(path, *flags, terminal=None):
    """Runs it; as soon as the group is made, a tag appears that the rehearsal did not see."""
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
    path = playbook(early, ids)
    proxy.reset(Rule("DescribeTags", nth=2, call=lambda r: moto.client().create_tags(
        Resources=[ids["web4"]], Tags=[{"Key": "probe", "Value": "1"}])))
    done = cordon.run("run", path, "--yes", env={"CORDON_TEST": "1"})
    checks.check("an unplanned call as the first: 6, or 0 when the read was remembered",
                 done.code in (6, 0), done)


if __name__ == "__main__":
    run_tests(globals())
