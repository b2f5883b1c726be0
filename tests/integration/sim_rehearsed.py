#!/usr/bin/env python3
"""What was rehearsed is what is executed: the plan in the journal and the calls after it, key by
key, in a simulated world, against `cordon sim serve` and against moto's server.

Usage: sim_rehearsed.py [CORDON]
"""
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "lib")]
import harness  # noqa: E402
import world  # noqa: E402
import sim_peer  # noqa: E402

checks = harness.Checks()


def bound(value, names):
    if isinstance(value, dict):
        return {k: bound(v, names) for k, v in value.items() if k != "ClientToken"}
    if isinstance(value, list):
        return [bound(v, names) for v in value]
    return names.get(value, value) if isinstance(value, str) else value


def planned_of(journal):
    """key -> call, and planned id -> key of the call that makes it."""
    calls, makers = {}, {}
    for line in journal:
        for step in line.get("steps", []) if line["kind"] == "plan" else []:
            for call in step["calls"]:
                calls[call["key"]] = call
                made = (call.get("result") or {}).get("GroupId")
                if made:
                    makers.setdefault(made, call["key"])
    return calls, makers


def compare(what, cordon):
    journal = cordon.journal()
    planned, makers = planned_of(journal)
    # The lease is the host's own: it is in no plan of a playbook.
    made = {line["key"]: line for line in journal if line["kind"] == "call.intent"
            and not line["key"].startswith("lease#")}
    results = {line["key"]: (line.get("result") or {}).get("GroupId") for line in journal
               if line["kind"] == "call.outcome"}
    names = {name: results.get(key) for name, key in makers.items() if results.get(key)}
    checks.check("%s: something was planned" % what, len(planned) > 4, planned)
    checks.equal("%s: the same keys" % what, sorted(made), sorted(planned))
    for key in sorted(set(made) & set(planned)):
        checks.equal("%s: %s" % (what, key), (made[key]["operation"], bound(made[key]["params"], {})),
                     (planned[key]["operation"], bound(planned[key]["params"], names)))
    # A server need not say which rules a revoke took away: that is no failure of it.
    failed = [line for line in journal if line["kind"] == "call.outcome" and not line["ok"]]
    checks.equal("%s: every call succeeds, once" % what, failed, [])
    checks.equal("%s: the journal verifies" % what, cordon.verifies(), "")


CASES = [("web-7", []), ("web-7", ["convert=never"]), ("app-1", ["convert=always", "settle=0"]),
         ("db-1", ["settle=0", "forensics=203.0.113.0/24"])]


def main():
    path = harness.binary()
    for instance, more in CASES:
        name = " ".join([instance] + more)
        cordon = harness.Cordon(path, None)
        done = cordon.run("--sim", "run", "isolate-sg", "instance=" + instance, "--yes", *more)
        if checks.equal("%s in a world" % name, done.code, 0, done):
            compare("%s in a world" % name, cordon)
    sim = sim_peer.Simulator(path)
    cordon = harness.Cordon(path, sim.url)
    done = cordon.run("run", "isolate-sg", "instance=web-7", "settle=0", "--yes")
    if checks.equal("against sim serve", done.code, 0, done):
        compare("against sim serve", cordon)
    sim.stop()
    if world.WHY_NOT:
        checks.skip("against moto", world.WHY_NOT)
    else:
        moto = world.Moto()
        ids = moto.build()
        cordon = harness.Cordon(path, moto.url)
        done = cordon.run("run", "isolate-sg", "instance=" + ids["web3"], "settle=0", "--yes")
        if checks.equal("against moto", done.code, 0, done):
            compare("against moto", cordon)
    checks.finish()


main()
