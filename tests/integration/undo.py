#!/usr/bin/env python3
"""`undo`, `verify` and `run --hold`: on a world's file, over `sim serve` and on moto.

Usage: undo.py [CORDON] [NAME ...]    (names of tests; all when none is given)
"""
import http.client
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time

from harness import TOP, Checks, Cordon, binary, kill, scratch

sys.path.insert(0, os.path.join(TOP, "tests", "integration", "lib"))
from fault_peer import is_read  # noqa: E402
from proxy import Proxy, Rule  # noqa: E402
from served import Served, difference  # noqa: E402

PATH = binary()
RUN = ("run", "isolate-sg", "instance=web-7", "settle=0")
ASK = "[e]xplain: "
checks = Checks()


# --- a world behind a peer ----------------------------------------------------------------

class Peer(Proxy):
    """Forwards a request as it came, host and signature too."""

    def forward(self, handler, request):
        answer = self.answer(request) if self.answer else None
        if answer:
            return answer
        upstream = http.client.HTTPConnection(self.upstream, timeout=60)
        upstream.request("POST", handler.path, request.body, {
            k: v for k, v in handler.headers.items()
            if k.lower() not in ("connection", "content-length")})
        reply = upstream.getresponse()
        text = reply.read()
        upstream.close()
        return reply.status, reply.getheader("Content-Type", "text/xml"), text


class Stage:
    """A served world, a proxy before it that counts and hurts, and a cordon."""

    def __init__(self):
        self.served = Served(PATH)
        self.before = self.served.before
        self.proxy = Peer(self.served.url)
        self.cordon = Cordon(PATH, self.proxy.url, AWS_MAX_ATTEMPTS="2")

    def __enter__(self):
        return self

    def __exit__(self, *ignored):
        self.proxy.stop()
        self.served.stop()

    def run(self, *words, **kw):
        return self.cordon.run(*words, **kw)

    def isolate(self, what="isolated", code=0):
        done = self.run(*RUN, "--yes")
        checks.equal(what, done.code, code, done)
        return [r for r in self.cordon.runs() if "-isolate-sg-" in r][-1]

    def changes(self):
        """Requests that changed something, the host's own lease aside."""
        return [r for r in self.proxy.seen(dry=False) if not is_read(r)
                and "cordon:lease" not in str(r.params)]

    def back(self, what, done, code=0):
        checks.equal(what + ": exit", done.code, code, done)
        now = self.served.picture()
        checks.check(what + ": as before", now == self.before, difference(self.before, now))

    def last(self, run, kind):
        lines = [line for line in self.cordon.journal(run) if line["kind"] == kind]
        return lines[-1] if lines else {}

    def verifies(self, what):
        for run in self.cordon.runs():
            checks.equal(what + ": the journal verifies", self.cordon.verifies(run), "")

    def interfaces(self):
        instance = self.served.call("describe_instances", Filters=[
            {"Name": "tag:Name", "Values": ["web-7"]}])["Reservations"][0]["Instances"][0]
        return sorted(i["NetworkInterfaceId"] for i in instance["NetworkInterfaces"])

    def group(self, name="app"):
        return self.served.call("describe_security_groups", Filters=[
            {"Name": "group-name", "Values": [name]}])["SecurityGroups"][0]["GroupId"]

    def colleague(self, interface, group):
        self.served.call("modify_network_interface_attribute", NetworkInterfaceId=interface,
                         Groups=[group])


# --- the whole way, and twice ----------------------------------------------------------------

def test_back_and_twice():
    with Stage() as s:
        run = s.isolate()
        s.proxy.reset()
        plan = s.run("undo", "last", "--dry-run")
        checks.check("--dry-run shows it", plan.code == 0 and "Goes back" in plan.err
                     and "nothing was changed" in plan.err, plan)
        checks.equal("--dry-run sends nothing", s.changes(), [])
        done = s.run("undo", run, "--yes", "--json")
        s.back("undo", done)
        checks.equal("each thing is said to be restored", done.err.count("restored:"), 3, done)
        checks.check("and at the end", "all is as it was before" in done.err, done)
        events = done.events()
        kinds = [e["event"] for e in events]
        checks.check("events", kinds[0] == "undo.plan" and kinds[-1] == "undo.end"
                     and "run.end" in kinds, kinds)
        checks.equal("the event counts", events[-1].get("counts", {}).get("already"), 3, events[-1])
        start, end = s.last(run, "undo.start"), s.last(run, "undo.end")
        own = [r for r in s.cordon.runs() if "-undo-" in r]
        checks.check("the run's journal says so", start.get("undo") == own[0]
                     and end.get("state") == "undone" and end.get("exit") == 0, (start, end))
        first = s.cordon.journal(own[0])[0]
        checks.check("the undo's own journal", first["playbook"] == "undo"
                     and first["args"] == {"run": run}, first)
        s.verifies("undone")
        s.proxy.reset()
        again = s.run("undo", run, "--yes")
        s.back("twice", again)
        checks.equal("twice: nothing was sent", s.changes(), [])
        checks.equal("twice: no further run", len(s.cordon.runs()), 2)
        checks.check("twice: says so", "already" in again.err, again)
        itself = s.run("undo", own[0], "--yes")
        checks.check("an undo is not undone", itself.code == 2 and "run the playbook again"
                     in itself.err, itself)


