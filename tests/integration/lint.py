#!/usr/bin/env python3
"""`cordon lint` and `cordon new`: what they print, their exit codes, and that no request leaves.

lint.py [CORDON]. Every command but the rehearsals at the end is given an endpoint that counts who
connects to it: nobody may.
"""
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CORDON = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else
                         os.path.join(TOP, "build", os.environ.get("MODE", "debug"), "cordon"))
passed = failed = skipped = 0
FINDING = re.compile(r"^([^:]+):(\d+):(\d+): (warning: )?(.+)$")

GOOD = """return playbook { api = 1, name = "good", summary = "x",
  args = { instance = { type = "instance", required = true } },
  run = function(args, step)
    step("Tag", function()
      ec2.create_tags { Resources = { args.instance }, Tags = { { Key = "a", Value = "b" } } }
    end)
  end }
"""
BAD = """local helpers = require "helpers"
return playbook { api = 1, name = "bad", summary = "x",
  args = { instance = { type = "instance" }, settle = { type = "number" } },
  run = function(args, step)
    local host = helpers.host(args.instanc)
    ec2.describe_instnces { InstanceIds = { args.instance } }
    ec2.describe_instances { InstanceId = { host }, MaxResults = "5" }
    step("Make", function() ec2.create_security_group { GroupName = "x" } end)
    ec2.delete_security_group { GroupId = "sg-1" }
    prnt("done")
  end }
"""
HELPERS = """local helpers = {}
function helpers.host(id)
  return ec2.describe_instances { InstanceIds = id and { id } or nil, Filter = {} }
end
return helpers
"""


def check(what, good, detail=""):
    global passed, failed
    passed, failed = passed + bool(good), failed + (not good)
    if not good:
        print("FAIL %s %s" % (what, detail))


class Nobody:
    """A port that counts connections and answers none."""

    def __init__(self):
        self.socket = socket.socket()
        self.socket.bind(("127.0.0.1", 0))
        self.socket.listen(16)
        self.connections = 0
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            peer, _ = self.socket.accept()
            self.connections += 1
            peer.close()

    @property
    def url(self):
        return "http://127.0.0.1:%d" % self.socket.getsockname()[1]


