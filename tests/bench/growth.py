"""What must not grow: memory with the number of calls, and with the length of a journal; and
what a large answer costs to decode.
"""
import hashlib
import json
import os
import subprocess
import sys
import time

import answers
from costs import HERE, alternate, median
from peer import Peer
from rivals import have

READS = os.path.join(HERE, "reads.lua")


# --- many calls -------------------------------------------------------------------------------

def family(pid):
    """The process and all below it."""
    with open("/proc/%d/task/%d/children" % (pid, pid)) as f:
        return [pid] + [p for child in f.read().split() for p in family(int(child))]


def resident(pid):
    """Megabytes of each of its processes, the host first."""
    found = []
    for p in family(pid):
        with open("/proc/%d/statm" % p) as f:
            found.append(int(f.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20)
    return found


def sample(process, peer, marks):
    """{mark: memory when the peer has seen so many requests}."""
    taken = {}
    while process.poll() is None:
        for mark in marks:
            if mark not in taken and len(peer.log) >= mark:
                taken[mark] = resident(process.pid)
        time.sleep(0.002)
    return taken


def calls(bench):
    bench.report.title("10,000 reads in one run: memory")
    peer = Peer()
    # Each read differs; the first 10,000 are the rehearsal's.
    command = [bench.cordon, "run", READS, "--yes", "--quiet", "count=10000"]
    process = subprocess.Popen(command, env=bench.environment(peer), stdout=subprocess.DEVNULL)
    taken = sample(process, peer, [1000, 5000, 10000, 15000, 19000])
    peer.stop()
    if process.returncode != 0:
        raise SystemExit("the run of %s ended with %d" % (READS, process.returncode))
    for mark, sizes in sorted(taken.items()):
        bench.report.say("after %5d requests: host %.1f MB, fork server and playbook %s MB" % (
            mark, sizes[0], ", ".join("%.1f" % s for s in sizes[1:])))
    bench.report.aim("growth of the host from 1,000 to 10,000 calls, MB",
                     taken[10000][0] - taken[1000][0], 4, "%.1f")
    bench.report.aim("growth of the host from 10,000 to 19,000 calls, MB",
                     taken[19000][0] - taken[10000][0], 0.5, "%.1f")


# --- a long journal ---------------------------------------------------------------------------

def write_journal(path, size):
    """A journal of about `size` bytes, as host/journal/line.h says; its number of lines."""
    run, prev, written, seq = "20260102T030405Z-long-0001", "0" * 64, 0, 0
    result = json.dumps({"Reservations": [{"n": i, "text": "x" * 80} for i in range(60)]},
                        separators=(",", ":"))
    with open(path, "wb", buffering=1 << 20) as f:
        while written < size:
            body = ('{"v":1,"seq":%d,"t":"2026-01-02T03:04:05.000000Z","run":"%s","kind":"read",'
                    '"operation":"describe_instances","result":%s,"prev":"%s"'
                    % (seq, run, result, prev)).encode()
            prev = hashlib.sha256(body).hexdigest()
            written += f.write(b'%s,"hash":"%s"}\n' % (body, prev.encode()))
            seq += 1
    return seq


def journal(bench):
    bench.report.title("a journal of 1 GB is verified")
    path = os.path.join(bench.folder, "journal.jsonl")
    lines = write_journal(path, 10**9)
    peer = Peer()
    cost = bench.costs.measure([bench.cordon, "log", "verify", path], bench.environment(peer))
    peer.stop()
    megabytes = os.path.getsize(path) / 1e6
    os.unlink(path)
    bench.report.say("%d lines, %.0f MB: %.1f s of CPU, %.0f MB a second" % (
        lines, megabytes, cost.cpu / 1e3, megabytes / (cost.wall / 1e3)))
    bench.report.aim("peak memory, MB", cost.rss, 50, "%.1f")


# --- a large answer ---------------------------------------------------------------------------

def decode(bench):
    bench.report.title("DescribeInstances of 5 MB, decoded and printed as JSON")
    peer, small = Peer(), Peer()
    large, count = answers.many_instances(peer.world, 5 * 10**6)
    peer.canned["DescribeInstances"] = (200, large)
    words = ["call", "ec2", "describe_instances"]
    script = [sys.executable, os.path.join(HERE, "boto3_describe.py")]

    def of(where, command):
        env = bench.environment(where)
        return lambda: bench.costs.measure(command, env)
    found = {"cordon, 5 MB": of(peer, [bench.cordon] + words),
             "cordon, one instance": of(small, [bench.cordon] + words)}
    if have("boto3"):
        found["boto3, 5 MB"] = of(peer, script)
        found["boto3, one instance"] = of(small, script)
    costs = alternate(bench.times, found)
    peer.stop()
    small.stop()
    bench.report.say("%d instances, %.1f MB of XML" % (count, len(large) / 1e6))
    bench.report.table(costs)
    mine = median(costs["cordon, 5 MB"], "cpu") - median(costs["cordon, one instance"], "cpu")
    bench.report.say("the 5 MB alone, cordon: %.0f ms" % mine)
    if "boto3, 5 MB" in costs:
        theirs = median(costs["boto3, 5 MB"], "cpu") - median(costs["boto3, one instance"], "cpu")
        bench.report.say("the 5 MB alone, botocore: %.0f ms, %.1f times cordon's" % (
            theirs, theirs / mine))
