"""One live run per instance: the lock of this machine, the lease across hosts.

Two hosts are two state folders. Against moto, and a sample against `cordon sim serve`.
"""
import os
import signal
import socket
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))

import moto_world
from harness import Checks, Cordon, binary, until
from proxy import Proxy, Rule
from served import Served

LEASE = "cordon:lease"
CHANGES = ("CreateTags", "DeleteTags", "CreateSecurityGroup", "ModifyNetworkInterfaceAttribute",
           "RevokeSecurityGroupEgress", "RevokeSecurityGroupIngress", "AuthorizeSecurityGroupIngress")


def iso(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))


def is_lease(request):
    return LEASE in request.params.values()


class World:
    """moto behind a proxy that sees everything; two hosts in front of it."""

    def __init__(self, path):
        self.process, self.url = moto_world.start()
        self.ids = moto_world.build(self.url)
        self.ec2 = moto_world.client(self.url)
        self.proxy = Proxy(self.url)
        self.a, self.b = Cordon(path, self.proxy.url), Cordon(path, self.proxy.url)
        self.victim = self.ids["web3"]

    def stop(self):
        self.proxy.stop()
        self.process.terminate()
        self.process.wait()

    def lease(self, instance=None):
        tags = self.ec2.describe_tags(Filters=[
            {"Name": "resource-id", "Values": [instance or self.victim]},
            {"Name": "key", "Values": [LEASE]}])["Tags"]
        return tags[0]["Value"] if tags else None

    def put_lease(self, value):
        self.ec2.create_tags(Resources=[self.victim], Tags=[{"Key": LEASE, "Value": value}])

    def drop_lease(self):
        self.ec2.delete_tags(Resources=[self.victim], Tags=[{"Key": LEASE}])

    def changes(self):
        return [r for r in self.proxy.seen(dry=False) if r.action in CHANGES]

    def isolate(self, host, *more, **kw):
        return host.run("run", "isolate-sg", "instance=" + self.victim, "settle=1", *more, **kw)

    def at_the_cut(self, host, *more):
        """On a terminal, until the second question."""
        t = host.terminal(*more, "run", "isolate-sg", "instance=" + self.victim, "settle=1")
        t.answer("[y]es [a]ll", "y")
        t.expect("CUT OFF")
        t.expect("[y]es [a]ll")
        return t


def test_a_run_has_a_lease(c, w):
    w.proxy.reset()
    w.drop_lease()
    t = w.at_the_cut(w.a)
    text = until(w.lease) or ""
    c.check("the plan shows the lease", "tag cordon:lease" in t.seen, t.seen)
    c.check("the lease names run, host and end",
            text.startswith(w.a.last_run() + " ") and "/" + socket.gethostname()[:10] in text and " until " in text,
            text)
    first = [r.action for r in w.changes()][:3]
    c.check("it leaves with the first changes", "CreateTags" in first and "CreateSecurityGroup" in first, first)
    c.check("it was read back", until(lambda: any(is_lease(r) for r in w.proxy.seen("DescribeTags"))))

    busy = w.isolate(w.b, "--yes")
    c.equal("another host is refused", busy.code, 1, busy)
    c.check("it says who holds it, since when, until when, and the way on",
            all(x in busy.err for x in ("is held by", w.a.last_run(), "since ", "until ", "--ignore-lease")), busy)
    c.check("nothing was changed by it", not any(k["kind"] == "call.intent" for k in w.b.journal()))
    plan = w.b.run("plan", "isolate-sg", "instance=" + w.victim)
    c.check("a plan is shown all the same, with a warning", plan.code == 0 and "is held by" in plan.err, plan)

    before = len(w.a.runs())
    same = w.isolate(w.a, "--yes")
    c.equal("the same machine is refused", same.code, 1, same)
    c.check("it names run and process", w.a.last_run() in same.err and str(t.process.pid) in same.err, same)
    c.equal("and leaves no run behind", len(w.a.runs()), before)

    t.answer("", "a")
    done = t.wait()
    c.equal("the holder finishes", done.code, 0, done)
    c.equal("the lease is taken away", w.lease(), None)
    c.check("its calls are in the journal, before they leave",
            [k["key"] for k in w.a.journal() if k["kind"] == "call.intent" and k["key"].startswith("lease#")]
            == ["lease#1", "lease#2"])
    c.equal("the journal verifies", w.a.verifies(), "")
    runs = w.a.run("runs", "--json").events()[0]
    c.check("it counts as no change", runs["state"] == "done" and runs["calls_made"] == runs["calls_intended"], runs)
    after = w.isolate(w.b, "--yes")
    c.equal("then the other may", after.code, 0, after)