class Folder:
    """Runs cordon in a folder of its own, with a configuration of its own."""

    def __init__(self, path, url):
        self.path = path
        self.environment = {
            "PATH": os.environ["PATH"], "HOME": path, "XDG_CONFIG_HOME": path + "/config",
            "XDG_STATE_HOME": path + "/state", "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "x", "AWS_REGION": "eu-west-1", "AWS_ENDPOINT_URL": url}

    def write(self, name, text):
        path = os.path.join(self.path, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8", newline="") as f:
            f.write(text)
        return name

    def run(self, *words, timeout=120, **environment):
        return subprocess.run([CORDON, *words], cwd=self.path, capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=timeout,
                              env=dict(self.environment, **environment))


def shipped(folder):
    for path in sorted(os.listdir(os.path.join(TOP, "playbooks"))):
        if path.endswith(".lua"):
            done = folder.run("lint", os.path.join(TOP, "playbooks", path))
            check(path + " is clean", done.returncode == 0 and done.stdout == "", done.stdout)
            done = folder.run("lint", path[:-4])
            check(path + " by name", done.returncode == 0 and done.stdout == "", done.stdout)


def guide(folder):
    """The playbooks of the guide, and its fragments inside a playbook."""
    text = open(os.path.join(TOP, "docs", "playbook-guide.md"), encoding="utf-8").read()
    whole = re.findall(r"\n```lua\n(-- ([\w-]+\.lua)\n.*?)\n```", text, re.S)
    check("the guide has playbooks", len(whole) >= 2, len(whole))
    for code, name in whole:
        done = folder.run("lint", folder.write("guide/" + name, code))
        check("the guide's " + name, done.returncode == 0 and done.stdout == "", done.stdout)
    for number, code in enumerate(re.findall(r"\n```lua fragment\n(.*?)\n```", text, re.S)):
        wrapped = ('local isolate = require "isolate"\nreturn playbook { api = 1, name = "x",'
                   ' summary = "x",\nargs = { instance = { type = "instance" } },\nrun = function('
                   "args, step)\nlocal host = isolate.instance(args.instance)\nlog(host.id)\n"
                   "step(\"x\", function() end)\n%s\nend }\n" % code)
        done = folder.run("lint", folder.write("guide/fragment%d.lua" % number, wrapped))
        errors = [line for line in done.stdout.splitlines() if ": warning: " not in line]
        check("fragment %d of the guide" % number, done.returncode == 0 and not errors, done.stdout)


WANTED = [  # file, line, words
    ("lib/helpers.lua", 3, 'unknown parameter "Filter"; did you mean Filters?'),
    ("bad.lua", 3, "the argument 'settle' is declared and never used"),
    ("bad.lua", 5, "args.instanc is not declared (did you mean 'instance'?)"),
    ("bad.lua", 6, 'ec2 has no operation "describe_instnces"; did you mean describe_instances?'),
    ("bad.lua", 7, 'unknown parameter "InstanceId"; did you mean InstanceIds?'),
    ("bad.lua", 7, "MaxResults: must be an integer, not a string"),
    ("bad.lua", 8, "the required parameter Description is missing"),
    ("bad.lua", 9, "ec2.delete_security_group changes something, outside any step"),
    ("bad.lua", 10, "undefined name 'prnt' (did you mean 'print'?)"),
]


def findings(folder):
    folder.write("lib/helpers.lua", HELPERS)
    done = folder.run("lint", folder.write("bad.lua", BAD))
    lines = [FINDING.match(line) for line in done.stdout.splitlines()]
    check("a bad playbook exits 2", done.returncode == 2, done)
    check("one finding a line, as file:line:column: text", lines and all(lines), done.stdout)
    found = [(m.group(1).removeprefix("./"), int(m.group(2)), m.group(5)) for m in lines if m]
    for file, line, words in WANTED:
        check("finds " + words, any(f == file and n == line and words in text
                                    for f, n, text in found), done.stdout)
    check("and nothing else", len(found) == len(WANTED), done.stdout)
    places = [(f != "bad.lua", n) for f, n, _ in found]
    check("in order", places == sorted(places), done.stdout)
    check("the sum is said", "bad.lua: %d errors, 0 warnings" % len(WANTED) in done.stderr,
          done.stderr)
    check("twice the same", folder.run("lint", "bad.lua").stdout == done.stdout)


def as_json(folder):
    done = folder.run("lint", "--json", "bad.lua", folder.write("good.lua", GOOD))
    events = [json.loads(line) for line in done.stdout.splitlines()]
    check("--json exits 2", done.returncode == 2, done.returncode)
    check("each event has its version", all(e["format_version"] == 1 for e in events), events)
    given = [e for e in events if e["event"] == "finding"]
    check("an event a finding", len(given) == len(WANTED) and all(
        isinstance(e["line"], int) and isinstance(e["column"], int) and e["file"] and e["text"]
        and e["rule"] and e["severity"] in ("error", "warning") for e in given), given)
    sums = [(e["playbook"], e["errors"], e["warnings"]) for e in events if e["event"] == "lint"]
    check("an event a playbook", sums == [("bad.lua", len(WANTED), 0), ("good.lua", 0, 0)], sums)


def exit_codes(folder):
    good = folder.run("lint", "good.lua")
    check("a good playbook exits 0, says so", good.returncode == 0 and good.stdout == "" and
          "good.lua: ok" in good.stderr, good)
    folder.write("warned.lua", GOOD.replace("    step(", "    local unused = 1\n    step("))
    warned = folder.run("lint", "warned.lua")
    check("warnings exit 0", warned.returncode == 0 and
          "warned.lua:4:11: warning: the local 'unused' is never used" in warned.stdout, warned)
    for what, words in [("no playbook", []), ("an unknown one", ["nonsense"]),
                        ("a folder", ["./lib"]), ("a missing file", ["missing.lua"])]:
        done = folder.run("lint", *words)
        check(what + " exits 2", done.returncode == 2 and done.stderr, done)
    done = folder.run("lint", "good.lua", "missing.lua", "good.lua")
    check("one of several exits 2, the others are checked", done.returncode == 2 and
          done.stderr.count("good.lua: ok") == 2, done)
    folder.write("syntax.lua", GOOD.replace("function(args, step)", "function(args, step"))
    done = folder.run("lint", "syntax.lua")
    check("a syntax error, once", done.returncode == 2 and len(done.stdout.splitlines()) == 1 and
          done.stdout.startswith("syntax.lua:4:5: ')' expected"), done.stdout)


def loading(folder):
    """What only the sandbox finds, and what hurts when it is loaded."""
    cases = {"name.lua": (GOOD.replace('"good"', '"Not Good"'), "name.lua:1:1: ", "'name' must be"),
             "value.lua": ("return 1\n", "value.lua:", "must end with: return playbook"),
             "raises.lua": ("local _ = nil + 1\n" + GOOD, "raises.lua:1:", "arithmetic"),
             "loads.lua": ("ec2.describe_vpcs {}\n" + GOOD, "loads.lua:1:5: ", "only inside run")}
    for name, (text, place, words) in cases.items():
        done = folder.run("lint", folder.write(name, text))
        lines = done.stdout.splitlines()
        check(name, done.returncode == 2 and len(lines) == 1 and lines[0].startswith(place) and
              words in lines[0], done.stdout)
    done = folder.run("lint", "--deadline", "1", folder.write("loop.lua", "while true do end"),
                      timeout=20)
    check("an endless loop ends", done.returncode == 2 and "time" in done.stdout, done.stdout)
    hostile = "\x1b[2J\u202e" + GOOD.replace("function(args", "function(\x1b]0;owned\x07args")
    done = folder.run("lint", folder.write("escape.lua", hostile))
    check("control characters are escaped", done.returncode == 2 and "\x1b" not in done.stdout and
          "\x07" not in done.stdout and "\u202e" not in done.stdout, repr(done.stdout))
    done = folder.run("lint", folder.write("deep.lua", "return " + "(" * 500000))
    check("deep nesting is an error", done.returncode == 2 and "overflow" in done.stdout,
          done.stdout + done.stderr)


def names_are_the_sandbox_s(folder):
    """Each global and each function that lint lets pass is really there: the sandbox is strict."""
    words = ("assert error getmetatable ipairs load next pairs pcall rawequal rawget rawlen rawset "
             "select setmetatable tonumber tostring type _VERSION playbook window expect log print "
             "parallel wait require xpcall run_id ticket ec2 sqs sts math.floor string.format "
             "table.concat utf8.char coroutine.wrap os.time os.date").split()
    body = "local all = { %s }\n" % ", ".join(words)
    done = folder.run("lint", folder.write("names.lua", body + "return #all > 0 and " + GOOD[7:]))
    check("what there is passes", done.returncode == 0 and done.stdout == "", done.stdout)
    for word in ("io", "debug", "package", "collectgarbage", "step", "os.execute", "string.dump"):
        text = "local all = { %s }\nreturn #all > 0 and %s" % (word, GOOD[7:])
        done = folder.run("lint", folder.write("names.lua", text))
        check(word + " does not", done.returncode == 2 and "names.lua:1:" in done.stdout, done.stdout)


def new(folder):
    done = folder.run("new", "my-first")
    path = os.path.join(folder.path, "playbooks", "my-first.lua")
    check("new writes ./playbooks/NAME.lua", done.returncode == 0 and os.path.isfile(path), done)
    for words in ("playbooks/my-first.lua", "cordon lint my-first", "cordon show my-first",
                  "cordon plan my-first instance="):
        check("it says " + words, words in done.stderr, done.stderr)
    text = open(path, encoding="utf-8").read()
    check("it is named", 'name    = "my-first"' in text and "new-playbook" not in text)
    done = folder.run("lint", "my-first")
    check("it lints clean", done.returncode == 0 and done.stdout == "", done.stdout)
    done = folder.run("show", "my-first")
    check("it shows", done.returncode == 0 and "instance=" in done.stdout and "settle=" in
          done.stdout and "cordon run my-first instance=..." in done.stdout, done)
    listed = folder.run("list").stdout
    check("it is listed, the template is not", "my-first" in listed and "templates" not in listed
          and "new-playbook" not in listed, listed)
    done = folder.run("new", "my-first")
    check("an existing file is left alone", done.returncode == 2 and "is there already" in
          done.stderr and open(path, encoding="utf-8").read() == text, done)
    os.symlink("/nonexistent/target", os.path.join(folder.path, "playbooks", "link.lua"))
    check("a dangling link too", folder.run("new", "link").returncode == 2)
    for name in ("", "a/b", "../x", "a.lua", "a b", ".hidden", "_x", "a" * 65, "\u00e9"):
        done = folder.run("new", name)
        check("the name %r is refused" % name, done.returncode == 2 and "cannot be" in done.stderr,
              done)
    check("two names are refused", folder.run("new", "a", "b").returncode == 2)
    check("none is refused", folder.run("new").returncode == 2)
    folder.run("new", "Odd_Name")
    done = folder.run("lint", "Odd_Name")
    check("a name that cannot be declared as it is", done.returncode == 0, done)
    done = folder.run("new", "--json", "third")
    check("--json tells the file", json.loads(done.stdout)["file"] == "playbooks/third.lua", done)
    done = folder.run("new", "isolate-sg")
    check("hiding a shipped one is said", done.returncode == 0 and "warning" in done.stderr, done)
    os.remove(os.path.join(folder.path, "playbooks", "isolate-sg.lua"))


def unwritable(folder):
    if os.geteuid() == 0:
        folder.write("plain/playbooks", "a file where the folder should be")
        words = {"cwd": os.path.join(folder.path, "plain")}
    else:
        os.makedirs(os.path.join(folder.path, "plain"), mode=0o500)
        words = {"cwd": os.path.join(folder.path, "plain")}
    done = subprocess.run([CORDON, "new", "x"], env=folder.environment, capture_output=True,
                          text=True, **words)
    check("a folder that cannot be had is an error", done.returncode != 0 and done.stderr, done)


def rehearse(folder):
    global skipped
    try:
        import moto_world
    except ImportError:
        skipped += 1
        print("skipped: boto3 or moto is not there")
        return
    process, url = moto_world.start()
    try:
        moto_world.build(url)
        for instance in ("web-3", "asg-1"):
            done = folder.run("plan", "my-first", "instance=" + instance, AWS_ENDPOINT_URL=url)
            check("the new playbook rehearses on " + instance, done.returncode == 0 and
                  "Cut it off" in done.stderr and "Verify" in done.stderr, done)
        done = folder.run("run", "my-first", "instance=web-3", "settle=1", "--yes",
                          AWS_ENDPOINT_URL=url)
        check("and runs", done.returncode == 0, done)
    finally:
        process.terminate()
        process.wait()


def main():
    nobody = Nobody()
    path = tempfile.mkdtemp()
    try:
        folder = Folder(path, nobody.url)
        for part in (shipped, guide, findings, as_json, exit_codes, loading,
                     names_are_the_sandbox_s, new, unwritable):
            part(folder)
        check("no request left", nobody.connections == 0, nobody.connections)
        rehearse(folder)
    finally:
        shutil.rmtree(path)
    print("%d passed, %d failed, %d skipped" % (passed, failed, skipped))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
