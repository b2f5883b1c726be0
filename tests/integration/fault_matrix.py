#!/usr/bin/env python3
"""Every kind of fault at every call of isolate-sg: the run ends well, or stops and says what
happened, what state is left and what to type next, with the right exit code.

Usage: fault_matrix.py [CORDON] [--full] [--list] [--show] [TEXT ...]    (TEXT: only cases with it)

The server is the simulator (`cordon sim serve`), a fresh one for each case, behind the peer of
lib/fault_peer.py. What is checked holds for every case; nothing is expected of one alone, but
that a fault which passes must be survived.
"""
import hashlib
import json
import os
import re
import shlex
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from harness import TOP, Checks, Cordon, binary, is_sanitized, until

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from fault_peer import FAULTS, LATE, UNKNOWN_PERMISSIONS, FaultPeer, Injection, is_read  # noqa: E402

VICTIM, DEADLINE = "web-7", 60
PATH = binary()
SLOW = 4 if is_sanitized(PATH) else 1
TIMEOUT = SLOW      # seconds of one request
OUTAGE = 4 * SLOW   # seconds for which a closing call fails
WORKERS = 2

checks = Checks()


# --- the server behind --------------------------------------------------------------------

class Simulator:
    """A world of its own; `prepared` gives it the two groups of mode=prepared."""

    def __init__(self, prepared):
        self.process = None
        self.cordon = Cordon(PATH, None)
        self.process = self.cordon.start("sim", "serve", stderr=subprocess.DEVNULL)
        self.url = self.process.stdout.readline().decode().strip()
        self.cordon.env["AWS_ENDPOINT_URL"] = self.url
        if prepared:
            self.prepare()
        self.before = self.state()

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.process.stdout.close()

    def call(self, operation, **params):
        done = self.cordon.run("call", "ec2", operation, json.dumps(params), "--yes", "--json")
        if done.code != 0:
            raise SystemExit("the simulator refuses %s: %r" % (operation, done))
        return json.loads(done.out or "{}")

    def prepare(self):
        vpc = self.call("describe_vpcs")["Vpcs"][0]["VpcId"]
        everyone = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
        also_v6 = dict(everyone, Ipv6Ranges=[{"CidrIpv6": "::/0"}])
        for name, operation in (("step1", "authorize_security_group_ingress"),
                                ("step2", "revoke_security_group_egress")):
            group = self.call("create_security_group", GroupName=name, Description=name,
                              VpcId=vpc)["GroupId"]
            self.call(operation, GroupId=group, IpPermissions=[also_v6])

    def state(self):
        """Groups by id, and the victim's interfaces with the groups on them."""
        groups = {g["GroupId"]: g for g in
                  self.call("describe_security_groups")["SecurityGroups"]}
        shown = self.call("describe_network_interfaces")["NetworkInterfaces"]
        instances = self.call("describe_instances", Filters=[
            {"Name": "tag:Name", "Values": [VICTIM]}])["Reservations"]
        victim = instances[0]["Instances"][0]["InstanceId"]
        carried = {i["NetworkInterfaceId"]: sorted(g["GroupId"] for g in i["Groups"])
                   for i in shown if i.get("Attachment", {}).get("InstanceId") == victim}
        return State(groups, carried)


class State:
    def __init__(self, groups, carried):
        self.groups, self.carried = groups, carried

    def picture(self):
        rules = {i: json.dumps([g["IpPermissions"], g["IpPermissionsEgress"]], sort_keys=True)
                 for i, g in self.groups.items()}
        return rules, self.carried

    def open_interfaces(self):
        """Interfaces with a group that lets everything in."""
        def is_open(group):
            return any(p["IpProtocol"] == "-1" and (p.get("IpRanges") or p.get("Ipv6Ranges"))
                       for p in self.groups[group]["IpPermissions"])
        return [i for i, ids in self.carried.items() if any(is_open(g) for g in ids)]

    def isolated(self):
        def is_blank(group):
            return not self.groups[group]["IpPermissions"] and \
                not self.groups[group]["IpPermissionsEgress"]
        return len(self.carried) == 2 and all(len(ids) == 1 and is_blank(ids[0])
                                              for ids in self.carried.values())

    def leftovers(self):
        return [g["GroupName"] for g in self.groups.values() if g["GroupName"].startswith("cordon-")]