def test_both_at_the_question(c, w):
    """Neither saw the other's lease: whoever comes second takes it, and the first one notices."""
    w.victim = w.ids["web4"]
    a = w.a.terminal("run", "isolate-sg", "instance=" + w.victim, "settle=1")
    a.expect("[y]es [a]ll")
    b = w.b.terminal("run", "isolate-sg", "instance=" + w.victim, "settle=1")
    b.expect("[y]es [a]ll")
    a.send("y\n")
    a.expect("CUT OFF")
    a.expect("[y]es [a]ll")
    until(w.lease)
    b.send("y\n")
    b.expect("CUT OFF")
    b.expect("[y]es [a]ll")
    until(lambda: (w.lease() or "").startswith(w.b.last_run()))
    a.send("y\n")
    first = a.wait()
    c.check("the first stops, and says who holds it",
            first.code == 3 and "another host has taken over" in first.err and w.b.last_run() in first.err, first)
    c.check("its window is closed", "WINDOW MAY STILL BE OPEN" not in first.err, first)
    c.check("it left the other's lease alone", (w.lease() or "").startswith(w.b.last_run()), w.lease())
    b.send("a\n")
    second = b.wait()
    c.check("the second comes to its end", "another host" not in second.err and second.code in (0, 3, 6, 7), second)
    c.equal("no lease is left", w.lease(), None)
    w.victim = w.ids["web3"]


def test_a_crash(c, w):
    w.victim = w.ids["asg1"]
    t = w.at_the_cut(w.a)
    until(w.lease)
    t.process.send_signal(signal.SIGKILL)
    t.wait()
    c.check("a killed run leaves its lease", w.lease() is not None)
    busy = w.isolate(w.b, "--yes", "accept=asg")
    c.equal("another host waits for its end", busy.code, 1, busy)
    over = w.isolate(w.b, "--yes", "--ignore-lease", "accept=asg")
    c.check("or takes it over", over.code == 0 and "taken over" in over.err, over)
    w.put_lease("%s x/y until %s" % (w.a.last_run(), iso(600)))
    own = w.isolate(w.a, "--yes", "accept=asg")
    c.equal("its own machine need not wait", own.code, 0, own)
    w.drop_lease()
    w.victim = w.ids["web3"]


def test_strange_leases(c, w):
    """Anybody can write a tag: nobody may keep responders away by it."""
    good = "20261124T021530Z-isolate-sg-7f3a alice/host until "
    for what, value, refused, word in (
            ("an old one", good + iso(-60), False, ""),
            ("one that stands", good + iso(600), True, "alice/host"),
            ("one for ever", good + "2099-01-01T00:00:00Z", False, "no lease of cordon's"),
            ("nonsense", "hands off!", False, "no lease of cordon's"),
            ("an escape sequence", good[:-8] + "[2J until " + iso(600), False, "no lease of cordon's")):
        w.put_lease(value)
        done = w.isolate(w.b, "--yes")
        c.check("%s: exit %d" % (what, refused), done.code == refused and word in done.err, done)
    w.drop_lease()


def test_faults(c, w):
    for what, rule, code in (
            ("denied", Rule("CreateTags", when=is_lease, error=("UnauthorizedOperation", 403)), 0),
            ("no answer", Rule("CreateTags", when=is_lease, reset="after"), 0)):
        w.victim = w.ids["web3"]
        moto_world.client(w.url).modify_network_interface_attribute(
            NetworkInterfaceId=w.ids["eni0"], Groups=[w.ids["sg_web"], w.ids["sg_db"]])
        w.proxy.reset(rule)
        done = w.isolate(w.a, "--yes")
        c.check("%s: the run goes on, with a warning" % what,
                done.code == code and "the lease could not be set" in done.err, done)
        c.equal("%s: none is left" % what, w.lease(), None)
    moto_world.client(w.url).modify_network_interface_attribute(
        NetworkInterfaceId=w.ids["eni0"], Groups=[w.ids["sg_web"], w.ids["sg_db"]])
    w.proxy.reset(Rule("DeleteTags", when=is_lease, error=("UnauthorizedOperation", 403)))
    done = w.isolate(w.a, "--yes")
    c.check("one that stays is said, with its end",
            done.code == 0 and "could not be taken away" in done.err and "ends by itself at" in done.err, done)
    w.proxy.reset()
    w.drop_lease()