def test_world_file():
    world = os.path.join(scratch(), "world")
    cordon = Cordon(PATH, None)
    saved = subprocess.run(["lua5.4", "-e", SAVE_WORLD], cwd=TOP, capture_output=True, check=True)
    with open(world, "wb") as f:
        f.write(saved.stdout)

    def picture():
        """The file's records, evidence, the clock and the counters aside."""
        found = {}
        with open(world) as f:
            for record in map(json.loads, f):
                if "kind" not in record:
                    continue
                resource = plain(record["resource"])
                for member in ("Tags", "TagSet"):
                    tags = [t for t in resource.get(member) or []
                            if not t["Key"].startswith("cordon:")]
                    resource[member] = tags or None
                if record["kind"] != "Snapshots":
                    found[record["kind"], record["id"]] = resource
        return found

    before = picture()
    done = cordon.run("--sim=" + world, "--save", *RUN, "--yes")
    checks.check("saved: isolated", done.code == 0 and picture() != before, done)
    run = cordon.last_run()
    checks.check("saved: the command is short", "cordon undo %s\n" % run in done.err, done)
    done = cordon.run("undo", run, "--yes")
    checks.check("saved: taken back with no flag", done.code == 0 and picture() == before,
                 (done, [k for k in before if picture().get(k) != before[k]]))
    done = cordon.run("--sim", *RUN, "--yes")
    run = cordon.last_run()
    checks.check("not saved: says that it cannot be taken back", done.code == 0
                 and "cannot be taken back here" in done.err and "cordon undo" not in done.err, done)
    done = cordon.run("undo", run, "--yes")
    checks.check("not saved: refused", done.code == 2 and "was not saved" in done.err, done)
    done = cordon.run("verify", run)
    checks.check("not saved: verify is refused too", done.code == 2, done)


def plain(value):
    """Empty lists and maps are the same in a world's file."""
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()} or None
    if isinstance(value, list):
        return [plain(v) for v in value] or None
    return value


SAVE_WORLD = """
package.path = "stdlib/host/?.lua;" .. package.path
local function json(v)
  if type(v) == "string" then
    return '"' .. v:gsub('[%c"\\\\]', function(c) return ("\\\\u%04x"):format(c:byte()) end) .. '"'
  end
  if type(v) ~= "table" then return tostring(v) end
  local parts = {}
  if #v > 0 then
    for i, item in ipairs(v) do parts[i] = json(item) end
    return "[" .. table.concat(parts, ",") .. "]"
  end
  for key, item in pairs(v) do parts[#parts + 1] = json(tostring(key)) .. ":" .. json(item) end
  return "{" .. table.concat(parts, ",") .. "}"
end
local world = require "sim_default_world".new {}
for _, record in ipairs(require "sim_load".records(world)) do print(json(record)) end
"""


# --- not the whole way ---------------------------------------------------------------------

def test_partial_and_killed():
    with Stage() as s:
        s.proxy.reset(Rule("ModifyNetworkInterfaceAttribute", nth={3, 4, 5, 6, 7, 8},
                           error=("UnauthorizedOperation", 403)))
        done = s.run(*RUN, "--yes")
        checks.check("partial: the command is printed", done.code in (3, 9)
                     and "cordon undo" in done.err + "cordon undo", done)
        s.proxy.reset()
        s.back("a partial run", s.run("undo", "last", "--yes"))
        s.verifies("partial")
    with Stage() as s:
        process = s.cordon.start(*RUN, "--yes")
        s.proxy.reset(Rule("ModifyNetworkInterfaceAttribute", nth=2, after=lambda r: kill(process)))
        s.cordon.finish(process, time.time())
        checks.equal("killed in the window", s.run("runs").code, 9)
        s.proxy.reset()
        done = s.run("undo", "last", "--yes")
        s.back("killed in the window", done)
        checks.check("its window was closed first", "is closed" in done.err
                     and done.err.index("is closed") < done.err.index("PLAN undo"), done)
        checks.equal("runs", s.run("runs").code, 0)
        s.verifies("killed")


