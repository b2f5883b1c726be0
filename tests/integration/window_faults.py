#!/usr/bin/env python3
"""Faults right after the opening swap: the window closes all the same, and the exit code tells.

Usage: window_faults.py [CORDON] [NAME ...]    (names of tests: only those)
"""
import os
import re
import resource
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import time

from harness import Checks, Cordon, binary, kill, playbook_processes, scratch, until
from proxy import Proxy, Rule
from world import Moto

ASK = "[e]xplain: "
SWAP = "ModifyNetworkInterfaceAttribute"
REVOKE_IN, REVOKE_OUT = "RevokeSecurityGroupIngress", "RevokeSecurityGroupEgress"
RUN = ("run", "isolate-sg", "instance=web-3", "settle=0.4")

checks, moto = Checks(), Moto()
proxy = Proxy(moto.url)
cordon = Cordon(binary(), proxy.url)
OPENINGS = 2  # web-3 has two interfaces


def fresh(*rules):
    ids = moto.build()
    proxy.reset(*rules)
    return ids


def opened(then):
    """A rule: when the last opening swap was applied, before its answer."""
    return Rule(SWAP, nth=OPENINGS, after=then)


def closing_swaps():
    return [r for r in proxy.seen(SWAP, dry=False)][OPENINGS:]


class Closing:
    """Tells closing calls from others: all that comes after the opening swaps."""

    def __init__(self, action, only):
        self.action, self.only, self.first = action, only, None

    def __call__(self, request):
        if request.action == SWAP:
            # Opening and closing differ in the group; the first two distinct requests open.
            self.first = self.first or request.params["SecurityGroupId.1"]
            if request.params["SecurityGroupId.1"] == self.first:
                return False
        elif request.action == REVOKE_OUT and not proxy.seen(SWAP, dry=False):
            return False  # blanking the final group, in Prepare
        if self.only and self.only not in request.params.values():
            return False
        return request.action in ([self.action] if self.action else CLOSINGS)


def is_closing(action=None, only=None):
    return Closing(action, only)


CLOSINGS = (SWAP, REVOKE_IN, REVOKE_OUT)


def verdict(name, ids, done, code, *texts, lost=False):
    checks.equal(name + ": exit", done.code, code, done)
    checks.equal(name + ": no interface is open", moto.open_interfaces(ids["web3"]), {}, done)
    for text in texts:
        checks.check("%s: says %r" % (name, text), text in done.err, done)
    checks.equal(name + ": verifies", cordon.verifies(), "", done)
    if code != 9 and not lost:
        window = [line["kind"] for line in cordon.journal() if line["kind"].startswith("window.")]
        checks.equal(name + ": its end is journaled", window, ["window.open", "window.closed"])


# --- signals ---------------------------------------------------------------------------------

def test_signals():
    for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 143)):
        ids = fresh()
        process = cordon.start(*RUN, "--yes")
        proxy.reset(opened(lambda r: kill(process, number)))
        done = cordon.finish(process, time.time(), 60)
        verdict("signal %d" % number, ids, done, code, "To take it back")
        checks.equal("signal %d: on the final group" % number,
                     [len(g) for g in moto.groups_of(ids["web3"]).values()], [1, 1])


def test_terminal():
    for name, act, code in (("Ctrl-C", lambda t: t.send("\x03"), 130),
                            ("hang-up", lambda t: t.hang_up(), 143)):
        ids = fresh()
        box = {}
        proxy.reset(opened(lambda r: act(box["t"])))
        box["t"] = t = cordon.terminal(*RUN)
        t.answer(ASK, "a")
        done = t.wait(60)
        verdict(name + " on a terminal", ids, done, code)
        checks.equal(name + " on a terminal: one question", done.err.count(ASK), 1)


def test_second_interrupt():
    gate = threading.Event()
    ids = fresh()
    process = cordon.start(*RUN, "--yes")
    proxy.reset(opened(lambda r: kill(process, signal.SIGINT)),
                Rule(when=is_closing(), hold=gate))
    until(lambda: len(closing_swaps()) >= 2)
    for _ in range(3):
        kill(process, signal.SIGINT)
        time.sleep(0.1)
    checks.equal("Ctrl-C again does not leave the window", process.poll(), None)
    gate.set()
    done = cordon.finish(process, time.time(), 60)
    verdict("Ctrl-C again and again", ids, done, 130, "Ctrl-C does not stop this")


