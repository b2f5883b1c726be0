#!/usr/bin/env python3
"""`cordon resume` where it is asked for more than to go on: a resume that is killed itself, a
playbook of parallels, waits and caught errors, a window that was cut short, a changed playbook, a
step that was declined, runs that cannot be resumed.

Usage: resume_cases.py [CORDON] [--quick] [TEST ...]
"""
import os
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
from stage import READS, Stage  # noqa: E402

PATH = harness.binary()
QUICK = "--quick" in sys.argv
RUN = ("run", "isolate-sg", "instance=web-7", "settle=0.05", "--yes")
ASK = "[e]xplain: "
checks = harness.Checks()

MODULE = "return { word = 'one' }\n"
PLAYBOOK = """
local names = require "names"
local function tag(id, key, value)
  return ec2.create_tags { Resources = { id }, Tags = { { Key = key, Value = value } } }
end
return playbook {
  api = 1, name = "many", summary = "Parallels, waits, errors that are caught",
  args = { instance = { type = "instance", required = true, help = "which" } },
  run = function(args, step)
    local id = args.instance
    step("Tags", function()
      parallel({ 1, 2, 3 }, function(n)
        local seen = ec2.describe_tags { Filters = { { Name = "resource-id", Values = { id } } } }
        tag(id, "p" .. n, names.word)
        log("tagged " .. n .. " of " .. #seen.Tags)
      end)
      log(tostring(math.random(1000000)))
    end)
    step("Errors", { on_failure = "warn" }, function()
      local ok, e = pcall(tag, "i-0123456789abcdef0", "nobody", "x")
      log("caught " .. tostring(ok) .. " " .. tostring(type(e) == "table" and e.code))
      tag(id, "caught", "yes")
      wait(function()
        local found = ec2.describe_tags { Filters = { { Name = "key", Values = { "caught" } } } }
        return #found.Tags > 0
      end, { timeout = 5, interval = 0.05 })
    end)
    step("Looks", function()
      local found = ec2.describe_tags { Filters = { { Name = "key", Values = { "p1", "p2", "p3" } } } }
      expect(#found.Tags == 3, "three tags")
    end)
    step("Last", function() tag(id, "last", names.word) end)
    return {}
  end,
}
"""


def tags(key):
    return lambda r: r.params.get("Tag.1.Key") == key


class Own(Stage):
    """With a playbook of its own."""

    def __init__(self, text=PLAYBOOK, name="many"):
        super().__init__(PATH)
        self.folder = harness.scratch()
        self.file = os.path.join(self.folder, name + ".lua")
        self.write(text)
        self.words = ("run", self.file, "instance=web-7", "--yes")

    def write(self, text, module=MODULE):
        for path, content in ((self.file, text), (os.path.join(self.folder, "names.lua"), module)):
            with open(path, "w") as f:
                f.write(content)


def good_end(what, stage, done, wanted):
    checks.equal(what + ": resume", done.code, 0, done)
    checks.equal(what + ": the same end", stage.picture() == wanted, True)
    checks.equal(what + ": the journal verifies", stage.cordon.verifies(), "")
    checks.equal(what + ": done", stage.cordon.journal()[-1].get("state"), "done")


def once(stage):
    """Each tag was set once: a set with no double."""
    seen = [sorted(r.params.items()) for r in stage.mutations()
            if r.action == "CreateTags" and r.status == 200]
    return [s for s in seen if seen.count(s) > 1]


def test_parallels_waits_and_caught_errors():
    with Own() as stage:
        done = stage.cordon.run(*stage.words)
        checks.equal("many: a whole run", done.code, 0, done)
        wanted, total = stage.picture(), len(stage.proxy.seen())
    for n in range(1, total + 1, 4 if QUICK else 1):
        for executed in (False, True):
            with Own() as stage:
                what = "many, killed at %d %s" % (n, executed)
                first = stage.kill_at(n, executed, *stage.words)
                if first.code == 0:
                    continue
                done = stage.cordon.run("resume", "last", "--yes")
                said = done.err + done.out
                if "Run its playbook again" in said or "holds no journal" in said:
                    checks.equal(what + ": nothing was changed", stage.mutations(), [])
                    continue
                good_end(what, stage, done, wanted)
                checks.equal(what + ": no tag is set twice", once(stage), [], done)


