#!/usr/bin/env python3
"""`cordon resume`: a run of isolate-sg is killed at every request, or fails at every mutation, and
is resumed: the end is that of an undisturbed run, and no mutation is made twice but those of a
window that is opened once more, which is said.

Usage: resume.py [CORDON] [--quick] [--full]
"""
import http.client
import json
import os
import re
import sys
import time

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
import sim_peer  # noqa: E402

PATH = harness.binary()
READS = ("Describe", "Get", "List")
RUN_ID = re.compile(r"\d{8}T\d{6}Z-[a-z0-9-]+?-[0-9a-f]{4}")
RUN = ("run", "isolate-sg", "instance=web-7", "settle=0.05", "--yes")
checks = harness.Checks()


class Straight(proxies.Proxy):
    """Forwards the Host that was signed; says nothing of being a simulator."""

    def forward(self, handler, request):
        request.forwarded = True
        upstream = http.client.HTTPConnection(self.upstream, timeout=60)
        headers = {k: v for k, v in handler.headers.items()
                   if k.lower() not in ("connection", "content-length")}
        upstream.request("POST", handler.path, request.body, headers)
        reply = upstream.getresponse()
        text = reply.read()
        request.status = reply.status
        upstream.close()
        return reply.status, reply.getheader("Content-Type", "text/xml"), text


class Stage:
    """A simulated account behind a proxy, and a state folder."""

    def __init__(self):
        self.sim = sim_peer.Simulator(PATH)
        self.proxy = Straight(self.sim.url)
        self.cordon = harness.Cordon(PATH, self.proxy.url)

    def __enter__(self):
        return self

    def __exit__(self, *ignored):
        self.proxy.stop()
        self.sim.stop()

    def mutations(self):
        """Those of the run: its lease's tag is set and taken away as often as it is needed."""
        return [r for r in self.proxy.seen(dry=False) if not r.action.startswith(READS)
                and r.forwarded and "cordon:lease" not in r.params.values()]

    def picture(self):
        """All that an isolation may touch, in words that do not depend on the run."""
        ec2 = self.sim.client()
        groups = ec2.describe_security_groups()["SecurityGroups"]
        names = {g["GroupId"]: RUN_ID.sub("RUN", g["GroupName"]) for g in groups
                 if g["GroupName"].startswith("cordon-")}
        found = {"groups": groups,
                 "interfaces": ec2.describe_network_interfaces()["NetworkInterfaces"],
                 "tags": ec2.describe_tags()["Tags"],
                 "acls": ec2.describe_network_acls()["NetworkAcls"],
                 "routes": ec2.describe_route_tables()["RouteTables"]}
        text = json.dumps(found, default=str, sort_keys=True)
        for group, name in names.items():
            text = text.replace(group, name)
        text = RUN_ID.sub("RUN", text)
        text = re.sub(r'"Value": "\d{4}-\d\d-\d\dT[\d:]+Z"', '"Value": "TIME"', text)

        def ordered(value):
            if isinstance(value, dict):
                return {k: ordered(v) for k, v in value.items() if "RuleId" not in k}
            if isinstance(value, list):
                return sorted((ordered(v) for v in value), key=lambda v: json.dumps(v, sort_keys=True))
            return value
        return ordered(json.loads(text))


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
    with Stage() as stage:
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
    with Stage() as stage:
        process = stage.cordon.start(*RUN)
        if executed:
            rule = proxies.Rule(dry=True, nth=n, after=lambda r: harness.kill(process))
        else:
            rule = proxies.Rule(dry=True, nth=n, call=lambda r: harness.kill(process), reset="before")
        stage.proxy.reset(rule)
        first = stage.cordon.finish(process, time.time(), 60)
        time.sleep(0.03)
        if first.code == 0:
            return "too late"
        return resume_to_the_end(what, stage, wanted, first)


def failed(n, wanted):
    """The n-th mutation is refused by AWS."""
    what = "mutation %d is denied" % n
    with Stage() as stage:
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
    checks.check("most were resumed", count.get("resumed", 0) > 5, count)
    checks.check("a window was done once more", count.get("redone", 0) > 0, count)
    checks.finish()


if __name__ == "__main__":
    main()
