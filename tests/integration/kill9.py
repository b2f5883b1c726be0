#!/usr/bin/env python3
"""kill -9 of the host at any moment: the journal verifies, and holds an intent for every
mutation that reached the server.

Usage: kill9.py [CORDON] [--quick]
"""
import random
import sys
import threading
import time

from harness import Checks, Cordon, binary, kill
from proxy import Proxy, Rule
from world import Moto

READS = ("Describe", "Get", "List")

checks, moto = Checks(), Moto()
proxy = Proxy(moto.url)
path = binary()


def is_mutation(request):
    return not request.dry and not request.action.startswith(READS)


def wire(value, prefix=""):
    """Parameters of an intent as EC2's form names them, roughly: the values that are text."""
    if isinstance(value, dict):
        return [t for v in value.values() for t in wire(v)]
    if isinstance(value, list):
        return [t for v in value for t in wire(v)]
    return ["true" if value is True else "false" if value is False else str(value)]


def names(method):
    return "".join(part.capitalize() for part in method.split("_"))


def judge(name, cordon):
    seen = [r for r in proxy.seen() if is_mutation(r)]
    runs = cordon.runs()
    if not runs:
        checks.equal(name + ": no run, no mutation", seen, [])
        return
    try:
        lines = cordon.journal()
    except OSError:
        checks.equal(name + ": no journal, no mutation", seen, [])
        return
    checks.equal(name + ": verifies", cordon.verifies(), "")
    open_intents = [(names(line["operation"]), sorted(wire(line["params"])))
                    for line in lines if line["kind"] == "call.intent"]
    missing = []
    for request in seen:
        this = (request.action, sorted(request.params.values()))
        # A retry is the same intent; so is a call in the list still.
        if this not in open_intents:
            missing.append(request)
    checks.check(name + ": an intent for every mutation", not missing, (missing, open_intents))
    opened = any(line["kind"] == "window.open" for line in lines)
    closed = any(line["kind"] == "window.closed" for line in lines)
    code = cordon.run("runs").code
    checks.equal(name + ": runs tells of an open window", code, 9 if opened and not closed else 0)
    if opened and not closed:
        checks.equal(name + ": close", cordon.run("close", "last").code, 0)
    checks.equal(name + ": no interface is open", moto.open_interfaces(moto.ids["web3"]), {})
    checks.equal(name + ": verifies at last", cordon.verifies(), "")


def attempt(name, rule_of=None, after=None):
    moto.build()
    cordon = Cordon(path, proxy.url)
    proxy.reset()
    process = cordon.start("run", "isolate-sg", "instance=web-3", "settle=0.1", "--yes")
    if rule_of:
        proxy.reset(rule_of(process))
    if after is not None:
        threading.Timer(after, lambda: kill(process)).start()
    done = cordon.finish(process, time.time(), 60)
    time.sleep(0.05)
    judge(name, cordon)
    return done


def main():
    quick = "--quick" in sys.argv
    # How many requests a whole run makes.
    done = attempt("nobody is killed")
    checks.equal("a whole run", done.code, 0, done)
    total = len(proxy.seen())
    numbers = range(1, total + 1, 5 if quick else 1)
    killed = 0
    for n in numbers:
        done = attempt("killed when request %d came" % n,
                       lambda p: Rule(dry=True, nth=n, call=lambda r: kill(p)))
        killed += done.code == -9
        if n % 2 == 0 or quick:
            done = attempt("killed when request %d was answered" % n,
                           lambda p: Rule(dry=True, nth=n, after=lambda r: kill(p)))
            killed += done.code == -9
    checks.check("most were killed", killed >= len(numbers), (killed, len(numbers)))
    rng = random.Random(9)
    for i in range(5 if quick else 20):
        after = rng.uniform(0.02, 0.6)
        attempt("killed after %.3f s" % after, after=after)
    checks.finish()


if __name__ == "__main__":
    main()
