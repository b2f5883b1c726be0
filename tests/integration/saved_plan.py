#!/usr/bin/env python3
"""`cordon plan --out FILE` and `cordon apply FILE`: what was reviewed is what is executed, once, where
it was planned, while nothing has moved; a file that somebody has changed harms nobody.

Usage: saved_plan.py [CORDON] [--quick] [TEST ...]
"""
import copy
import json
import os
import shutil
import stat
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "lib")]
import harness  # noqa: E402

try:
    import boto3  # noqa: F401
except ImportError as missing:
    print("SKIPPED: no client: %s" % missing)
    print("0 passed, 0 failed, 1 skipped")
    sys.exit(0)
from stage import Stage  # noqa: E402

PATH = harness.binary()
QUICK = "--quick" in sys.argv
ARGS = ("isolate-sg", "instance=web-7", "settle=0.05")
VICTIM = "i-0021dff32fc526d64"
checks = harness.Checks()


class Planned(Stage):
    """With a plan in a file."""

    def __init__(self, *words):
        super().__init__(PATH)
        self.file = os.path.join(harness.scratch(), "plan.json")
        self.done = self.cordon.run("plan", *(words or ARGS), "--out", self.file)
        checks.equal("plan --out", self.done.code, 0, self.done)

    def apply(self, *flags):
        return self.cordon.run("apply", self.file, *flags)

    def value(self):
        with open(self.file) as f:
            return json.load(f)

    def rewrite(self, value):
        with open(self.file, "w") as f:
            json.dump(value, f)

    def refused(self, what, done, code, says):
        checks.equal(what + ": exit", done.code, code, done)
        checks.check(what + ": it says why", says in done.err + done.out, done)
        checks.equal(what + ": nothing is sent", self.mutations(), [])


def without_marks(params):
    return {k: v for k, v in params.items() if k != "ClientToken"}


def test_what_was_planned_is_done_once():
    with Planned() as stage:
        value = stage.value()
        checks.equal("its mode", stat.S_IMODE(os.stat(stage.file).st_mode), 0o600)
        checks.check("it says how to apply it", "apply " + stage.file in stage.done.err, stage.done)
        checks.check("it holds no key", "wJalrXUtnFEMI" not in json.dumps(value))
        checks.equal("nothing was changed by planning", stage.mutations(), [])
        again = stage.cordon.run("plan", *ARGS, "--out", stage.file)
        checks.equal("never over another file", again.code, 2, again)
        nobody = stage.apply()
        stage.refused("nobody to ask", nobody, 5, "--yes")
        done = stage.apply("--yes")
        checks.equal("apply", done.code, 0, done)
        start = stage.cordon.journal()[0]
        checks.equal("run.start names the plan", start["plan"], value["id"])
        planned = [c for s in value["steps"] for c in s["calls"]]
        made = {x["key"]: x for x in stage.cordon.journal() if x["kind"] == "call.intent"
                and not x["key"].startswith("lease")}
        checks.equal("the calls of the plan", sorted(made), sorted(c["key"] for c in planned))
        names = {c["params"].get("GroupName") for c in planned} - {None}
        checks.equal("with its names", {x["params"].get("GroupName") for x in made.values()} - {None}, names)
        once_more = stage.apply("--yes")
        checks.equal("a plan is good for one use", once_more.code, 6, once_more)
        checks.check("it names the run", stage.cordon.last_run() in once_more.err, once_more)
        undone = stage.cordon.run("undo", "last", "--yes")
        checks.equal("an applied plan can be taken back", undone.code, 0, undone)


def test_a_declined_plan_is_not_used_up():
    with Planned() as stage:
        t = stage.cordon.terminal("apply", stage.file)
        t.answer("[e]xplain: ", "n")
        done = t.wait()
        checks.equal("no", done.code, 5, done)
        done = stage.apply("--yes")
        checks.equal("and then yes", done.code, 0, done)


def test_two_at_once():
    with Planned() as stage:
        both = [stage.cordon.start("apply", stage.file, "--yes") for _ in range(2)]
        codes = sorted(stage.cordon.finish(p, time.time()).code for p in both)
        checks.check("two at once: one is done, the other is not", codes[0] == 0 and codes[1] in (1, 5, 6), codes)
        cuts = [r for r in stage.mutations() if r.action == "CreateSecurityGroup" and r.status == 200]
        checks.equal("two at once: one pair of groups", len(cuts), 2)


def test_what_has_moved_is_said():
    def groups(ec2, stage):
        eni = ec2.describe_network_interfaces(Filters=[
            {"Name": "attachment.instance-id", "Values": [VICTIM]}])["NetworkInterfaces"][0]
        others = [g["GroupId"] for g in ec2.describe_security_groups(Filters=[
            {"Name": "vpc-id", "Values": [eni["VpcId"]]}])["SecurityGroups"]
            if g["GroupId"] not in [x["GroupId"] for x in eni["Groups"]]]
        ec2.modify_network_interface_attribute(NetworkInterfaceId=eni["NetworkInterfaceId"],
                                               Groups=[others[0]])
        return eni["NetworkInterfaceId"] + " groups: was "

    def name(ec2, stage):
        ec2.create_tags(Resources=[VICTIM], Tags=[{"Key": "Name", "Value": "other"}])
        return ""

    for what, move in (("an interface's groups", groups), ("the name", name)):
        with Planned() as stage:
            says = move(stage.sim.client(), stage)
            done = stage.apply("--yes")
            if says:
                stage.refused(what, done, 6, says)
                checks.check(what + ": stale", "stale" in done.err, done)
            else:
                checks.check(what + ": refused", done.code in (2, 6), done)
                checks.equal(what + ": nothing is sent", stage.mutations(), [])