def test_a_resume_is_killed_too():
    with Stage(PATH) as stage:
        stage.cordon.run(*RUN)
        wanted = stage.picture()
    for n in range(2, 60, 8 if QUICK else 2):
        with Stage(PATH) as stage:
            creations = []

            def is_cut(r):
                creations.append(r)
                return r.action == "ModifyNetworkInterfaceAttribute"
            process = stage.cordon.start(*RUN)
            stage.proxy.reset(proxies.Rule(when=is_cut, nth=2, after=lambda r: harness.kill(process)))
            stage.cordon.finish(process, time.time(), 60)
            second = stage.kill_at(n, n % 4 == 0, "resume", "last", "--yes")
            if second.code == 0:
                break
            done = stage.cordon.run("resume", "last", "--yes")
            good_end("the resume was killed at %d" % n, stage, done, wanted)


def test_a_window_that_was_cut_short():
    with Stage(PATH) as stage:
        before = stage.picture(evidence=False)
        process = stage.cordon.start("run", "isolate-sg", "instance=web-7", "settle=1", "--yes")
        harness.until(lambda: len(stage.proxy.seen("ModifyNetworkInterfaceAttribute")) >= 2)
        time.sleep(0.2)
        harness.kill(process)
        stage.cordon.finish(process, time.time())
        mark = len(stage.proxy.seen())
        done = stage.cordon.run("resume", "last", "--yes")
        checks.equal("cut short: resume", done.code, 0, done)
        checks.check("cut short: it says so", "once more" in done.err, done)
        later = [r for r in stage.proxy.seen(dry=False)
                 if r.number > mark and not r.action.startswith(READS)]
        opening = [r for r in later if r.action.startswith("Authorize")]
        cuts = [r for r in later if r.action == "ModifyNetworkInterfaceAttribute"]
        # Closed first (two interfaces), opened again (two), closed (two).
        checks.equal("cut short: six changes of interfaces", len(cuts), 6, later)
        checks.check("cut short: what closing took away was given back before",
                     len(opening) >= 2 and all(r.at < cuts[2].at for r in opening), later)
        checks.check("cut short: open for as long as it should be", cuts[4].at - cuts[3].at >= 1, later)
        undone = stage.cordon.run("undo", "last", "--yes")
        checks.equal("cut short: undo", undone.code, 0, undone)
        checks.equal("cut short: undo gives back what was", stage.picture(evidence=False) == before, True)
        again = stage.cordon.run("resume", stage.cordon.runs()[0], "--yes")
        checks.equal("an undone run is not resumed", again.code, 2, again)


def test_a_changed_playbook():
    for what, change in (("playbook", lambda s: s.write(PLAYBOOK.replace("Last", "Lost"))),
                         ("module", lambda s: s.write(PLAYBOOK, "return { word = 'two' }\n")),
                         ("gone", lambda s: os.unlink(s.file))):
        with Own() as stage:
            stage.proxy.reset(proxies.Rule("CreateTags", when=tags("last"),
                                           error=("UnauthorizedOperation", 403)))
            stage.cordon.run(*stage.words[:-1], "--yes")
            first = [r for r in stage.mutations()]
            change(stage)
            stage.proxy.rules = []
            done = stage.cordon.run("resume", "last", "--yes")
            checks.equal("changed %s: refused" % what, done.code, 6, done)
            checks.equal("changed %s: nothing is sent" % what, len(stage.mutations()), len(first))


