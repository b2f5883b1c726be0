#!/usr/bin/env python3
"""Nothing is lost: every kind of fault at every change of every shipped playbook, and from there
both ways: `undo` gives the state before, `resume` the end of an undisturbed run.

Usage: undo_matrix.py [CORDON] [--full] [--list] [TEXT ...]    (TEXT: only cases with it)
Without --full: the same sample every time, in which each call and each kind of fault has its turn,
both ways.

Each case has a simulated world of its own (`cordon sim serve`) behind the peer of
lib/fault_peer.py. Pictures of the whole world are compared, evidence aside.
"""
import hashlib
import os
import resource
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from harness import TOP, Checks, Cordon, binary, is_sanitized, kill

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from fault_peer import FAULTS, FaultPeer, Injection, is_read  # noqa: E402
from served import Served, difference, named  # noqa: E402

PATH = binary()
SLOW = 4 if is_sanitized(PATH) else 1
TIMEOUT = SLOW  # seconds of one request
WORKERS = 2

checks = Checks()


def prepared_groups(served):
    vpc = served.call("describe_vpcs")["Vpcs"][0]["VpcId"]
    everyone = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}],
                "Ipv6Ranges": [{"CidrIpv6": "::/0"}]}
    for name, operation in (("step1", "authorize_security_group_ingress"),
                            ("step2", "revoke_security_group_egress")):
        group = served.call("create_security_group", GroupName=name, Description=name,
                            VpcId=vpc)["GroupId"]
        served.call(operation, GroupId=group, IpPermissions=[everyone])


class Use:
    """One use of a playbook."""

    def __init__(self, name, words, prepare=None):
        self.name, self.words, self.prepare = name, words, prepare
        self.before = self.after = None  # pictures around an undisturbed run
        self.sites = []                  # its changes: (action, its number of that kind, step)


USES = [
    Use("isolate-sg", ("isolate-sg", "instance=web-7", "settle=0")),
    Use("isolate-sg prepared", ("isolate-sg", "instance=web-7", "settle=0", "mode=prepared",
                                "step1=step1", "step2=step2", "convert=always"), prepared_groups),
]


# --- faults -------------------------------------------------------------------------------

def by_name(name):
    return next(f for f in FAULTS if f.name == name)


class Kind:
    """`peer`: what the peer does to the call; `stuck`: to every repetition too. `strikes`: what
    happens to the host when the call arrives, or when it was carried out."""

    def __init__(self, name, peer=None, stuck=False, strikes=None, after=False, declines=False):
        self.name, self.peer, self.stuck = name, peer, stuck
        self.strikes, self.after, self.declines = strikes, after, declines


def fill_disk(process):
    """From now on no file of the host grows: as on a full disk."""
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (1, 1))


KINDS = [
    Kind("error", by_name("400"), stuck=True),
    Kind("throttled", by_name("throttled")),
    Kind("throttled for good", by_name("throttled"), stuck=True),
    Kind("time-out before", by_name("time-out before")),
    Kind("time-out after commit", by_name("time-out after")),
    Kind("kill -9 before", strikes=kill),
    Kind("kill -9 after commit", strikes=kill, after=True),
    Kind("operator no", declines=True),
    Kind("disk full", strikes=fill_disk),
]
WAYS = ("undo", "resume")


class Striker(FaultPeer):
    """A peer that also strikes the host: `victim(process)` when `site` comes."""

    def __init__(self, upstream):
        super().__init__(upstream, quiet_s=5)
        self.site = self.process = self.kind = None
        self.struck = False

    def is_site(self, request):
        return self.site and not request.dry and (request.action, request.nth) == self.site[:2]

    def forward(self, handler, request):
        strikes = self.kind and self.kind.strikes and not self.struck and self.is_site(request)
        if strikes and not self.kind.after:
            self.strike()
            if self.kind.strikes is kill:
                raise ConnectionAbortedError("its sender died: it never arrived")
        answer = super().forward(handler, request)
        if strikes and self.kind.after:
            self.strike()
        return answer

    def strike(self):
        self.struck = True
        self.kind.strikes(self.process)


# --- one case -----------------------------------------------------------------------------

class Case:
    def __init__(self, use, site, kind, way):
        self.use, self.site, self.kind, self.way = use, site, kind, way

    def __str__(self):
        return "%s: %s at %s %d, then %s" % (self.use.name, self.kind.name, self.site[0],
                                             self.site[1], self.way)


def changes_of(peer):
    return [r for r in peer.recording() if not r.dry and not is_read(r)]


def run_with(cordon, peer, case):
    words = ("run",) + case.use.words + ("--timeout", str(TIMEOUT))
    if case.kind.declines:
        return decline(cordon, words, case.site[2])
    peer.kind, peer.site = case.kind, case.site
    if case.kind.peer:
        peer.injection = Injection(case.kind.peer, peer.is_site, case.kind.stuck,
                                   4 * SLOW if case.kind.stuck else None)
    began = time.time()
    peer.process = cordon.start(*words, "--yes")
    done = cordon.finish(peer.process, began, 90)
    peer.injection = peer.kind = None
    return done