def test_undo_interrupted():
    for what in ("killed", "killed after commit", "denied", "error"):
        with Stage() as s:
            run = s.isolate()
            s.proxy.reset()
            process = s.cordon.start("undo", run, "--yes")
            s.proxy.reset({
                "killed": Rule("DeleteSecurityGroup", call=lambda r: kill(process)),
                "killed after commit": Rule("ModifyNetworkInterfaceAttribute", nth=1,
                                            after=lambda r: kill(process)),
                "denied": Rule("ModifyNetworkInterfaceAttribute", nth=1,
                               error=("UnauthorizedOperation", 403)),
                "error": Rule("ModifyNetworkInterfaceAttribute", nth=1,
                              error=("InvalidParameterValue", 400)),
            }[what])
            done = s.cordon.finish(process, time.time())
            checks.check(what + ": not done", done.code == (-9 if "killed" in what else 3), done)
            if "killed" not in what:
                checks.check(what + ": says what to type", "cordon undo " + run in done.err, done)
                checks.equal(what + ": the journal", s.last(run, "undo.end").get("state"),
                             "partly undone")
                checks.check(what + ": what may be used is not deleted", not
                             [r for r in s.changes() if r.action == "DeleteSecurityGroup"], done)
            s.proxy.reset()
            s.back(what + ", then undo again", s.run("undo", run, "--yes"))
            checks.equal(what + ": undone at last", s.last(run, "undo.end").get("state"), "undone")
            s.verifies(what)


def test_denied_before():
    """What AWS denies, as DryRun says, stops it before anything is changed."""
    with Stage() as s:
        run = s.isolate()
        s.proxy.reset(Rule("DeleteSecurityGroup", dry=True, error=("UnauthorizedOperation", 403)))
        done = s.run("undo", run, "--yes")
        checks.check("denied by DryRun: 4, nothing was sent", done.code == 4 and not s.changes(), done)
        checks.equal("denied by DryRun: no undo was begun", s.last(run, "undo.start"), {})


def test_still_used():
    """EC2 holds on to a group for a while after the last interface has left it."""
    with Stage() as s:
        run = s.isolate()
        s.proxy.reset(Rule("DeleteSecurityGroup", nth=1, error=("DependencyViolation", 400)))
        done = s.run("undo", run, "--yes")
        s.back("a delete that is refused at first", done)
        checks.check("is made again", "it is used still" in done.err, done)


# --- somebody else --------------------------------------------------------------------------

def test_drift():
    with Stage() as s:
        run = s.isolate()
        first, second = s.interfaces()
        group = s.group("database")
        s.colleague(first, group)
        s.proxy.reset()
        done = s.run("undo", run, "--yes")
        checks.equal("drift: 7", done.code, 7, done)
        checks.check("drift: named, with what it was and is", re.search(
            "Left alone.*\n.*%s.*was left as .*is now .*%s" % (first, group), done.err), done)
        groups = {i["NetworkInterfaceId"]: [g["GroupId"] for g in i["Groups"]]
                  for i in s.served.call("describe_network_interfaces")["NetworkInterfaces"]}
        checks.equal("drift: the colleague's stays", groups[first], [group])
        checks.check("drift: the other goes back", groups[second] == [s.group("app")]
                     or groups[second] == [s.group("web")], groups)
        checks.check("drift: nobody's call touched it",
                     not [r for r in s.changes() if first in str(r.params)], s.changes())
        end = s.last(run, "undo.end")
        checks.check("drift: in the journal", end.get("state") == "partly undone"
                     and end["counts"]["drift"] == 1, end)


def test_colleagues_rule():
    """A rule of another group names the group that the run made: AWS refuses to delete it."""
    with Stage() as s:
        run = s.isolate()
        made = [g["GroupId"] for g in s.served.call("describe_security_groups")["SecurityGroups"]
                if run in g["GroupName"]]
        s.served.call("authorize_security_group_ingress", GroupId=s.group("database"), IpPermissions=[
            {"IpProtocol": "tcp", "FromPort": 1, "ToPort": 1,
             "UserIdGroupPairs": [{"GroupId": made[0]}]}])
        threading.Timer(4, lambda: process.send_signal(2)).start()
        process = s.cordon.start("undo", run, "--yes")
        done = s.cordon.finish(process, time.time())
        checks.check("still used: not deleted, and said", done.code in (3, 7, 130)
                     and made[0] in done.err, done)
        checks.check("still used: the interfaces went back all the same",
                     not [i for i in s.served.call("describe_network_interfaces")["NetworkInterfaces"]
                          if made[0] in [g["GroupId"] for g in i["Groups"]]], done)