# --- the playbook dies -------------------------------------------------------------------------

def test_playbook_killed():
    for number, text in ((signal.SIGKILL, "playbook"), (signal.SIGSTOP, "silent")):
        ids = fresh()
        process = cordon.start(*RUN, "--yes")
        found = []

        def act(request):
            found.extend(playbook_processes(process.pid))
            for pid in found:
                os.kill(pid, number)
        proxy.reset(opened(act))
        done = cordon.finish(process, time.time(), 60)
        checks.check("the playbook process was found", found)
        verdict("playbook, signal %d" % number, ids, done, 3, text, "To take it back")


# --- the journal is lost -----------------------------------------------------------------------

def test_file_too_large():
    ids = fresh()
    process = cordon.start(*RUN, "--yes")

    def act(request):
        size = os.stat(cordon.journal_path()).st_size
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (size, size))
    proxy.reset(opened(act))
    done = cordon.finish(process, time.time(), 60)
    verdict("journal at its limit", ids, done, 8, "THE JOURNAL WAS LOST", lost=True)
    checks.equal("journal at its limit: runs cannot know", cordon.run("runs").code, 9)
    checks.check("journal at its limit: so it was said", "cordon close " in done.err.replace(
        "cordon --region eu-west-1 close", "cordon close"), done)
    checks.equal("journal at its limit: close", cordon.run("close", "last").code, 0)
    checks.equal("journal at its limit: runs is quiet", cordon.run("runs").code, 0)


def test_disk_full():
    mount = scratch("cordon-tmpfs-")
    if os.getuid() != 0 or subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=768k", "tmpfs", mount],
            capture_output=True).returncode:
        checks.skip("disk full", "a tmpfs cannot be mounted here")
        return
    try:
        for name, rule_of, code in (
                # What was reserved may last to the end of the run.
                ("in the window", opened, (0, 8)),
                ("before the window", lambda act: Rule("AuthorizeSecurityGroupIngress", after=act), (8,))):
            ids = fresh()
            groups = moto.groups_of(ids["web3"])

            def fill(request):
                with open(os.path.join(mount, "full"), "wb", buffering=0) as f:
                    try:
                        while True:
                            f.write(b"x" * 512)
                    except OSError:
                        pass
            shutil.rmtree(os.path.join(mount, "cordon"), True)
            if os.path.exists(os.path.join(mount, "full")):
                os.unlink(os.path.join(mount, "full"))
            small = Cordon(cordon.path, proxy.url, XDG_STATE_HOME=mount)
            proxy.reset(rule_of(fill))
            done = small.run(*RUN, "--yes", timeout=60)
            checks.check("disk full %s: exit" % name, done.code in code, done)
            checks.equal("disk full %s: said" % name, "THE JOURNAL WAS LOST" in done.err,
                         done.code == 8, done)
            checks.equal("disk full %s: no interface is open" % name,
                         moto.open_interfaces(ids["web3"]), {}, done)
            checks.equal("disk full %s: verifies" % name, small.verifies(), "", done)
            if name == "before the window":
                checks.equal("disk full before the window: not opened", moto.groups_of(ids["web3"]), groups)
            else:
                kinds = [line["kind"] for line in small.journal()]
                checks.check("disk full in the window: the end of the window found room",
                             "window.closed" in kinds, kinds)
                os.unlink(os.path.join(mount, "full"))
                checks.equal("disk full in the window: runs does not shout", small.run("runs").code, 0)
    finally:
        subprocess.run(["umount", "-l", mount], capture_output=True)


# --- closing calls fail ------------------------------------------------------------------------

def test_throttled():
    for action in CLOSINGS + (None,):
        ids = fresh(Rule(when=is_closing(action), nth=range(1, 13), error=("RequestLimitExceeded", 503)))
        done = cordon.run(*RUN, "--yes")
        verdict("throttled %s" % action, ids, done, 0, "it is tried again")
    ids = fresh(Rule(when=is_closing(), nth=range(1, 7), error=("InternalError", 500)))
    verdict("HTTP 500", ids, cordon.run(*RUN, "--yes"), 0)
    ids = fresh(Rule(when=is_closing(), nth=range(1, 6), reset="after"))
    verdict("cut after it was applied", ids, cordon.run(*RUN, "--yes"), 0)
    ids = fresh(Rule(when=is_closing(), nth=range(1, 10), reset="before"))
    verdict("cut before it was applied", ids, cordon.run(*RUN, "--yes"), 0)


