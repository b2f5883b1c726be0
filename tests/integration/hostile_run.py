#!/usr/bin/env python3
"""Hostile playbooks through `cordon run`: nothing changes, the host lives and ends in time.

Every file of tests/escape/ is run as it is, with --yes and a deadline of 3 s, against a
recording server: no mutating request, an exit code with a report, an end within the deadline
and 2 s, a journal that verifies if there is one.

Usage: hostile_run.py [CORDON] [--quick]
"""
import concurrent.futures
import glob
import os
import sys
import time

from harness import TOP, Checks, Cordon, binary, is_sanitized
from proxy import Proxy

DEADLINE = 3
# Ways that differ; the rest are variants of these.
QUICK = ("loop", "loop-pcall", "loop-handler", "pattern-bomb", "memory-tables", "gc", "bytecode",
         "string-metatable", "deep-recursion", "deep-gsub", "send-len", "send-giant-list",
         "send-cycle", "send-deep", "flood-logs", "flood-steps", "flood-reads", "flood-large",
         "title-control", "good", "loop-step", "loop-wait", "coroutine-branches",
         "forged-declaration")

IDENTITY = ("<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/x"
            "</Arn><UserId>U</UserId><Account>123456789012</Account></GetCallerIdentityResult>"
            "</GetCallerIdentityResponse>")
INSTANCES = ("<DescribeInstancesResponse><requestId>r</requestId><reservationSet><item><instancesSet>"
             "<item><instanceId>i-0123456789abcdef0</instanceId></item></instancesSet></item>"
             "</reservationSet></DescribeInstancesResponse>")
DRY = ("<Response><Errors><Error><Code>DryRunOperation</Code><Message>m</Message></Error></Errors>"
       "<RequestID>r</RequestID></Response>")
READS = ("Describe", "Get", "List", "Search")


def answer(request):
    if request.action == "GetCallerIdentity":
        return 200, "text/xml", IDENTITY
    if request.dry:
        return 412, "text/xml", DRY
    if request.action == "DescribeInstances":
        return 200, "text/xml", INSTANCES
    if request.service == "sqs":
        return 200, "application/x-amz-json-1.0", "{}"
    return 200, "text/xml", "<R><requestId>r</requestId></R>"


def attack(path, file):
    proxy = Proxy(answer=answer)
    cordon = Cordon(path, proxy.url)
    words = ["run", file, "--yes", "--deadline", str(DEADLINE)]
    with open(file, encoding="utf-8", errors="replace") as f:
        if "required = true" in f.read():
            words.append("instance=i-0123456789abcdef0")
    done = cordon.run(*words, timeout=90)
    mutations = [r for r in proxy.seen(dry=False) if not r.action.startswith(READS)]
    journals = [cordon.verifies(run) for run in cordon.runs()]
    proxy.stop()
    return done, mutations, journals


def main():
    checks, path = Checks(), binary()
    files = sorted(glob.glob(os.path.join(TOP, "tests", "escape", "*.lua")))
    if "--quick" in sys.argv:
        files = [f for f in files if os.path.basename(f)[:-4] in QUICK]
    checks.check("there are playbooks to try", len(files) >= 20, len(files))
    # Two passes, the rehearsal and the execution, have a deadline each. Sanitizers take longer.
    slack = 12 if is_sanitized(path) else 0
    codes, started = {}, time.time()
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for file, result in zip(files, pool.map(lambda f: attack(path, f), files)):
            name = os.path.basename(file)
            done, mutations, journals = result
            codes.setdefault(done.code, []).append(name)
            checks.equal(name + ": no mutation", mutations, [])
            checks.check(name + ": the host ended by itself, with a code of its own",
                         done.code is not None and 0 <= done.code <= 10, done)
            checks.check(name + ": in time", done.seconds <= DEADLINE + 2 + slack, done)
            checks.check(name + ": said something, without control characters",
                         done.err and not any(ord(c) < 32 and c not in "\n\t" for c in done.err),
                         repr(done.err[-400:]))
            checks.check(name + ": every journal verifies", not any(journals), journals)
    checks.check("under three minutes", time.time() - started < 180 + 20 * slack, time.time() - started)
    if "--verbose" in sys.argv:
        print(codes)
    checks.finish()


if __name__ == "__main__":
    main()
