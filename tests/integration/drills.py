"""Drills: the shipped ones, their reports, hostile drill files, and no word to AWS.

    drills.py [CORDON]
"""
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import xml.etree.ElementTree as xml

from harness import TOP, Checks, binary, is_sanitized

CORDON = binary()
C = Checks()
WORK = tempfile.mkdtemp(prefix="drills-test-")
SHIPPED = os.path.join(TOP, "playbooks", "drills")
MEANT_TO_FAIL = {"naive-swap.lua", "ipv6-hole.lua", "terminated-by-its-group.lua"}


# The default world as a file, one JSON record a line.
SAVE_WORLD = """
package.path = "stdlib/host/?.lua;" .. package.path
local function json(v)
  if type(v) == "string" then return '"' .. v:gsub('[%c"\\\\]', function(c) return ("\\\\u%04x"):format(c:byte()) end) .. '"' end
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


def drill(*words, env=None, cwd=TOP):
    full = dict(os.environ, TMPDIR=WORK, **(env or {}))
    got = subprocess.run([CORDON, "drill"] + list(words), stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, env=full, cwd=cwd, timeout=300)
    return got.returncode, got.stdout.decode(), got.stderr.decode()


def tap(text):
    """A TAP 13 reader: {number: (ok, description, directive)}; raises for what is no TAP."""
    lines = text.split("\n")
    assert lines[0] == "TAP version 13", lines[0]
    count = int(re.fullmatch(r"1\.\.(\d+)", lines[1]).group(1))
    points, block = {}, False
    for line in lines[2:]:
        if block or line == "  ---":
            block = line != "  ..."
            continue
        if not line or line.startswith("#"):
            continue
        m = re.fullmatch(r"(not ok|ok) (\d+) - ((?:[^\\#]|\\.)*?)(?: # (TODO|SKIP)\b.*)?", line)
        assert m, "not a TAP line: " + line
        points[int(m.group(2))] = (m.group(1) == "ok", m.group(3), m.group(4))
    assert sorted(points) == list(range(1, count + 1)), points
    return points


def write(name, text):
    path = os.path.join(WORK, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as f:
        f.write(text)
    return path


WORLD = """
    local vpc = w:vpc { cidr = "10.0.0.0/16", internet = true }
    local subnet = vpc:subnet { cidr = "10.0.1.0/24", public = true }
    local web = subnet:instance { name = "web", groups = { vpc:group { ingress = { "tcp 443 0.0.0.0/0" } } } }
    w:flow { name = "c2", from = web, to = "198.51.100.7", port = 4444 }