def test_denied():
    for action in CLOSINGS:
        ids = fresh(Rule(when=is_closing(action), error=("UnauthorizedOperation", 403)))
        done = cordon.run(*RUN, "--yes")
        verdict("denied " + action, ids, done, 9, "A WINDOW MAY STILL BE OPEN", "cordon", "close 2",
                "UnauthorizedOperation" if action != SWAP else action)
        runs = cordon.run("runs")
        checks.check("denied %s: runs shouts" % action, runs.code == 9 and "WINDOW OPEN" in runs.out, runs)
        proxy.reset()
        close = cordon.run("close", cordon.last_run())
        checks.equal("denied %s: close closes" % action, close.code, 0, close)
        checks.equal("denied %s: runs is quiet" % action, cordon.run("runs").code, 0)
        checks.equal("denied %s: verifies after close" % action, cordon.verifies(), "")
    # one interface alone
    ids = fresh()
    proxy.reset(Rule(when=is_closing(SWAP, only=ids["eni1"]), error=("UnauthorizedOperation", 403)))
    done = cordon.run(*RUN, "--yes")
    verdict("denied for one interface", ids, done, 9, ids["eni1"])
    closed = [r for r in closing_swaps() if ids["eni0"] in r.params.values() and r.forwarded]
    checks.check("denied for one interface: the other is closed", closed)
    proxy.reset()
    checks.equal("denied for one: close", cordon.run("close", cordon.last_run()).code, 0)
    # everything: it is open indeed, and everything says so
    ids = fresh(Rule(when=is_closing(), error=("UnauthorizedOperation", 403)))
    done = cordon.run(*RUN, "--yes")
    checks.equal("all denied", done.code, 9, done)
    checks.check("all denied: it is open indeed", moto.open_interfaces(ids["web3"]))
    close = cordon.run("close", cordon.last_run())
    checks.check("all denied: close fails with 9, and says so", close.code == 9 and
                 "A WINDOW MAY STILL BE OPEN" in close.err, close)
    proxy.reset()
    close = cordon.run("close", "last")
    checks.equal("all denied, then allowed: close", close.code, 0, close)
    checks.equal("all denied, then allowed: closed", moto.open_interfaces(ids["web3"]), {})


def test_hanging_closing_call():
    release = threading.Event()
    ids = fresh(Rule(when=is_closing(SWAP), nth=(1, 2), hold=release))
    process = cordon.start(*RUN, "--yes")
    # Both ways at once: the revokes have cut already.
    until(lambda: len(proxy.seen(REVOKE_IN, dry=False)) >= 1)
    time.sleep(0.5)
    checks.equal("a hanging swap: the other way has closed", moto.open_interfaces(ids["web3"]), {})
    again = until(lambda: len(closing_swaps()) >= 4, 20)
    checks.check("a hanging swap is sent again beside", again, closing_swaps())
    time.sleep(1)
    release.set()
    done = cordon.finish(process, time.time(), 60)
    verdict("a hanging closing call", ids, done, 0)


# --- opening calls of unknown fate ---------------------------------------------------------------

def test_opening_unknown():
    ids = fresh(Rule(SWAP, nth=2, reset="after"))
    done = cordon.run(*RUN, "--yes")
    verdict("opening cut after it was applied", ids, done, 0)
    ids = fresh(Rule(SWAP, nth=range(2, 10), when=lambda r: True, error=("UnauthorizedOperation", 403)))
    done = cordon.run(*RUN, "--yes")
    checks.equal("an opening call denied: no interface is open", moto.open_interfaces(ids["web3"]), {})
    checks.check("an opening call denied: exit", done.code in (3, 9), done)
    # applied, and never answered until long after
    release = threading.Event()
    ids = fresh(Rule(SWAP, nth=1, hold_answer=release))
    began = time.time()
    process = cordon.start(*RUN, "--yes")
    closed = until(lambda: len(closing_swaps()) >= 1 and len(proxy.seen(REVOKE_IN)) >= 1, 40)
    checks.check("an opening call without an answer: closed within 20 s", closed and
                 time.time() - began < 25, time.time() - began)
    time.sleep(1)
    checks.equal("an opening call without an answer: closed meanwhile",
                 moto.open_interfaces(ids["web3"]), {})
    before = len(closing_swaps())
    release.set()
    done = cordon.finish(process, began, 90)
    verdict("an opening call without an answer", ids, done, 3, "not all answered")
    checks.check("an opening call without an answer: closed once more after it came",
                 len(closing_swaps()) > before, closing_swaps())
    # received, applied only after everybody has given up
    ids = fresh(Rule(SWAP, nth=1, delay=19))
    done = cordon.run(*RUN, "--yes", timeout=120)
    verdict("an opening call that is applied late", ids, done, 3)


