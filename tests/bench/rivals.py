"""isolate-sg beside its rivals: CPU, wall and memory of whole processes."""
import importlib.util
import os
import re
import subprocess
import sys

from costs import HERE, alternate, ratio
from peer import STEP1, STEP2, Peer, rounds
import tls as certificates

NEW = ["run", "isolate-sg", "--yes", "instance=web-3", "settle=0"]
PREPARED = ["mode=prepared", "step1=" + STEP1, "step2=" + STEP2]
BOTO3 = [sys.executable, os.path.join(HERE, "boto3_isolate.py")]
CURL_ADDS = re.compile(rb"(?i)^(accept|content-length|host):")


def record(log, path):
    """Writes the requests as replay.c reads them."""
    with open(path, "wb") as f:
        for number, group in enumerate(rounds(log)):
            for r in group:
                lines = [x for x in r.head.split(b"\r\n")[1:] if not CURL_ADDS.match(x)]
                headers = b"\n".join(lines) + b"\n"
                f.write(b"%d %d %d %d\n" % (number, r.status, len(headers), len(r.body)))
                f.write(headers + r.body)


def run_cordon(bench, peer, env, words, code=0):
    def run():
        peer.reset()
        return bench.costs.measure([bench.cordon] + words, env, code)
    return run


def replayed(bench, peer, env, words):
    """Records what cordon sends for these words; a function that sends it again."""
    path = os.path.join(bench.folder, "requests")
    peer.latency = 0.05  # what goes out at once overlaps, so that the rounds are seen
    run_cordon(bench, peer, env, words)()
    peer.latency = 0
    record(peer.log, path)
    bench.report.say("%d requests in %d rounds on %d connections" % (
        len(peer.log), len(rounds(peer.log)), peer.connections))

    def run():
        peer.reset()
        return bench.costs.measure([bench.costs.replay, peer.url + "/", path], env)
    return run


def run_boto3(bench, peer, env, words):
    def run():
        peer.reset()
        return bench.costs.measure(BOTO3 + words, env)
    return run


def have(module):
    return importlib.util.find_spec(module) is not None


def awscli_runner(bench, peer, env):
    command = ["sh", os.path.join(HERE, "aws_isolate.sh"), sys.executable + " -m awscli", "web-3"]

    def run():
        peer.reset()
        return bench.costs.measure(command, env)
    return run


def compare(bench, title, words, boto3_words, env_of, tls=None, aims=True):
    bench.report.title(title)
    peer = Peer(tls=tls)
    env = env_of(peer)
    found = {"cordon": run_cordon(bench, peer, env, words),
             "bare C, cordon's requests again": replayed(bench, peer, env, words)}
    if have("boto3"):
        found["boto3 script"] = run_boto3(bench, peer, env, boto3_words)
    costs = alternate(bench.times, found)
    peer.stop()
    bench.report.table(costs)
    conclude(bench, costs, aims)


def conclude(bench, costs, aims):
    bare = ratio(costs, "cordon", "bare C, cordon's requests again")
    say = bench.report.aim if aims else lambda text, value, _limit: bench.report.say(
        "%-58s %.3f" % (text, value))
    say("CPU of cordon / bare C", bare, 1.5)
    if "boto3 script" in costs:
        say("CPU of cordon / boto3 script", ratio(costs, "cordon", "boto3 script"), 1 / 15)
    say("peak memory of cordon, MB", max(c.rss for c in costs["cordon"]), 25)


def isolate(bench):
    compare(bench, "isolate-sg, new groups, all five steps", NEW, ["new", "web-3"],
            bench.environment)


def awscli(bench):
    bench.report.title("isolate-sg, new groups, beside awscli")
    if not have("awscli"):
        bench.report.say("skipped: awscli is not installed")
        return
    peer = Peer()
    env = bench.environment(peer)
    costs = alternate(bench.times, {"cordon": run_cordon(bench, peer, env, NEW),
                                    "awscli commands": awscli_runner(bench, peer, env)})
    peer.stop()
    bench.report.table(costs)
    bench.report.aim("CPU of cordon / awscli", ratio(costs, "cordon", "awscli commands"), 1 / 15,
                     "%.3f")


def prepared(bench):
    compare(bench, "isolate-sg, prepared groups",
            NEW + PREPARED,
            ["prepared", "web-3", STEP1, STEP2], bench.environment)


def read(bench):
    compare(bench, "the reading part: plan isolate-sg, nothing changed",
            ["plan", "isolate-sg", "instance=web-3", "settle=0"], ["read", "web-3"],
            bench.environment)


def tls(bench):
    made = certificates.make(bench.folder)
    if made is None:
        bench.report.title("over TLS")
        bench.report.say("skipped: openssl is not installed")
        return
    context, bundle = made
    compare(bench, "isolate-sg, new groups, over TLS (for information)",
            NEW, ["new", "web-3"],
            lambda peer: bench.environment(peer, AWS_CA_BUNDLE=bundle),
            tls=context, aims=False)