# --- cases --------------------------------------------------------------------------------

ARGUMENTS = {"new": (), "prepared": ("mode=prepared", "step1=step1", "step2=step2",
                                     "convert=always")}


class Case:
    def __init__(self, mode, site, fault, stuck):
        self.mode, self.site, self.fault, self.stuck = mode, site, fault, stuck

    def __str__(self):
        action, dry, nth, part = self.site
        return "%s, %s: %s at %s%s %d%s" % (
            self.mode, part, self.fault.name, action, " (dry run)" if dry else "", nth,
            ", for good" if self.stuck else "")

    def first(self, request):
        return (request.action, request.dry, request.nth) == self.site[:3]

    def is_closing(self):
        return self.site[3] == "closing"


def start(cordon, mode):
    return cordon.run("run", "isolate-sg", "instance=" + VICTIM, "settle=0", "--yes",
                      "--timeout", str(TIMEOUT), *(["--verbose"] if "--verbose" in sys.argv else []), *ARGUMENTS[mode], timeout=DEADLINE + 30)


def peer_and_cordon(simulator):
    peer = FaultPeer(simulator.url, quiet_s=OUTAGE + 5)
    return peer, Cordon(PATH, peer.url, AWS_MAX_ATTEMPTS="2")


def sites_of(mode):
    """Every call of a run without a fault: (action, dry run, its number of that kind, part)."""
    simulator = Simulator(mode == "prepared")
    peer, cordon = peer_and_cordon(simulator)
    try:
        done = start(cordon, mode)
        after = simulator.state()
        checks.check(mode + ": without a fault", done.code == 0 and after.isolated(), done)
        return [(r.action, r.dry, r.nth, part_of(r, peer.recording())) for r in peer.recording()]
    finally:
        peer.stop()
        simulator.stop()


def part_of(request, log):
    """"plan", "closing", "mutation" or "read" (after the first mutation)."""
    def mutates(r):
        return not r.dry and not is_read(r)
    swaps = [r for r in log if r.action == "ModifyNetworkInterfaceAttribute" and mutates(r)]
    if not mutates(request):
        return "plan" if not any(mutates(r) for r in log[:log.index(request)]) else "read"
    closing = swaps and request.number > swaps[1].number and (
        request.action.startswith(("Modify", "Revoke")))
    return "closing" if closing else "mutation"


# Before anything was changed one call fails like another: a fifth of the faults at each, so
# that every fault and every call has its turn. What is changed after the yes gets all of them.
def wanted(mode, index, site, fault, stuck):
    action, dry, nth, part = site
    turn = index + (FAULTS.index(fault) if fault in FAULTS else 0) + stuck
    if part == "plan" and turn % 5 or mode == "prepared" and part != "closing" and turn % 3:
        return False
    if fault.name == "oversized" and (part == "plan" or stuck):
        return False
    if fault.name == "header flood" and stuck:
        return False
    if fault is UNKNOWN_PERMISSIONS:
        return action.startswith("Revoke") and not dry
    if fault is LATE:
        return not dry and not stuck and part in ("mutation", "closing")
    if fault.kind == "good":
        return not stuck
    return True


def all_cases():
    cases = []
    for mode in ARGUMENTS:
        for index, site in enumerate(sites_of(mode)):
            for fault in FAULTS + [UNKNOWN_PERMISSIONS, LATE]:
                cases += [Case(mode, site, fault, stuck) for stuck in (False, True)
                          if wanted(mode, index, site, fault, stuck)]
    return cases


# --- the judge ------------------------------------------------------------------------------

class Verdict:
    def __init__(self, case):
        self.case, self.wrong = case, []

    def check(self, what, good):
        if not good:
            self.wrong.append(what)

    def result(self, done):
        self.done = done
        return self