def test_endings(c, w):
    client = moto_world.client(w.url)

    def open_again():
        client.modify_network_interface_attribute(
            NetworkInterfaceId=w.ids["eni0"], Groups=[w.ids["sg_web"], w.ids["sg_db"]])
    open_again()
    t = w.at_the_cut(w.a)
    until(w.lease)
    t.send("\x03")
    stopped = t.wait()
    c.check("Ctrl-C takes the lease away", stopped.code == 130 and w.lease() is None, stopped)
    t = w.at_the_cut(w.a)
    t.send("n\n")
    c.check("so does a no", t.wait().code == 3 and w.lease() is None)
    w.proxy.reset()
    dry = w.isolate(w.a, "--dry-run")
    c.check("a dry run sets none", dry.code == 0 and not w.changes(), dry)
    t = w.a.terminal("run", "isolate-sg", "instance=" + w.victim, "settle=1")
    t.answer("[y]es [a]ll", "n")
    t.wait()
    c.check("nor does a no at the first question", not w.changes())


def test_resume_and_undo(c, w):
    """They hold the instance as a run does."""
    for eni, groups in (("eni0", ["sg_web", "sg_db"]), ("eni1", ["sg_db"])):
        w.ec2.modify_network_interface_attribute(NetworkInterfaceId=w.ids[eni],
                                                 Groups=[w.ids[g] for g in groups])
    w.proxy.reset()
    w.drop_lease()
    t = w.at_the_cut(w.a)
    until(w.lease)
    t.process.send_signal(signal.SIGKILL)
    t.wait()
    run = w.a.last_run()
    value = w.lease()
    w.put_lease("20261124T021530Z-isolate-sg-7f3a bob/far until " + iso(600))
    for verb in ("resume", "undo"):
        busy = w.a.run(verb, run, "--yes")
        c.check("%s: another's lease is minded" % verb, busy.code in (1, 3) and "bob/far" in busy.err, busy)
    w.put_lease(value)
    w.proxy.reset()
    done = w.a.run("resume", run, "--yes")
    c.equal("resume goes on under the run's own lease", done.code, 0, done)
    c.check("which it sets anew", any(is_lease(r) for r in w.proxy.seen("CreateTags")))
    c.equal("and takes away", w.lease(), None)
    c.equal("the journal verifies", w.a.verifies(run), "")
    w.proxy.reset()
    done = w.a.run("undo", run, "--yes")
    c.equal("undo", done.code, 0, done)
    c.check("has a lease too", any(is_lease(r) for r in w.proxy.seen("CreateTags")))
    c.equal("undo: none is left", w.lease(), None)
    runs = {r["run"]: r for r in w.a.run("runs", "--json").events()}
    c.check("runs says undone, and nothing to type", runs[run]["state"] == "undone" and runs[run]["next"] == [],
            runs[run])
    plan = os.path.join(w.a.home, "plan.json")
    c.equal("plan --out", w.a.run("plan", "isolate-sg", "instance=" + w.victim, "settle=1", "--out", plan).code, 0)
    w.put_lease("20261124T021530Z-isolate-sg-7f3a bob/far until " + iso(600))
    busy = w.a.run("apply", plan, "--yes")
    c.check("apply minds it", busy.code == 1 and "bob/far" in busy.err, busy)
    w.drop_lease()


def test_served(c, path):
    s = Served(path, picture=False)
    try:
        other = Cordon(path, s.url)
        t = s.cordon.terminal("run", "isolate-sg", "instance=web-7")
        t.answer("[y]es [a]ll", "y")
        t.expect("CUT OFF")
        t.expect("[y]es [a]ll")
        busy = other.run("run", "isolate-sg", "instance=web-7", "--yes")
        c.check("on the simulator too", busy.code == 1 and s.cordon.last_run() in busy.err, busy)
        free = other.run("run", "isolate-sg", "instance=web-8", "--yes", "accept=asg")
        c.equal("another instance is free", free.code, 0, free)
        t.send("a\n")
        c.equal("the holder finishes", t.wait().code, 0)
        tags = s.call("describe_tags", Filters=[{"Name": "key", "Values": [LEASE]}])["Tags"]
        c.equal("no lease is left", tags, [])
    finally:
        s.stop()


def main():
    c, path = Checks(), binary()
    w = World(path)
    try:
        for test in (test_a_run_has_a_lease, test_both_at_the_question, test_a_crash,
                     test_strange_leases, test_faults, test_endings,
                     test_resume_and_undo):
            test(c, w)
    finally:
        w.stop()
    test_served(c, path)
    c.finish()


if __name__ == "__main__":
    main()
