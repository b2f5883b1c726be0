#!/usr/bin/env python3
"""`cordon resume`: a run of isolate-sg is killed at every request, or fails at every mutation, and
is resumed: the end is that of an undisturbed run, and no mutation is made twice but those of a
window that is opened once more, which is said.

Usage: resume.py [CORDON] [--quick]
"""
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "lib")]
import harness  # noqa: E402
import proxy as proxies  # noqa: E402

try:
    import boto3  # noqa: F401
except ImportError as missing:
    print("SKIPPED: no client: %s" % missing)
    print("0 passed, 0 failed, 1 skipped")
    sys.exit(0)
from stage import READS, RUN_ID, Stage  # noqa: E402

PATH = harness.binary()
RUN = ("run", "isolate-sg", "instance=web-7", "settle=0.05", "--yes")
checks = harness.Checks()


def signature(request):
    params = {k: v for k, v in request.params.items() if k != "ClientToken"}
    return request.action + " " + RUN_ID.sub("RUN", json.dumps(params, sort_keys=True))


def twice(stage, redone):
    """Mutations that reached the server and were carried out more than once. Those of a window
    that is opened once more are left out."""
    seen, doubles = {}, []
    for r in stage.mutations():
        if r.status and r.status >= 400:
            continue
        key = signature(r)
        if key in seen:
            doubles.append(key)
        seen[key] = True
    if redone:
        doubles = [d for d in doubles if not d.startswith(("ModifyNetworkInterfaceAttribute", "Revoke",
                                                           "Authorize"))]
    return doubles


def undisturbed():
    with Stage(PATH) as stage:
        done = stage.cordon.run(*RUN)
        checks.equal("an undisturbed run", done.code, 0, done)
        again = stage.cordon.run("resume", "last")
        checks.equal("a run that is done is not resumed", again.code, 0, again)
        checks.check("and it says so", "nothing to resume" in again.err, again)
        return len(stage.proxy.seen()), stage.picture(), len(stage.mutations())


def resume_to_the_end(what, stage, wanted, first):
    """The run is resumed until it is done (once, or run again when nothing was confirmed)."""
    cordon = stage.cordon
    if not cordon.runs():
        return "no run"
    stage.proxy.rules = []
    done = cordon.run("resume", "last", "--yes")
    said = done.err + done.out
    if "Run its playbook again" in said or "holds no journal" in said:
        checks.equal(what + ": it says that nothing was changed", done.code, 2 if "holds" in said else 1, done)
        checks.equal(what + ": and nothing was", stage.mutations(), [])
        return "not begun"
    redone = "once more" in said
    closed = "The window of" in said  # closing twice does no harm
    if not checks.equal(what + ": resume", done.code, 0, (first, done)):
        return "failed"
    checks.equal(what + ": the same end", stage.picture() == wanted, True)
    checks.equal(what + ": nothing is done twice", twice(stage, redone or closed), [])
    checks.equal(what + ": the journal verifies", cordon.verifies(), "")
    lines = cordon.journal()
    checks.equal(what + ": run.end", (lines[-1]["kind"], lines[-1]["state"]), ("run.end", "done"))
    checks.check(what + ": it says who resumed it", any(x.get("resumed") for x in lines))
    return "redone" if redone else "resumed"


def killed(n, executed, wanted):
    what = "killed at request %d, which %s" % (n, "is carried out" if executed else "never arrives")
    with Stage(PATH) as stage:
        first = stage.kill_at(n, executed, *RUN)
        if first.code == 0:
            return "too late"
        return resume_to_the_end(what, stage, wanted, first)


def failed(n, wanted):
    """The n-th mutation is refused by AWS."""
    what = "mutation %d is denied" % n
    with Stage(PATH) as stage:
        stage.proxy.reset(proxies.Rule(nth=n, error=("UnauthorizedOperation", 403),
                                       when=lambda r: not r.action.startswith(READS)))
        first = stage.cordon.run(*RUN)
        if first.code == 0:
            return "too late"
        if "DONE, BUT" in first.err:
            return "warned"
        checks.check(what + ": it says how to finish", "cordon" in first.err and "resume" in first.err, first)
        return resume_to_the_end(what, stage, wanted, first)


def main():
    quick = "--quick" in sys.argv
    total, wanted, mutations = undisturbed()
    count = {}
    for n in range(1, total + 1, 6 if quick else 1):
        for executed in (False, True):
            how = killed(n, executed, wanted)
            count[how] = count.get(how, 0) + 1
    for n in range(1, mutations + 1, 4 if quick else 1):
        how = failed(n, wanted)
        count[how] = count.get(how, 0) + 1
    print("cases: " + ", ".join("%s %d" % pair for pair in sorted(count.items())))
    checks.check("most were resumed", count.get("resumed", 0) > 3, count)
    checks.check("a window was done once more", count.get("redone", 0) > 0, count)
    checks.finish()


if __name__ == "__main__":
    main()