# --- the host is killed --------------------------------------------------------------------------

def test_host_killed():
    for name, rule_of in (
            ("after the opening", opened),
            ("before the opening is applied", lambda act: Rule(SWAP, nth=1, call=act, delay=0.3)),
            ("in the middle of closing", lambda act: Rule(when=is_closing(), nth=2, call=act))):
        ids = moto.build()
        before = moto.picture()
        process = cordon.start(*RUN, "--yes")
        proxy.reset(rule_of(lambda r: kill(process)))
        done = cordon.finish(process, time.time(), 60)
        time.sleep(0.5)
        name = "host killed " + name
        checks.equal(name, done.code, -9, done)
        checks.equal(name + ": verifies", cordon.verifies(), "")
        runs = cordon.run("runs")
        run = cordon.last_run()
        checks.check(name + ": runs shouts", runs.code == 9 and "NOBODY IS CLOSING IT" in runs.out
                     and "cordon close " + run in runs.out, runs)
        as_json = cordon.run("runs", "--json")
        checks.check(name + ": runs --json too", as_json.code == 9 and
                     any(e.get("window_open") for e in as_json.events()), as_json)
        close = cordon.run("close", run)
        checks.equal(name + ": close", close.code, 0, close)
        checks.equal(name + ": closed", moto.open_interfaces(ids["web3"]), {}, close)
        checks.check(name + ": close says what is next", "cordon undo " + run in close.err, close)
        checks.equal(name + ": runs is quiet", cordon.run("runs").code, 0)
        checks.equal(name + ": verifies after close", cordon.verifies(run), "")
        again = cordon.run("close", run)
        checks.check(name + ": close again: nothing is open", again.code == 0 and "No window" in again.err, again)
        back = cordon.run("undo", run, "--yes")
        checks.equal(name + ": taken back", back.code, 0, back)
        after = moto.picture()
        checks.check(name + ": that leads back", after == before,
                     [(k, before[k], after[k]) for k in before if before[k] != after[k]])


def test_close_refuses():
    ids = fresh()
    process = cordon.start("run", "isolate-sg", "instance=web-3", "settle=6", "--yes")
    until(lambda: len([r for r in proxy.seen(SWAP, dry=False) if r.status]) >= OPENINGS)
    running = cordon.run("close", "last")
    checks.check("close of a running run is refused", running.code == 1 and "running" in running.err, running)
    kill(process)
    process.wait()
    wrong = cordon.run("close", "nosuchrun")
    checks.equal("close of no run", wrong.code, 2, wrong)
    path = cordon.journal_path()
    with open(path, "rb") as f:
        text = f.read()
    with open(path, "wb") as f:
        f.write(text.replace(b'"kind":"window.open"', b'"kind":"window.oqen"'))
    damaged = cordon.run("close", "last")
    checks.check("close of a tampered journal is refused", damaged.code == 8 and
                 "does not verify" in damaged.err, damaged)
    with open(path, "wb") as f:
        f.write(text + b'{"v":1,"seq":')  # a crash in the middle of a line
    checks.equal("close with an incomplete last line", cordon.run("close", "last").code, 0)
    checks.equal("closed", moto.open_interfaces(ids["web3"]), {})


def main():
    tests = [t for n, t in sorted(globals().items()) if n.startswith("test_")]
    only = sys.argv[2:]
    for test in tests:
        if not only or test.__name__ in only:
            test()
    checks.finish()


if __name__ == "__main__":
    main()