def decline(cordon, words, step):
    """Yes to every step before the one of the call, no to that."""
    terminal = cordon.terminal(*words)
    for answer in ["y"] * (step - 1) + ["n"]:
        if not terminal.answer("[e]xplain: ", answer):
            break
    return terminal.wait()


def judge_undo(wrong, cordon, served, case, peer):
    back = cordon.run("undo", "last", "--yes")
    now = served.picture()
    if now != case.use.before:
        wrong.append("the state before is not back: %s" % difference(case.use.before, now))
    if back.code != 0:
        wrong.append("undo: %r" % back)
    again_from = len(changes_of(peer))
    again = cordon.run("undo", "last", "--yes")
    if again.code != 0 or changes_of(peer)[again_from:]:
        wrong.append("undo once more: %r" % again)


# What sets something may be said again; but for a window that was interrupted, and is done again as
# a whole, no rule is given or taken twice, and nothing is made or deleted twice.
def twice(peer, redone):
    free = ("Modify", "CreateTags", "DeleteTags") + (("Authorize", "Revoke") if redone else ())
    done = [(r.action, r.body) for r in peer.committed if not r.action.startswith(free)]
    return [d for d in done if done.count(d) > 1]


def judge_resume(wrong, cordon, served, case, peer, first, done):
    on = cordon.run("resume", "last", "--yes")
    now = served.picture()
    same = named(now, case.use.before) == named(case.use.after, case.use.before)
    nothing = not first and now == case.use.before and "there is nothing to resume. Run its playbook again" in on.err
    if "\nDONE, BUT " in done.err:  # only what may fail did: there is nothing to resume
        if on.code != 0 or "there is nothing to resume" not in on.err or peer.committed != first:
            wrong.append("resume of what is done: %r" % on)
        return
    if not same and not nothing:
        wrong.append("not the end of an undisturbed run: %s" % difference(
            named(case.use.after, case.use.before), named(now, case.use.before)))
    if on.code != 0 and not nothing:
        wrong.append("resume: %r" % on)
    again = twice(peer, "opened and closed once more" in on.err)
    if again:
        wrong.append("done twice: %s" % again)


def play(case):
    served = Served(PATH, case.use.prepare, picture=False)
    peer = Striker(served.url)
    cordon = Cordon(PATH, peer.url, AWS_MAX_ATTEMPTS="2")
    wrong = []
    try:
        done = run_with(cordon, peer, case)
        first = list(peer.committed)
        if not case.kind.declines and not (peer.struck or case.kind.peer):
            wrong.append("nothing struck")
        if case.way == "undo":
            judge_undo(wrong, cordon, served, case, peer)
        else:
            judge_resume(wrong, cordon, served, case, peer, first, done)
        for run in cordon.runs():
            said = cordon.verifies(run)
            if said:
                wrong.append("%s: %s" % (run, said))
        return wrong, done
    finally:
        peer.stop()
        served.stop()


# --- all cases ----------------------------------------------------------------------------

def action(method):
    return "".join(w.capitalize() for w in method.split("_"))


def undisturbed(use):
    served = Served(PATH, use.prepare)
    peer = Striker(served.url)
    cordon = Cordon(PATH, peer.url)
    try:
        use.before = served.before
        done = cordon.run("run", *use.words, "--yes")
        use.after = served.picture()
        checks.check(use.name + ": undisturbed", done.code == 0 and use.after != use.before, done)
        steps = [(action(line["operation"]), line["step"]) for line in cordon.journal()
                 if line["kind"] == "call.intent"]
        seen = {}
        for request in changes_of(peer):
            nth = seen[request.action] = seen.get(request.action, 0) + 1
            of_kind = [step for name, step in steps if name == request.action]
            use.sites.append((request.action, nth, of_kind[nth - 1]))
    finally:
        peer.stop()
        served.stop()


def all_cases():
    cases = []
    for use in USES:
        undisturbed(use)
        asked = set()
        for site in use.sites:
            for kind in KINDS:
                # One "no" a step is all there can be.
                if kind.declines and site[2] in asked:
                    continue
                if kind.declines:
                    asked.add(site[2])
                cases += [Case(use, site, kind, way) for way in WAYS]
    return cases


def few_of(cases):
    covered, few = set(), []
    for case in sorted(cases, key=lambda c: hashlib.sha256(str(c).encode()).digest()):
        keys = {(case.use.name, case.way, case.kind.name), (case.use.name, case.way) + case.site}
        if not keys <= covered:
            few.append(case)
            covered |= keys
    return few


def main():
    words = [w for w in sys.argv[1:] if not w.startswith("--") and os.path.abspath(w) != PATH]
    whole = all_cases()
    cases = [c for c in whole if all(w in str(c) for w in words)]
    if not words and "--full" not in sys.argv:
        cases = few_of(whole)
    if "--list" in sys.argv:
        print("\n".join(map(str, cases)))
        return
    lock, lost = threading.Lock(), []

    def one(case):
        wrong, done = play(case)
        with lock:
            checks.check(str(case), not wrong, "%s\n%s" % (done.err[-600:], "; ".join(wrong)))
            lost.extend([case] if wrong else [])

    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(one, cases))
    print("%d of %d cases, %d losses, %.0f s" % (len(cases), len(whole), len(lost),
                                              time.time() - checks.started))
    checks.finish()


if __name__ == "__main__":
    main()