def test_a_playbook_that_leaves_its_journal():
    """The same text that does another thing: the journal is what it is measured by."""
    with Own() as stage:
        process = stage.cordon.start(*stage.words)
        stage.proxy.reset(proxies.Rule("CreateTags", when=tags("caught"),
                                       after=lambda r: harness.kill(process)))
        first = stage.cordon.finish(process, time.time())
        path = stage.cordon.journal_path()
        lines = stage.cordon.journal()
        if first.code == 0 or not any(x["kind"] == "call.outcome" for x in lines):
            checks.skip("leaves its journal", "it was killed too early")
            return
        # A journal of the same chain in which one answer is another: only its owner can write it.
        import hashlib
        import json
        prev, out = "0" * 64, []
        for line in lines:
            line.pop("hash")
            line["prev"] = prev
            if line["kind"] == "call.intent" and line["params"].get("Tags", [{}])[0].get("Key") == "p2":
                line["params"]["Tags"][0]["Value"] = "another"
            head = {k: line[k] for k in ("v", "seq", "t", "run", "kind")}
            rest = {k: line[k] for k in sorted(line) if k not in head and k != "prev"}
            body = json.dumps(dict(head, **rest, prev=prev), separators=(",", ":"), ensure_ascii=False)[:-1]
            prev = hashlib.sha256(body.encode()).hexdigest()
            out.append(body + ',"hash":"' + prev + '"}')
        with open(path, "w") as f:
            f.write("\n".join(out) + "\n")
        checks.equal("leaves its journal: it verifies", stage.cordon.verifies(), "")
        sent = len(stage.mutations())
        done = stage.cordon.run("resume", "last", "--yes")
        checks.equal("leaves its journal: exit 6", done.code, 6, done)
        checks.check("leaves its journal: it says where", "left its journal at line" in done.err, done)
        checks.equal("leaves its journal: nothing is sent", stage.mutations()[sent:], [])


def test_a_declined_step():
    with Stage(PATH) as stage:
        t = stage.cordon.terminal(*RUN[:-1])
        t.answer(ASK, "y")
        t.answer(ASK, "n")
        first = t.wait()
        checks.equal("declined at step 2", first.code, 3, first)
        checks.check("it says how to finish", "cordon resume" in first.err, first)
        t = stage.cordon.terminal("resume", "last")
        asked = 0
        while t.expect(ASK, 20):
            asked += 1
            t.send("y\n")
        done = t.wait()
        checks.equal("resumed on a terminal", done.code, 0, done)
        checks.equal("only the steps that were left are asked about", asked, 3, done)
        checks.check("step 1 is not shown again", "PREPARE" not in done.err, done)


def test_nobody_to_ask():
    with Stage(PATH) as stage:
        process = stage.cordon.start(*RUN)
        stage.proxy.reset(proxies.Rule("CreateTags", when=tags("cordon:run"),
                                       after=lambda r: harness.kill(process)))
        stage.cordon.finish(process, time.time())
        sent = len(stage.mutations())
        checks.check("nobody to ask: it was under way", sent >= 8, sent)
        done = stage.cordon.run("resume", "last")
        checks.equal("nobody to ask", done.code, 5, done)
        checks.equal("nothing is sent", stage.mutations()[sent:], [])
        done = stage.cordon.run("resume", "last", "--yes")
        checks.equal("and then somebody says yes", done.code, 0, done)


def test_runs_that_cannot_be_resumed():
    with Stage(PATH) as stage:
        cordon = stage.cordon
        done = cordon.run("resume", "last")
        checks.equal("no run", done.code, 2, done)
        checks.equal("no words", cordon.run("resume").code, 2)
        cordon.run("call", "ec2", "create_tags", '{"Resources":["i-0021dff32fc526d64"],"Tags":[{"Key":"a","Value":"b"}]}', "--yes")
        done = cordon.run("resume", "last")
        checks.equal("a call is over", done.code, 0, done)
        process = cordon.start(*RUN[:-2], "settle=3", "--yes")
        harness.until(lambda: len(stage.proxy.seen("ModifyNetworkInterfaceAttribute")) >= 2)
        done = cordon.run("resume", "last", "--yes")
        checks.check("a run that runs", done.code not in (0, 9) and "running" in done.err + done.out, done)
        os.kill(process.pid, 2)
        ended = cordon.finish(process, time.time())
        checks.equal("Ctrl-C in the window", ended.code, 130, ended)
        done = cordon.run("resume", "last", "--yes")
        checks.equal("resumed after Ctrl-C", done.code, 0, done)
        checks.check("the window once more", "once more" in done.err, done)
        path = cordon.journal_path()
        with open(path, "r+b") as f:
            data = f.read()
            f.seek(len(data) // 2)
            f.write(b"X")
        done = cordon.run("resume", "last", "--yes")
        checks.equal("a journal that was changed", done.code, 8, done)


def main():
    only = [w for w in sys.argv[2:] if not w.startswith("--")]
    for name, test in list(globals().items()):
        if name.startswith("test_") and (not only or name in only):
            test()
    checks.finish()


if __name__ == "__main__":
    main()