# --- refused -------------------------------------------------------------------------------

def test_refused():
    with Stage() as s:
        run = s.isolate()
        s.proxy.reset()
        done = s.run("undo", run)
        checks.check("no terminal: 5, nothing was sent", done.code == 5 and not s.changes(), done)
        checks.equal("no terminal: not begun", s.last(run, "undo.start"), {})
        done = s.run("undo", "nothing-of-the-kind", "--yes")
        checks.equal("no such run", done.code, 2, done)
        for words in (("undo",), ("undo", run, run), ("verify",)):
            checks.equal("usage: %s" % (words,), s.run(*words).code, 2)
        t = s.cordon.terminal("undo", run)
        checks.check("it asks", t.answer(ASK, "n"), t.seen[-600:])
        done = t.wait()
        checks.check("no: 5, nothing was sent", done.code == 5 and not s.changes(), done)
        checks.equal("no: the journal", s.last(run, "undo.end").get("state"), "not undone")
        other = Cordon(PATH, None, XDG_STATE_HOME=s.cordon.env["XDG_STATE_HOME"])
        done = other.run("undo", run, "--sim", "--yes", "--region", "us-east-1")
        checks.check("another place: refused", done.code in (2, 4) and not s.changes(), done)
        path = s.cordon.journal_path(run)
        with open(path, "rb") as f:
            good = f.read()
        os.chmod(os.path.dirname(path), 0o500)
        os.chmod(path, 0o400)
        if os.getuid() != 0:
            done = s.run("undo", run, "--yes")
            checks.check("no undo.start, no undo: 8", done.code == 8 and not s.changes(), done)
        os.chmod(os.path.dirname(path), 0o700)
        os.chmod(path, 0o600)
        with open(path, "wb") as f:
            f.write(good.replace(b'"ok":true', b'"ok":tru3', 1))
        done = s.run("undo", run, "--yes")
        checks.check("a damaged journal: 8", done.code == 8 and not s.changes(), done)
        with open(path, "wb") as f:
            f.write(good)


def test_wrong_account():
    with Stage() as s:
        run = s.isolate()
        with Stage() as other:
            folder = os.path.join(other.cordon.env["XDG_STATE_HOME"], "cordon", "runs")
            os.makedirs(folder, 0o700)
            shutil.copytree(os.path.join(s.cordon.runs_folder(), run), os.path.join(folder, run))
            other.proxy.answer = stranger
            done = other.run("undo", run, "--yes")
            checks.check("another account: 4, and which", done.code == 4 and "999988887777" in done.err
                         and not other.changes(), done)
            done = other.run("verify", run)
            checks.equal("another account: verify", done.code, 4, done)


def stranger(request):
    if request.action != "GetCallerIdentity":
        return None
    return 200, "text/xml", (
        '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">'
        "<GetCallerIdentityResult><Arn>arn:aws:iam::999988887777:user/x</Arn><UserId>x</UserId>"
        "<Account>999988887777</Account></GetCallerIdentityResult></GetCallerIdentityResponse>")


def test_running():
    with Stage() as s:
        t = s.cordon.terminal(*RUN)
        checks.check("asked", t.expect(ASK), t.seen[-600:])
        done = s.run("undo", "last", "--yes")
        checks.check("a running run: refused", done.code == 1 and "still running" in done.err, done)
        t.send("n\n")
        t.wait()
        done = s.run("undo", "last", "--yes")
        checks.check("declined before any change: nothing to take back", done.code == 0
                     and "nothing to take back" in done.err, done)


# --- verify --------------------------------------------------------------------------------

