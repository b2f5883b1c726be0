"""isolate-sg on moto through a recording proxy: what the scripts about `cordon run` share.

Importing it starts the servers.
"""
import re
import shlex
import sys

from harness import Checks, Cordon, binary
from proxy import Proxy
from world import Moto

ASK = "[e]xplain: "
READS = ("Describe", "Get", "List")

checks, moto = Checks(), Moto()
proxy = Proxy(moto.url)
cordon = Cordon(binary(), proxy.url)


def mutations():
    return [r for r in proxy.seen(dry=False) if not r.action.startswith(READS)]


def fresh(**kw):
    ids = moto.build(**kw)
    proxy.reset()
    return ids


def isolated(ids, name="web3"):
    """True when each interface carries one group, and that has no rule."""
    groups = moto.groups_of(ids[name])
    carried = {g for list_ in groups.values() for g in list_}
    found = moto.client().describe_security_groups(GroupIds=list(carried))["SecurityGroups"]
    return (all(len(g) == 1 for g in groups.values())
            and not any(g["IpPermissions"] or g["IpPermissionsEgress"] for g in found))


def untouched(before, what):
    checks.equal(what + ": nothing was changed", moto.picture(True) == before and not mutations(),
                 True, mutations())


def by_hand(text):
    """The inverse lines of a run.end event, run as they stand but for the program's path."""
    lines = re.findall(r"^ *(cordon (?:--\S+ \S+ )*call .*?)\s*$", text, re.M)
    for line in lines:
        words = shlex.split(line)[1:]
        done = cordon.run(*words, "--yes")
        checks.equal("taken back: " + line[:100], done.code, 0, done)
    return lines


def take_back(text):
    """The command that a report printed, run as it stands but for the program's path."""
    lines = re.findall(r"To take it back:  (cordon undo \S+)", text)
    for line in lines:
        done = cordon.run(*shlex.split(line)[1:], "--yes")
        checks.equal("taken back: " + line, done.code, 0, done)
    return lines


def difference(a, b):
    return [(k, a[k], b[k]) for k in a if a[k] != b[k]]


def events(done, what):
    try:
        found = done.events()
    except ValueError as e:
        checks.check(what + ": every line is JSON", False, "%s %r" % (e, done))
        return []
    checks.check(what + ": every line has format_version and event",
                 all(e.get("format_version") == 1 and e.get("event") for e in found))
    kinds = [e["event"] for e in found]
    checks.check(what + ": plan first, run.end last",
                 kinds[:1] == ["plan"] and kinds[-1:] == ["run.end"], kinds)
    if found:
        checks.equal(what + ": the end tells the exit", found[-1].get("exit"), done.code)
        checks.equal(what + ": the head is the journal's", found[-1].get("head"),
                     cordon.journal()[-1]["hash"])
    return found


def run_tests(found):
    """The tests among these globals; with names as further arguments only those."""
    only = sys.argv[2:]
    for name, test in list(found.items()):
        if name.startswith("test_") and (not only or name in only):
            test()
    checks.finish()
