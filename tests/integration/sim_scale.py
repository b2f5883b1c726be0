#!/usr/bin/env python3
"""Large VPCs: the snapshot, the rehearsal of one isolation, memory, and that the cost grows in
step with the number of instances.

Usage: sim_scale.py [CORDON] [--full]     (--full: 2,500, 5,000 and 10,000 instances, and the aims)
"""
import os
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "lib")]
import harness  # noqa: E402
import sim_peer  # noqa: E402
import big_world  # noqa: E402

checks = harness.Checks()
FULL = "--full" in sys.argv
SIZES = (2500, 5000, 10000) if FULL else (500, 1000, 2000)
MOST_MB, MOST_REHEARSAL = 300, 1.0


class Watched:
    """A command: what it said, its processor time, its memory."""

    def __init__(self, words, env):
        self.began = time.time()
        self.process = subprocess.Popen(words, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.out = []
        self.reader = threading.Thread(target=lambda: self.out.extend(self.process.stdout))
        self.reader.start()
        _, status, usage = os.wait4(self.process.pid, 0)
        self.reader.join()
        self.process.returncode = os.waitstatus_to_exitcode(status)
        self.seconds = time.time() - self.began
        self.cpu, self.mb = usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def environment(folder, url=None):
    env = dict(os.environ, XDG_STATE_HOME=folder, AWS_REGION=sim_peer.REGION,
               AWS_ACCESS_KEY_ID=sim_peer.KEYS["aws_access_key_id"],
               AWS_SECRET_ACCESS_KEY=sim_peer.KEYS["aws_secret_access_key"])
    if url:
        env["AWS_ENDPOINT_URL"] = url
    return env


def measure(path, folder, count):
    """A row of figures for a world of `count` instances."""
    world = os.path.join(folder, "world-%d" % count)
    vpc = big_world.write(path, world, count)
    env = environment(folder)
    load = Watched([path, "--sim=" + world, "call", "sts", "get_caller_identity"], env)
    plan = Watched([path, "--sim=" + world, "plan", "isolate-sg", "instance=web-7"], env)
    copy = Watched([path, "--sim=" + world, "snapshot", vpc, "--out", world + ".copy"], env)
    sim = sim_peer.Simulator(path, world=world)
    served = sim.rss_mb()
    over = environment(folder, sim.url)
    remote = Watched([path, "plan", "isolate-sg", "instance=web-7"], over)
    taken = Watched([path, "snapshot", vpc, "--out", world + ".taken"], over)
    sim.stop()
    for what, one in (("load", load), ("plan", plan), ("snapshot", copy), ("plan over HTTP", remote),
                      ("snapshot over HTTP", taken)):
        checks.equal("%d instances: %s" % (count, what), one.process.returncode, 0, "".join(one.out)[-500:])
    with open(world + ".copy", "rb") as a, open(world + ".taken", "rb") as b:
        lines = [sorted(f.read().splitlines()[1:]) for f in (a, b)]
    checks.check("%d instances: the snapshot is the same over HTTP" % count, lines[0] == lines[1],
                 [x for x in zip(*lines) if x[0] != x[1]][:1])
    checks.check("%d instances: nothing is lost" % count, len(lines[0]) >= 4 * count, len(lines[0]))
    return {"count": count, "load": load, "plan": plan, "snapshot": copy, "remote": remote, "taken": taken,
            "served": served}


def rehearsal_seconds(path, folder, count):
    """What a plan costs once the snapshot is there, in the simulator's own Lua."""
    script = os.path.join(harness.TOP, "tests", "lua", "rehearsal_cost.lua")
    done = subprocess.run(["lua5.4", script, str(count)], capture_output=True, text=True, cwd=harness.TOP, timeout=600)
    checks.equal("rehearsal of %d" % count, done.returncode, 0, done.stderr[-500:])
    return float(done.stdout or 0)


def main():
    path, folder = harness.binary(), harness.scratch()
    rows = [measure(path, folder, count) for count in SIZES]
    print("instances   load s   plan s   MB | over HTTP: plan s   MB  snapshot s   MB  server MB | rehearsal s")
    costs = []
    for row in rows:
        costs.append(rehearsal_seconds(path, folder, row["count"]))
        print("%9d %8.2f %8.2f %4.0f | %17.2f %4.0f %11.2f %4.0f %10.0f | %11.3f" % (
            row["count"], row["load"].cpu, row["plan"].cpu, row["plan"].mb, row["remote"].cpu, row["remote"].mb,
            row["taken"].cpu, row["taken"].mb, row["served"], costs[-1]))
    for name in ("load", "plan", "snapshot", "remote", "taken"):
        growth = rows[-1][name].cpu / max(rows[0][name].cpu, 0.05)
        checks.check("%s grows in step: %.1f times for 4 times the instances" % (name, growth), growth < 6.5)
    checks.check("the rehearsal takes less than %.0f s" % MOST_REHEARSAL, max(costs) < MOST_REHEARSAL, costs)
    if not harness.is_sanitized(path):
        checks.check("the host stays under %d MB" % MOST_MB,
                     max(row[name].mb for row in rows for name in ("load", "plan", "snapshot", "remote", "taken")) < MOST_MB,
                     [(row["count"], row["plan"].mb, row["remote"].mb) for row in rows])
    checks.finish()


main()