def test_verify():
    with Stage() as s:
        run = s.isolate()
        done = s.run("verify", run, "--json")
        checks.check("as left: 0", done.code == 0 and "All is as the run left it" in done.err, done)
        checks.check("as left: event", done.events()[-1]["event"] == "verify"
                     and done.events()[-1]["ok"] is True, done)
        first = s.interfaces()[0]
        s.colleague(first, s.group("database"))
        done = s.run("verify", run)
        checks.check("came loose: 7, and which", done.code == 7 and re.search(
            "CAME LOOSE:\n.*" + first, done.err), done)
        checks.check("the journal notes it", s.last(run, "expect").get("ok") is False)
        checks.equal("an undo: 7", s.run("undo", run, "--yes").code, 7)
        done = s.run("verify", run)
        checks.check("taken back: said", "taken back" in done.err, done)
        s.verifies("verify")
    with Stage() as s:
        run = s.isolate()
        subnet = s.served.call("describe_network_interfaces", NetworkInterfaceIds=s.interfaces()[:1])
        interface = s.served.call("create_network_interface", SubnetId=subnet["NetworkInterfaces"][0][
            "SubnetId"], Description="aws-K8S-i-1")["NetworkInterface"]["NetworkInterfaceId"]
        instance = subnet["NetworkInterfaces"][0]["Attachment"]["InstanceId"]
        s.served.call("attach_network_interface", NetworkInterfaceId=interface, InstanceId=instance,
                      DeviceIndex=7)
        done = s.run("verify", run)
        checks.check("a new interface: 7, and which", done.code == 7 and
                     re.search("CAME LOOSE: %s was attached" % interface, done.err), done)
        checks.check("a new interface: who may have done it", "aws-node" in done.err, done)


def test_hold():
    with Stage() as s:
        for text in ("10", "0s", "1d", "-5m", "5 m", "1e3", "25h", "m", ""):
            done = s.run(*RUN, "--yes", "--hold", text)
            good = text == "10"
            if not good:
                checks.equal("--hold %r" % text, done.code, 2, done)
        checks.equal("--recut alone", s.run(*RUN, "--yes", "--recut").code, 2)
        checks.equal("--hold of a plan", s.run("plan", *RUN[1:], "--hold", "10m").code, 2)
        checks.check("held for 10 s by the first", "Held to the end: it is as it was left" in
                     s.run("verify", "last").err or s.run("verify", "last").code == 0)
    hold_with("loose", 17, (), 7)
    hold_with("cut again", 32, ("--recut",), 0)


def hold_with(what, seconds, flags, code):
    with Stage() as s:
        first = s.interfaces()[0]
        process = s.cordon.start(*RUN, "--yes", "--hold", "%ds" % seconds, *flags)
        wait_for_run_end(s)
        s.colleague(first, s.group("database"))
        done = s.cordon.finish(process, time.time())
        checks.check(what + ": alarm", "CAME LOOSE" in done.err and first in done.err, done)
        checks.equal(what + ": exit", done.code, code, done)
        runs = [r for r in s.cordon.runs() if "-isolate-sg-" in r]
        checks.equal(what + ": runs", len(runs), 2 if flags else 1)
        if flags:
            checks.check(what + ": says by which run", "Cut again by the run" in done.err
                         and any(r in done.err for r in runs), done)


def wait_for_run_end(s):
    end = time.time() + 30
    while time.time() < end:
        try:
            if s.last(s.cordon.runs()[0], "run.end"):
                return
        except (IndexError, OSError):
            pass
        time.sleep(0.1)


def test_hold_interrupted():
    with Stage() as s:
        process = s.cordon.start(*RUN, "--yes", "--hold", "10m")
        wait_for_run_end(s)
        time.sleep(0.5)
        process.send_signal(2)
        done = s.cordon.finish(process, time.time(), 20)
        checks.check("Ctrl-C ends it, as it stands", done.code == 0 and "No longer held" in done.err, done)


# --- another peer -----------------------------------------------------------------------------

def test_moto():
    try:
        from world import Moto, WHY_NOT
    except ImportError as missing:
        WHY_NOT = str(missing)
    if WHY_NOT:
        checks.skip("moto", WHY_NOT)
        return
    moto = Moto()
    ids, before = moto.build(), None
    before = moto.picture()
    cordon = Cordon(PATH, moto.url)
    done = cordon.run("run", "isolate-sg", "instance=" + ids["web3"], "settle=0", "--yes")
    checks.equal("moto: isolated", done.code, 0, done)
    run = [r for r in cordon.runs() if "-isolate-sg-" in r][-1]
    checks.equal("moto: verify", cordon.run("verify", run).code, 0)
    done = cordon.run("undo", run, "--yes")
    checks.equal("moto: undo", done.code, 0, done)
    now = moto.picture()
    checks.check("moto: as before", now == before, [k for k in before if now[k] != before[k]])
    checks.equal("moto: twice", cordon.run("undo", run, "--yes").code, 0)


def main():
    only = [w for w in sys.argv[1:] if os.path.abspath(w) != PATH]
    for name, test in list(globals().items()):
        if name.startswith("test_") and (not only or name[5:] in only or name in only):
            test()
    checks.finish()


if __name__ == "__main__":
    main()