def commands(text):
    """How to take it back."""
    return [shlex.split(line) for line in re.findall(r"To take it back:  (cordon undo .*)", text)]


def judge_words(v, done, changed):
    """What happened, what state is left, what to type next."""
    text = done.err
    v.check("control characters on the terminal", not re.search("[^\n\t\x20-\x7e\u00a0-\uffff]|\u202e",
                                                                text))
    if done.code == 0:
        v.check("does not say DONE", "\nDONE\n" in text)
        v.check("not verified", text.count("  verified  ") >= 3 and "NOT VERIFIED" not in text)
        return
    v.check("does not say how it ended", re.search("^(STOPPED|DONE, BUT )", text, re.M))
    if not changed:
        v.check("does not say that nothing was changed", "Nothing was changed" in text)
        v.check("tells how to take back nothing", not commands(text))
        return
    v.check("says that nothing was changed", "\nNothing was changed.\n" not in text)


def judge_code(v, done, changed, after):
    case = v.case
    codes = {0, 3, 7, 9} if changed else {0, 1, 4}
    # Groups that could not be read before cannot be given back: --yes does not cover that.
    reads = case.site[0].startswith("Describe") and case.stuck
    if reads and not changed and "irreversible" in done.err:
        codes = {5}
    v.check("exit %s" % done.code, done.code in codes)
    if case.fault.kind == "good" or case.fault.kind == "transient" and not case.stuck:
        v.check("a fault that passed was not survived", done.code == 0)
    if done.code == 0:
        v.check("exit 0, and it is not isolated", after.isolated())
        v.check("exit 0, and groups are left", len(after.leftovers()) <= 1)
    if after.open_interfaces():
        v.check("an interface is OPEN and the exit is %s" % done.code, done.code == 9)
    if case.fault.name == "denied" and not changed and case.site[3] != "plan":
        v.check("a denial is 4", done.code == 4)


def judge_journal(v, cordon, done, seen):
    wrong = cordon.verifies()
    v.check("the journal does not verify: " + wrong, not wrong)
    if cordon.last_run() is None:
        v.check("no journal, exit %s: %s" % (done.code, done.err[-300:]), False)
        return
    lines = cordon.journal()
    intents = [("".join(w.capitalize() for w in line["operation"].split("_")),
                sorted(values_of(line["params"]))) for line in lines
               if line["kind"] == "call.intent"]
    for request in seen:
        this = (request.action, sorted(request.params.values()))
        v.check("no intent for %r" % request, this in intents)
    ends = [line["exit"] for line in lines if line["kind"] == "run.end"]
    v.check("run.end says %s" % ends, ends == [done.code])


def values_of(value):
    if isinstance(value, dict):
        return [t for x in value.values() for t in values_of(x)]
    if isinstance(value, list):
        return [t for x in value for t in values_of(x)]
    return ["true" if value is True else "false" if value is False else str(value)]


def judge_twice(v, peer):
    """Nothing that cannot be done twice was."""
    done = [(r.action, r.body) for r in peer.committed
            if not r.action.startswith(("Modify", "CreateTags", "DeleteTags"))]
    v.check("done twice: %s" % [d[0] for d in done if done.count(d) > 1],
            len(done) == len(set(done)))


def judge_way_back(v, cordon, simulator, done):
    """What is printed, typed as it stands, leads back: but for tags, which are evidence."""
    if done.code == 9:
        return
    for words in commands(done.err):
        back = cordon.run(*words[1:], "--yes")
        v.check("taking it back: %s: %r" % (words, back), back.code == 0)
    again = simulator.state()
    v.check("what was typed does not lead back: %s" % (again.leftovers(),),
            again.picture() == simulator.before.picture()
            or "not known whether it took effect" in done.err)


def judge_close(v, cordon, simulator, done):
    """Exit 9: the line that is to be typed closes it."""
    found = re.search(r"Close it now:  (cordon .*)\n", done.err)
    v.check("does not say how to close the window", found)
    v.check("does not shout", "A WINDOW MAY STILL BE OPEN" in done.err)
    if found:
        closed = cordon.run(*shlex.split(found.group(1))[1:], "--yes")
        v.check("close: %r" % closed, closed.code == 0)
        v.check("closed, and open still", not simulator.state().open_interfaces())