"""


def script(expect="w:exit(0)", world=WORLD, more="", run='{ playbook = "isolate-sg", args = { instance = "web" } }'):
    return """return drill {
  name = "under test", %s
  world = function(w) %s end,
  run = %s,
  expect = function(w) %s end,
}""" % (more, world, run, expect)


def one(name, text, *flags, env=None):
    return drill(write(name, text), *flags, env=env)


# --- the shipped drills --------------------------------------------------------------------

def shipped():
    junit = os.path.join(WORK, "report.xml")
    code, out, err = drill(SHIPPED, "--junit", junit)
    C.equal("the shipped drills do as they declare", code, 0, out + err)
    C.equal("nothing is said on stderr", err, "")
    points = tap(out)
    files = sorted(os.listdir(SHIPPED))
    files.remove("lib")
    C.check("at least twelve drills are shipped", len(points) >= 12, points)
    C.equal("each file is a test point", len(points), len(files))
    for number, name in enumerate(files, 1):
        good, text, directive = points[number]
        meant = name in MEANT_TO_FAIL
        C.equal("%s (%s)" % (name, text), (good, directive), (False, "TODO") if meant else (True, None), out)
    C.check("the score is told", re.search(r"# contained after \d+ round trips and 5 s of waiting", out), out)
    suite = xml.parse(junit).getroot().find("testsuite")
    C.equal("JUnit counts the tests", int(suite.get("tests")), len(files))
    C.equal("JUnit counts no failure", (suite.get("failures"), suite.get("errors")), ("0", "0"))
    C.equal("JUnit has a case for each", len(suite.findall("testcase")), len(files))
    again = os.path.join(WORK, "again.xml")
    code, second, _ = drill(SHIPPED, "--junit", again)
    C.equal("the same output twice", second, out)
    with open(junit) as a, open(again) as b:
        C.equal("the same JUnit report twice", b.read(), a.read())
    C.equal("the drills' folders are removed", [n for n in os.listdir(WORK) if n.startswith("cordon-drill")], [])


def embedded():
    code, out, err = drill(cwd=WORK)
    C.equal("without words the embedded drills run", code, 0, out + err)
    C.equal("they are as many", len(tap(out)), len(os.listdir(SHIPPED)) - 1, out)


# --- reports of what fails -------------------------------------------------------------------

def failing():
    junit = os.path.join(WORK, "failing.xml")
    code, out, _ = one("fails.lua", script('w:exit(0) w:alive "c2" w:calls(1)').replace("under test", "a <b> & \\\"c\\\" # d"),
                       "--junit", junit)
    C.equal("a failing drill: exit 1", code, 1, out)
    C.check("it says what was expected, and what was found",
            'expected: "c2 is alive"' in out and "it is cut: " in out and "there were " in out, out)
    C.check("a # in a name is no directive", tap(out)[1] == (False, 'a <b> & "c" \\# d', None), out)
    case = xml.parse(junit).getroot().find("testsuite/testcase")
    C.equal("JUnit keeps the name", case.get("name"), 'a <b> & "c" # d')
    C.check("JUnit has the failure", "c2 is alive" in case.find("failure").text, case)
    code, out, _ = one("meant.lua", script('w:cut "c2"', more='expect_failure = "c2 is cut",'))
    C.equal("a drill that is meant to fail and passes has failed", (code, tap(out)[1][0], tap(out)[1][2]),
            (1, False, None), out)
    code, out, _ = one("other.lua", script('w:alive "c2" w:exit(3)', more='expect_failure = "c2 is alive",'))
    C.equal("it must fail in nothing else", code, 1, out)
    code, out, _ = one("empty.lua", script(""))
    C.equal("a drill without an expectation has not failed", code, 0, out)
    code, out, _ = one("moments.lua", script(
        'w:at("window open"):alive "c2" w:at("Cut off closed"):cut "c2" w:at("step 2 closed"):cut "c2" w:at("start"):alive "c2"'))
    C.equal("states at every moment", code, 0, out)
    code, out, _ = one("two.lua", script('w:exit(0) w:run { playbook = "isolate-sg", args = { instance = "web" } } '
                                         'w:exit(0) w:says "isolated already" w:calls(0)'))
    C.equal("another run in expect", code, 0, out)
    code, out, err = drill(os.path.join(WORK, "nothing-here.lua"))
    C.check("no such file: exit 2", code == 2 and "nothing-here.lua" in err, (code, out, err))


def not_loading():
    cases = {
        "syntax": ("return drill {", "unexpected symbol"),
        "no drill": ("return 1", "must end with: return drill"),
        "unknown field": (script(more='fualts = {},'), "did you mean 'faults'?"),
        "no run": ('return drill { name = "x", world = function() end, expect = function() end }', "'run'"),
        "a fault that does nothing": (script(more='faults = { { operation = "x" } },'), "a fault needs one of"),
        "a fault of another name": (script(more='faults = { { operation = "x", cod = "y" } },'), "did you mean 'code'?"),
        "an answer that is none": (script(more='operator = { Prepare = "perhaps" },'), "perhaps" and "none of"),
        "a global": ("ec2.describe_vpcs {}\nreturn 1", "undefined name 'ec2'"),
        "a playbook": ('return playbook { api = 1 }', "undefined name 'playbook'"),
        "many stars": (script(more='faults = { { operation = "%s", deny = true } },' % ("*a" * 30)), "stars"),
    }
    for what, (text, said) in cases.items():
        code, out, _ = one("load.lua", text)
        C.check("%s does not load: exit 2" % what, code == 2 and said in out, (code, out))
        tap(out)
    for what, world, said in (
            ("an unknown word", "w:vcp {}", "did you mean 'vpc'?"),
            ("an unknown option", 'w:vpc { cidrs = "10.0.0.0/16" }', "did you mean 'cidr'?"),
            ("a wrong type", "w:vpc { cidr = 7 }", "must be a text"),
            ("a flow that cannot be", WORLD + 'w:flow { name = "x", from = "203.0.113.1", to = web, port = 22 }', "cannot be open"),
            ("AWS's own refusal", 'w:vpc { cidr = "10.0.0.0/8" }', "InvalidVpc"),
            ("an object of another kind", 'local v = w:vpc {} v:subnet { cidr = "10.0.0.0/24", table = v }', "route_table")):
        code, out, _ = one("world.lua", script(world=world))
        C.check("%s: exit 1, with file and line" % what,
                code == 1 and said in out and re.search(r"world\.lua:\d+", out), (code, out))


# --- faults ----------------------------------------------------------------------------------

def faults():
    table = {
        "a throttled call is sent again": (
            '{ operation = "authorize_security_group_ingress", nth = 1, code = "RequestLimitExceeded" }',
            'w:exit(0) w:cut "c2" w:says "DONE"'),
        "an error for good ends the run": (
            '{ operation = "create_security_group", nth = 1, code = "SecurityGroupLimitExceeded" }',
            'w:exit(3) w:alive "c2" w:undo() w:same_as_before()'),
        "a call lost before it arrived is sent again": (
            '{ operation = "create_security_group", nth = 1, timeout = "before" }', 'w:exit(0) w:cut "c2"'),
        "an opening call whose answer is lost": (
            '{ operation = "modify_network_interface_attribute", nth = 1, timeout = "after" }',
            'w:cut "c2" w:window { most = 100 } w:journal_verifies() w:undo() w:same_as_before()'),
        "a slow account: the window has a length": (
            '{ operation = "modify_network_interface_attribute", latency = 3 }',
            'w:exit(0) w:cut "c2" w:window { least = 8, most = 20 }'),
        "stale reads after a change": (
            '{ operation = "describe_security_groups", stale = 1 }', 'w:exit(0) w:cut "c2"'),
        "a proof that is denied before the cut: nothing is cut": (
            '{ operation = "modify_network_interface_attribute", deny = true }',
            'w:exit(3) w:alive "c2" w:window { none = true } w:undo() w:same_as_before()'),
        "killed before the opening call": (
            '{ operation = "modify_network_interface_attribute", nth = 1, kill = "before" }',
            'w:exit(137) w:alive "c2" w:close() w:journal_verifies() w:undo() w:same_as_before()'),
        "killed between the steps": (
            '{ operation = "create_security_group", nth = 2, kill = "after" }',
            'w:exit(137) w:alive "c2" w:journal_verifies()'),
        "a full disk inside the window": (
            '{ operation = "modify_network_interface_attribute", nth = 1, disk = "full" }',
            'w:cut "c2" w:window { most = 8 } w:journal_verifies()'),
    }
    for what, (fault, expect) in table.items():
        code, out, err = one("fault.lua", script(expect, more="faults = { %s }," % fault))
        C.equal(what, code, 0, out + err)
    answers = {
        "no at the first question": ('{ Prepare = "no" }', 'w:exit(5) w:calls(0) w:alive "c2"'),
        "no, by the question's number": ('{ "yes", "no" }', 'w:exit(3) w:alive "c2"'),
        "end of input": ('{ ["Cut off"] = "end of input" }', 'w:exit(3) w:alive "c2"'),
        "Ctrl-C at the question": ('{ ["Cut off"] = "ctrl-c" }', 'w:exit(130) w:alive "c2" w:undo() w:same_as_before()'),
        "all": ('{ Prepare = "all" }', 'w:exit(0) w:cut "c2"'),
    }
    for what, (answer, expect) in answers.items():
        code, out, err = one("answer.lua", script(expect, more="operator = %s," % answer))
        C.equal("the operator: " + what, code, 0, out + err)


# --- hostile drills ----------------------------------------------------------------------------

def hostile():
    secret = write("secret.txt", "TOP SECRET")
    write("lib/reader.lua", 'return { text = "from lib" }')
    code, out, _ = one("lib.lua", script('w:that(require("reader").text == "from lib", "lib is found")'))
    C.equal("a drill requires from its own lib/", code, 0, out)
    cases = {
        "an endless loop": "while true do end",
        "an endless loop that catches": "while true do pcall(function() while true do end end) end",
        "a memory bomb": "local t = {} while true do t[#t + 1] = string.rep('x', 1e6) end",
        "a pattern bomb": "string.find(string.rep('a', 1e5), string.rep('a?', 1e4) .. string.rep('a', 1e4))",
        "a string bomb": "local s = 'x' while true do s = s .. s end",
        "files": "io.open(%r)" % secret,
        "a program": "os.execute('touch %s/ran')" % WORK,
        "a chunk of its own": "load('return 1')()",
        "dofile": "dofile(%r)" % secret,
        "require of a path": "require('../secret')",
        "require of the core": "require('core_drill')",
        "a world outside its folder": "w:load('../../etc/passwd')",
        "a metatable": "getmetatable('').__index.find = nil",
        "a flood of words": "while true do w:vpc { cidr = '10.0.0.0/16' } end",
        "a flood of expectations": "while true do w:that(true, 'x') end",
        "a cyclic table": "local t = {} t.t = t w:call('describe_vpcs', t)",
        "a deep table": "local t = {} for i = 1, 1e5 do t = { t } end w:call('describe_vpcs', t)",
        "a forged object": "w:vpc {} local f = setmetatable({}, {}) w:flow { name = 'x', from = { handle = 99 }, to = '1.2.3.4', port = 1 }",
        "words of another kind": "w:call(string.rep('x', 1e6))",
        "an error of its own": "error({ message = {} })",
    }
    for what, text in cases.items():
        for where in ("world", "expect"):
            began = time.time()
            source = script(world=text if where == "world" else WORLD, expect=text if where == "expect" else "")
            if is_sanitized(CORDON) and where == "expect":
                continue
            code, out, err = one("hostile.lua", source, "--deadline", "2")
            took = time.time() - began
            C.check("%s in %s: refused or ended, and told" % (what, where),
                    code == 1 and tap(out)[1][0] is False and took < 40, (code, took, out, err))
            C.check("%s: nothing of the file system shows" % what, "TOP SECRET" not in out + err, out)
    C.check("no program ran", not os.path.exists(os.path.join(WORK, "ran")))
    code, out, _ = one("path.lua", script(run='{ playbook = "../../etc/passwd" }'))
    C.check("a playbook by a path is refused", code == 1 and "a plain name is wanted" in out, out)
    write("lib/forever.lua", 'return playbook { api = 1, name = "forever", summary = "x", '
                             'run = function() while true do end end }')
    code, out, _ = one("forever.lua", script('w:exit(1) w:says "used up its time for computing"', run='{ playbook = "forever" }'),
                       "--deadline", "2")
    C.equal("a playbook that loops ends as a run", code, 0, out)


# --- AWS -----------------------------------------------------------------------------------------

def no_aws():
    asked = []
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(16)

    def accept():
        while True:
            try:
                asked.append(listener.accept())
            except OSError:
                return

    threading.Thread(target=accept, daemon=True).start()
    url = "http://127.0.0.1:%d" % listener.getsockname()[1]
    env = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret-of-the-operator",
           "AWS_SESSION_TOKEN": "token", "AWS_REGION": "eu-west-1", "AWS_ENDPOINT_URL": url,
           "AWS_ENDPOINT_URL_EC2": url, "AWS_ENDPOINT_URL_STS": url, "HTTP_PROXY": url, "HTTPS_PROXY": url,
           "AWS_EC2_METADATA_SERVICE_ENDPOINT": url, "XDG_STATE_HOME": os.path.join(WORK, "state")}
    path = os.path.join(SHIPPED, "live-session.lua")
    code, out, err = drill(path, "--verbose", "--endpoint-url", url, "--profile", "prod", env=env)
    C.equal("a drill runs with credentials in the environment", code, 0, out + err)
    C.check("they show nowhere", "secret-of-the-operator" not in out + err and "AKIDEXAMPLE" not in out + err, out)
    C.check("the run calls itself simulated", "SIMULATOR" in out, out)
    C.check("the operator's own runs are left alone", not os.path.exists(env["XDG_STATE_HOME"]))
    strace = shutil.which("strace")
    if strace and not is_sanitized(CORDON):
        trace = os.path.join(WORK, "trace")
        got = subprocess.run([strace, "-f", "-e", "trace=%network", "-o", trace, CORDON, "drill", path],
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=dict(os.environ, **env), timeout=300)
        with open(trace) as f:
            calls = f.read()
        C.equal("it runs under strace", got.returncode, 0, got.stderr)
        others = [l for l in calls.splitlines() if "AF_INET" in l or ("connect(" in l and "nscd" not in l)]
        C.equal("no socket but those between its own processes", others, [])
        C.check("the trace is one", "socketpair(AF_UNIX" in calls, calls[-2000:])
    else:
        C.skip("system calls of a drill", "strace is not there, or this is a sanitizer build")
    time.sleep(0.2)
    listener.close()
    C.equal("nobody was contacted", len(asked), 0, asked)


def guide():
    with open(os.path.join(TOP, "docs", "drills.md")) as f:
        text = f.read()
    blocks = re.findall(r"^```lua\n(.*?)^```", text, re.S | re.M)
    C.check("the guide has a drill", blocks)
    for number, block in enumerate(blocks):
        code, out, err = one("guide-%d.lua" % number, block)
        C.equal("the guide's drill %d passes" % number, code, 0, out + err)
    shown = re.search(r"^```\n(TAP version 13\n.*?)^```", text, re.S | re.M).group(1)
    C.equal("and prints what the guide shows", drill(os.path.join(WORK, "guide-0.lua"))[1], shown)


def saved_world():
    write("empty.world", "")
    code, out, _ = one("load-bad.lua", script(world='w:load "empty.world"'))
    C.check("an empty world file is refused by name", code == 1 and "empty.world" in out, out)
    lua = shutil.which("lua5.4")
    if not lua:
        return C.skip("a saved world", "lua5.4 is not there")
    records = subprocess.run([lua, "-e", SAVE_WORLD], stdout=subprocess.PIPE, cwd=TOP, timeout=60)
    write("default.world", records.stdout.decode())
    code, out, err = one("load.lua", script(
        'w:exit(0) w:cut "c2" w:unchanged_except "web-7" w:undo() w:same_as_before()',
        world='w:load "default.world" w:flow { name = "c2", from = w:instance "web-7", to = "198.51.100.7", port = 4444 }',
        run='{ playbook = "isolate-sg", args = { instance = "web-7" } }'))
    C.equal("a drill in a saved world", code, 0, out + err)
    code, out, _ = one("late.lua", script(world='w:vpc {} w:load "default.world"'))
    C.check("a world is loaded first of all", code == 1 and "comes first" in out, out)


def interrupted():
    path = write("slow.lua", script(world="while true do end"))
    p = subprocess.Popen([CORDON, "drill", path], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                         env=dict(os.environ, TMPDIR=WORK))
    time.sleep(1.5)
    p.send_signal(2)
    out, err = p.communicate(timeout=30)
    C.equal("Ctrl-C ends the drills: exit 130", p.returncode, 130, out + err)
    C.check("and TAP says so", b"Bail out!" in out, out)
    C.equal("nothing is left in the temporary folder", [n for n in os.listdir(WORK) if n.startswith("cordon-drill")], [])


try:
    for test in (shipped, embedded, failing, not_loading, faults, hostile, no_aws, guide, saved_world, interrupted):
        test()
finally:
    shutil.rmtree(WORK, ignore_errors=True)
C.finish()
