#!/usr/bin/env python3
"""No dry run of any mutating operation of the models lets a mutation leave the machine.

A recording server answers. Every mutating operation, with random valid parameters, is called
inside a step of a playbook that is planned (`plan`, `run --dry-run`, `run` without a terminal),
and by `call --dry-run`. What leaves must be a read or carry DryRun=true, and nothing at all
leaves for an operation that has no DryRun.

Usage: dry_run_all.py [CORDON] [--seed N]
"""
import json
import os
import random
import sys

from harness import TOP, Checks, Cordon, binary, scratch
from proxy import Proxy

try:
    from botocore import xform_name
    from botocore.loaders import Loader
    from botocore.model import ServiceModel
    import codec_differential
except ImportError as missing:
    print("SKIPPED: no botocore here: %s" % missing)
    print("0 passed, 0 failed, 1 skipped")
    sys.exit(0)

BATCH = 100

IDENTITY = ("<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/x"
            "</Arn><UserId>U</UserId><Account>123456789012</Account></GetCallerIdentityResult>"
            "</GetCallerIdentityResponse>")
DRY = ("<Response><Errors><Error><Code>DryRunOperation</Code><Message>would have succeeded</Message>"
       "</Error></Errors><RequestID>r</RequestID></Response>")


def answer(request):
    if request.action == "GetCallerIdentity":
        return 200, "text/xml", IDENTITY
    if request.dry:
        return 412, "text/xml", DRY
    if request.service == "sqs":
        return 200, "application/x-amz-json-1.0", "{}"
    return 200, "text/xml", "<%sResponse><requestId>r</requestId></%sResponse>" % (
        request.action, request.action)


class Operation:
    def __init__(self, service, line):
        words = line.split()
        self.service, self.method, self.name, self.mutates = service, words[1], words[2], words[3] != "read"
        self.dry_run = "dryrun" in words[4:]
        self.credentials = any(w.startswith("cred") for w in words[4:])
        self.params = {}


def operations():
    found = []
    for service in ("ec2", "sqs", "sts"):
        with open(os.path.join(TOP, "host", "model", service + ".model"), encoding="utf-8") as f:
            found += [Operation(service, line) for line in f if line.startswith("operation ")]
    return found


def give_parameters(ops, seed):
    """Random valid ones from botocore's model; DryRun is left to the program, mostly."""
    loader, models = Loader(), {}
    rng = random.Random(seed)
    for op in ops:
        if op.service not in models:
            models[op.service] = ServiceModel(loader.load_service_model(op.service, "service-2"), op.service)
        shape = models[op.service].operation_model(op.name).input_shape
        values = codec_differential.Random(rng.random(), False)
        op.params = values.value(shape) if shape is not None and shape.members else {}
        op.params.pop("DryRun", None)
        if op.dry_run and rng.random() < 0.2:
            op.params["DryRun"] = False


def lua(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "{" + ",".join("[%s]=%s" % (lua(k), lua(v)) for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "{" + ",".join(lua(v) for v in value) + "}"
    if isinstance(value, str):
        return '"' + "".join("\\%03d" % b for b in value.encode()) + '"'
    return repr(value)


def playbook(ops):
    calls = "\n".join("  try(%s, %s, %s)" % (lua(op.service), lua(op.method), lua(op.params)) for op in ops)
    return """
local modules = { ec2 = ec2, sqs = sqs, sts = sts }
local function try(service, method, params)
  local ok, e = pcall(modules[service][method], params)
  if not ok then log("refused " .. service .. " " .. method .. ": " .. tostring(e)) end
end
return playbook { api = 1, name = "all", summary = "Calls everything",
  run = function(args, step)
    step("Everything", function()
%s
    end)
  end }
""" % calls


def main():
    checks = Checks()
    seed = int(sys.argv[sys.argv.index("--seed") + 1]) if "--seed" in sys.argv else 20261124
    proxy = Proxy(answer=answer)
    cordon = Cordon(binary(), proxy.url)
    everything = operations()
    mutating = [op for op in everything if op.mutates and not op.credentials]
    give_parameters(mutating, seed)
    names = {op.name: op for op in everything}
    odd = [op.name for op in everything if not op.mutates and not op.name.startswith(
        ("Describe", "Get", "List", "Search"))]
    checks.check("few reads have another name", len(odd) <= 5, odd)
    checks.check("there are over 500 mutating operations", len(mutating) > 500, len(mutating))

    def leaks(requests):
        """What changes something and left without DryRun=true, or has no DryRun at all."""
        return [r for r in requests if r.action not in names or (
            names[r.action].mutates and not (r.dry and names[r.action].dry_run))]

    folder, proven = scratch(), set()
    for start in range(0, len(mutating), BATCH):
        batch = mutating[start:start + BATCH]
        path = os.path.join(folder, "all.lua")
        with open(path, "w") as f:
            f.write(playbook(batch))
        proxy.reset()
        done = cordon.run("plan", path, "--json")
        seen = proxy.seen()
        checks.equal("plan of operations %d..%d: exit" % (start, start + len(batch)), done.code, 0, done)
        checks.equal("plan of operations %d...: no mutation left" % start, leaks(seen), [])
        plans = [e for e in done.events() if e["event"] == "plan"] if done.code == 0 else []
        planned = {c["operation"]: c["permission"] for p in plans for s in p["steps"] for c in s["calls"]}
        for op in batch:
            wanted = "proven" if op.dry_run else "not checkable"
            checks.equal("%s %s in the plan" % (op.service, op.name), planned.get(op.method), wanted,
                         [line for line in done.err.splitlines() if op.method in line][:2])
        proven |= {r.action for r in seen if r.dry}
        for words, code in (((("run", path, "--dry-run")), 0), (("run", path), 5), (("run", path, "--yes"), 5)):
            if words[-1] == "--yes" and start:
                continue  # irreversible calls: --yes does not cover them
            proxy.reset()
            done = cordon.run(*words)
            checks.equal("%s of operations %d...: exit" % (words[0] + " " + words[-1][-9:], start),
                         done.code, code, done)
            checks.equal("%s...: no mutation left" % words[-1][-9:], leaks(proxy.seen()), [])
    checks.equal("every operation with DryRun was asked with DryRun=true",
                 {op.name for op in mutating if op.dry_run} - proven, set())

    rng = random.Random(seed)
    one_by_one = [op for op in mutating if not op.dry_run] + rng.sample(
        [op for op in mutating if op.dry_run], 40)
    for op in one_by_one:
        proxy.reset()
        done = cordon.run("call", op.service, op.method, json.dumps(op.params), "--dry-run")
        seen = proxy.seen()
        if op.dry_run:
            good = done.code == 0 and len(seen) == 1 and seen[0].dry and "permitted" in done.err
        else:
            good = done.code == 0 and seen == [] and "not checkable" in done.err
        checks.check("call --dry-run %s %s" % (op.service, op.method), good, (seen, done))
        if op in one_by_one[:15]:
            proxy.reset()
            done = cordon.run("call", op.service, op.method, json.dumps(op.params))
            checks.check("call without a terminal %s" % op.method, done.code == 5 and
                         not leaks(proxy.seen()), (proxy.seen(), done))
    checks.finish()


if __name__ == "__main__":
    main()