def test_for_another_place():
    with Planned() as stage:
        stage.refused("another Region", stage.apply("--yes", "--region", "eu-central-1"), 6, "Region")
        stage.refused("a world", stage.cordon.run("--sim", "apply", stage.file, "--yes"), 6, "backend")
        stage.refused("another ticket", stage.apply("--yes", "--ticket", "IR-1"), 6, "ticket")
        value = stage.value()
        value["account"] = "999988887777"
        stage.rewrite(value)
        stage.refused("another account", stage.apply("--yes"), 4, "account")


def test_too_old():
    with Planned() as stage:
        value = stage.value()
        value["expires"] = "2020-01-01T00:00:00.000000Z"
        stage.rewrite(value)
        stage.refused("expired", stage.apply("--yes"), 6, "expired")


def test_another_playbook():
    folder = harness.scratch()
    playbook = os.path.join(folder, "mine.lua")
    with open(os.path.join(harness.TOP, "playbooks", "isolate-sg.lua")) as f:
        text = 'require "helper"\n' + f.read()
    for what, change in (("playbook", ("mine.lua", text + "-- more\n")),
                         ("module", ("helper.lua", "return { 2 }\n"))):
        with open(playbook, "w") as f:
            f.write(text)
        with open(os.path.join(folder, "helper.lua"), "w") as f:
            f.write("return {}\n")
        with Planned(playbook, *ARGS[1:]) as stage:
            with open(os.path.join(folder, change[0]), "w") as f:
                f.write(change[1])
            stage.refused("another " + what, stage.apply("--yes"), 6, "SHA-256")


def test_a_secret_is_not_kept():
    folder = harness.scratch()
    playbook = os.path.join(folder, "secret.lua")
    with open(playbook, "w") as f:
        f.write('''return playbook { api = 1, name = "secret", summary = "has a secret", run = function(_, step)
  step("Set", function()
    ec2.modify_instance_attribute { InstanceId = "%s", UserData = { Value = "c2VjcmV0" } }
  end) return {} end }''' % VICTIM)
    with Stage(PATH) as stage:
        out = os.path.join(folder, "plan.json")
        done = stage.cordon.run("plan", playbook, "--out", out)
        checks.check("a secret: refused", done.code == 1 and "secret" in done.err, done)
        checks.check("a secret: no file", not os.path.exists(out))


def places(value, path=()):
    yield path
    if isinstance(value, dict):
        for key in value:
            yield from places(value[key], path + (key,))
    elif isinstance(value, list):
        for i in range(min(len(value), 2)):
            yield from places(value[i], path + (i,))


def test_hostile_files():
    with Planned() as stage:
        good = stage.value()
        with open(stage.file, "rb") as f:
            text = f.read()
        for cut in range(0, len(text) - 2, len(text) // (4 if QUICK else 25)):
            with open(stage.file, "wb") as f:
                f.write(text[:cut])
            done = stage.apply("--no-input")
            checks.equal("cut off at %d" % cut, done.code, 2, done)
        all_places = [p for p in places(good) if p]
        odd = [None, 7, "x", [], {}, [[]], {"a": []}, -1.5, "\u0000", 10 ** 18]
        step = 23 if QUICK else 3
        for i, path in enumerate(all_places[::step]):
            value = copy.deepcopy(good)
            at = value
            for key in path[:-1]:
                at = at[key]
            at[path[-1]] = odd[i % len(odd)]
            stage.rewrite(value)
            done = stage.apply("--no-input")
            checks.check("hostile at %s" % (path,), done.code in (1, 2, 4, 5, 6), done)
        checks.equal("hostile files: nothing was sent", stage.mutations(), [])
        for what, content in (("empty", b""), ("a list", b"[]"), ("another file", b'{"kind":"x"}'),
                              ("deep", b"[" * 5000), ("a later format", b'{"kind":"cordon-plan","format_version":2}')):
            with open(stage.file, "wb") as f:
                f.write(content)
            done = stage.apply("--yes")
            checks.equal(what, done.code, 2, done)
        done = stage.cordon.run("apply", harness.scratch(), "--yes")
        checks.equal("a folder", done.code, 2, done)
        checks.equal("no file", stage.cordon.run("apply", "/nonexistent/plan").code, 2)
        checks.equal("no words", stage.cordon.run("apply").code, 2)


def test_a_full_state_folder():
    """A use that cannot be noted is no use."""
    with Planned() as stage:
        used = os.path.join(stage.cordon.env["XDG_STATE_HOME"], "cordon", "plans-used")
        os.makedirs(os.path.dirname(used), exist_ok=True)
        with open(used, "w") as f:
            f.write("in the way")
        done = stage.apply("--yes")
        checks.check("it cannot be noted: refused", done.code not in (0, 3), done)
        checks.equal("it cannot be noted: nothing is sent", stage.mutations(), [])
        os.unlink(used)
        shutil.rmtree(used, True)


def main():
    only = [w for w in sys.argv[2:] if not w.startswith("--")]
    for name, test in list(globals().items()):
        if name.startswith("test_") and (not only or name in only):
            test()
    checks.finish()


if __name__ == "__main__":
    main()
