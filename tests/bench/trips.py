"""Round trips: how often one waits for AWS, one answer after the other.

The peer holds each answer back for 50 ms. Rounds are counted from its log (peer.rounds: the
longest chain of requests that each began after the answer of the one before), and the time on
the wall is told beside them. cordon is driven on a terminal: [a]ll at the first question.
"""
import os
import pty
import re
import select
import subprocess
import time

from peer import ENIS, STEP1, STEP2, Peer, rounds
from rivals import BOTO3, PREPARED, have

LATENCY = 0.05
TIMES = 5
QUESTION = re.compile(rb"\[e\]xplain: ?$")


def on_terminal(command, env):
    """Answers the first question with [a]ll, others with yes; when it was asked."""
    pid, fd = pty.fork()
    if pid == 0:
        os.execve(command[0], command, env)
    asked, shown = None, b""
    while select.select([fd], [], [], 60)[0]:
        try:
            data = os.read(fd, 65536)
        except OSError:
            break
        if not data:
            break
        shown += data
        if QUESTION.search(shown):
            os.write(fd, b"y\n" if asked else b"a\n")
            asked, shown = asked or time.perf_counter(), b""
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if code != 0 or asked is None:
        raise SystemExit("cordon on a terminal: exit %d\n%s" % (code, shown.decode()))
    return asked


def contained_at(log, final):
    """When the last interface was put on the final group and the last rule taken away."""
    closing = [r for r in log if r.changes and (
        r.form.get("SecurityGroupId.1") == final or r.action.startswith("Revoke"))]
    return max(r.answered for r in closing)


def final_group(log):
    return [r for r in log if r.action == "ModifyNetworkInterfaceAttribute"][-1].form[
        "SecurityGroupId.1"]


def check(peer, final):
    assert peer.world.blank(final), "the final group has rules"
    assert all(peer.world.carried[e] == [final] for e in ENIS), "an interface is not on it"


def cordon(bench, peer, words):
    peer.reset()
    began = time.perf_counter()
    asked = on_terminal([bench.cordon, "run", "isolate-sg", "instance=web-3", "settle=0"] + words,
                        bench.environment(peer))
    ended = time.perf_counter()
    final = final_group(peer.log)
    check(peer, final)
    contained = contained_at(peer.log, final)
    before = [r for r in peer.log if r.arrived < asked]
    cut = [r for r in peer.log if asked <= r.arrived and r.arrived < contained]
    return {"to the prompt": (len(rounds(before)), asked - began),
            "yes to contained": (len(rounds(cut)), contained - asked),
            "all": (len(rounds(peer.log)), ended - began)}


def boto3(bench, peer, words):
    peer.reset()
    began = time.perf_counter()
    subprocess.run(BOTO3 + words, env=bench.environment(peer), check=True)
    ended = time.perf_counter()
    contained = contained_at(peer.log, final_group(peer.log))
    first = min(r.arrived for r in peer.log if r.changes)
    before = [r for r in peer.log if r.arrived < first]
    cut = [r for r in peer.log if first <= r.arrived and r.arrived < contained]
    return {"to the first change": (len(rounds(before)), first - began),
            "first change to contained": (len(rounds(cut)), contained - first),
            "all": (len(rounds(peer.log)), ended - began)}


def quietest(times, run):
    """The fewest round trips and the shortest times of several runs: another program that takes
    the processor in the middle of a round can only add to them."""
    runs = [run() for _ in range(times)]
    return {what: tuple(min(r[what][i] for r in runs) for i in (0, 1)) for what in runs[0]}


def show(bench, name, figures):
    for what, (count, seconds) in figures.items():
        bench.report.say("%-22s %-26s %3d round trips, %7.1f ms" % (name, what, count,
                                                                    1e3 * seconds))


def measure(bench):
    bench.report.title("round trips, 50 ms before each answer, best of %d" % TIMES)
    peer = Peer(LATENCY)
    new = quietest(TIMES, lambda: cordon(bench, peer, []))
    ready = quietest(TIMES, lambda: cordon(bench, peer, PREPARED))
    show(bench, "cordon, new groups", new)
    show(bench, "cordon, prepared", ready)
    if have("boto3"):
        script = ["prepared", "web-3", STEP1, STEP2]
        show(bench, "boto3, new groups",
             quietest(TIMES, lambda: boto3(bench, peer, ["new", "web-3"])))
        show(bench, "boto3, prepared", quietest(TIMES, lambda: boto3(bench, peer, script)))
    peer.stop()
    bench.report.aim("command to prompt, round trips", new["to the prompt"][0], 4, "%d")
    bench.report.aim("command to prompt, prepared groups, round trips",
                     ready["to the prompt"][0], 4, "%d")
    bench.report.aim("yes to contained, new groups", new["yes to contained"][0], 5, "%d")
    bench.report.aim("yes to contained, prepared groups", ready["yes to contained"][0], 2, "%d")
