#!/usr/bin/env python3
"""The same playbook and inputs, twenty times over, give the same calls in the same order.

Each time the world is made anew from the same seed, and the server answers at random speed;
run ids and what depends on them (names, times) are made equal before the comparison.

Usage: determinism.py [CORDON] [--quick]
"""
import json
import os
import random
import re
import sys
import time

from harness import Checks, Cordon, binary
from proxy import Proxy, Rule
from world import Moto

checks, moto = Checks(), Moto()
proxy = Proxy(moto.url)
path = binary()

BRANCHES = """
return playbook { api = 1, name = "branches", summary = "Parallel inside parallel",
  run = function(args, step)
    local found = ec2.describe_instances {}
    local ids = {}
    for _, r in ipairs(found.Reservations) do
      for _, i in ipairs(r.Instances) do ids[#ids + 1] = i.InstanceId end
    end
    table.sort(ids)
    step("Tag them", function()
      parallel(ids, function(id)
        parallel({ "a", "b", "c" }, function(letter)
          local n = #ec2.describe_tags { Filters = { { Name = "resource-id", Values = { id } } } }.Tags
          ec2.create_tags { Resources = { id }, Tags = { { Key = letter, Value = tostring(math.random(1000)) } } }
          ec2.create_tags { Resources = { id }, Tags = { { Key = letter .. "2", Value = "x" } } }
        end)
      end, { limit = 2 })
      for k, v in pairs { z = 1, y = 2, x = 3 } do
        ec2.create_tags { Resources = ids, Tags = { { Key = k, Value = tostring(v) } } }
      end
    end)
    step("Again", function()
      parallel(ids, function(id) ec2.delete_tags { Resources = { id }, Tags = { { Key = "a" } } } end)
    end)
  end }
"""


def shuffle(rng):
    """Answers come in any order."""
    return Rule(dry=True, call=lambda r: time.sleep(rng.random() * 0.02))


def normal(text, run):
    text = text.replace(run, "RUN")
    return re.sub(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[.\d]*(Z|\+00:00)?", "TIME", text)


def trace(cordon):
    """What the run asked and did, in the journal's order: by branch for what runs at once."""
    run = cordon.last_run()
    calls, by_branch, plan = [], {}, None
    for line in cordon.journal(run):
        if line["kind"] == "call.intent":
            calls.append([line["key"], line["operation"], line["params"], line.get("inverse")])
        elif line["kind"] == "read":
            by_branch.setdefault(line["branch"], []).append([line["operation"], line["params"]])
        elif line["kind"] == "plan":
            plan = line.get("steps")
    # What is made at once gets its ids in any order.
    keys = {line["key"]: line["result"]["GroupId"] for line in cordon.journal(run)
            if line["kind"] == "call.outcome" and "GroupId" in line.get("result", {})}
    found = {"calls": json.dumps(calls), "reads": json.dumps(by_branch, sort_keys=True),
             "plan": json.dumps(plan)}
    for part in found:
        for key, made in keys.items():
            found[part] = found[part].replace(made, "MADE-" + key)
        found[part] = normal(found[part], run)
    return found


def main():
    moto.build(seed=42)  # what moto makes at its first use must not count
    rounds = 4 if "--quick" in sys.argv else 20
    for name in ("isolate-sg", "branches"):
        traces = []
        for i in range(rounds):
            moto.build(seed=42)
            proxy.reset(shuffle(random.Random(i)))
            cordon = Cordon(path, proxy.url)
            words = ["isolate-sg", "instance=web-3", "settle=0"]
            if name == "branches":
                words = [os.path.join(cordon.home, "branches.lua")]
                with open(words[0], "w") as f:
                    f.write(re.sub(r"math\.random\(1000\)", "7", BRANCHES))
            done = cordon.run("run", *words, "--yes")
            checks.equal("%s, round %d: exit" % (name, i + 1), done.code, 0, done)
            traces.append(trace(cordon))
        for part in ("calls", "reads", "plan"):
            odd = [i + 1 for i, t in enumerate(traces) if t[part] != traces[0][part]]
            checks.equal("%s: the same %s in every round" % (name, part), odd, [],
                         "" if not odd else "\n%s\n%s" % difference(traces[0][part], traces[odd[0] - 1][part]))
        checks.check(name + ": there was something to compare", len(traces[0]["calls"]) > 500)
    checks.finish()


def difference(a, b):
    at = next((i for i, (x, y) in enumerate(zip(a, b)) if x != y), 0)
    return a[max(0, at - 200):at + 200], b[max(0, at - 200):at + 200]


if __name__ == "__main__":
    main()