def play(case):
    simulator = Simulator(case.mode == "prepared")
    peer, cordon = peer_and_cordon(simulator)
    v = Verdict(case)
    try:
        # A closing call is repeated for a quarter of an hour: the fault ends before.
        lasts = OUTAGE if case.is_closing() and case.fault.kind != "final" else None
        peer.injection = Injection(case.fault, case.first, case.stuck, lasts)
        done = start(cordon, case.mode)
        peer.injection.first = lambda r: False
        peer.injection.stuck = False
        v.check("the fault was not injected", peer.injection.count > 0)
        until(lambda: not peer.late)
        seen = [r for r in peer.recording() if not r.dry and not is_read(r)]
        after = simulator.state()
        changed = bool(peer.committed)
        v.check("it took %.0f s" % done.seconds, done.seconds < DEADLINE)
        # A peer that answers "no such instance" makes the argument wrong: said, and nothing else.
        if done.code == 2 and not seen and cordon.last_run() is None:
            v.check("does not name the instance", "instance: web-7" in done.err)
            return v.result(done)
        judge_code(v, done, changed, after)
        judge_words(v, done, changed or done.code == 3)
        judge_journal(v, cordon, done, seen)
        judge_twice(v, peer)
        if done.code == 9:
            judge_close(v, cordon, simulator, done)
        elif changed:
            judge_way_back(v, cordon, simulator, done)
        return v.result(done)
    finally:
        peer.stop()
        simulator.stop()


def words_of(done):
    """What is said of the fault and of the end."""
    lines = done.err.splitlines()
    said = [x for x in lines if re.match("  closing the|  [A-Z]\\w+ [a-z]+-\\w+: |cordon: |  the window", x)]
    end = max([i for i, x in enumerate(lines) if x.startswith(("STOPPED", "DONE"))] or [0])
    keep = [x for x in lines[end:] if not x.startswith(("  - ", "journal "))]
    return done.err if "--all" in sys.argv else "\n".join(said + ["--"] + (keep))


# --- which ---------------------------------------------------------------------------------

def few_of(cases):
    """The same ones every time, such that each fault and each kind of call has its turn."""
    def keys(case):
        action, dry, _, part = case.site
        return {(case.fault.name,), (case.mode, part, action, dry), (case.stuck, part)}

    def is_long(case):
        return case.is_closing() and case.stuck and case.fault.kind != "final"

    covered, few = set(), []
    for case in sorted(cases, key=lambda c: hashlib.sha256(str(c).encode()).digest()):
        if not is_long(case) and not keys(case) <= covered:
            few.append(case)
            covered |= keys(case)
    return few


def main():
    words = [w for w in sys.argv[1:] if not w.startswith("--") and os.path.abspath(w) != PATH]
    cases = all_cases()
    whole = len(cases)
    if words:
        cases = [c for c in cases if all(w in str(c) for w in words)]
    elif "--full" not in sys.argv:
        cases = few_of(cases)
    if "--list" in sys.argv:
        print("\n".join(map(str, cases)))
    lock, endings = threading.Lock(), {}

    def one(case):
        v = play(case)
        with lock:
            checks.check(str(case), not v.wrong, "%s\n%s" % (v.done.err[-1200:], "; ".join(v.wrong)))
            endings[v.done.code] = endings.get(v.done.code, 0) + 1
            if "--show" in sys.argv:
                print("== %s: exit %s, %.1f s\n%s" % (case, v.done.code, v.done.seconds,
                                                     words_of(v.done)), flush=True)

    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(one, [] if "--list" in sys.argv else cases))
    print("%d of %d cases in %.0f s; exits: %s" % (
        len(cases), whole, time.time() - checks.started,
        ", ".join("%s x %d" % e for e in sorted(endings.items()))))
    checks.finish()


if __name__ == "__main__":
    main()
