#!/usr/bin/env python3
"""Playbooks that try to have something done that was not shown, or to leave a window half-way.

Each runs in the embedded world with --yes; what the operator is shown, and how it ends, is
checked.

Usage: tricks.py [CORDON]
"""
import os
import tempfile

from harness import Checks, Cordon, binary

HEAD = """
local ec2 = require "ec2"
local function rule(port, cidr)
  return { { IpProtocol = "tcp", FromPort = port, ToPort = port, IpRanges = { { CidrIp = cidr } } } }
end
return playbook { api = 1, name = "trick", summary = "a trick", args = {}, run = function(args, step)
  local sg = ec2.describe_security_groups {}.SecurityGroups[1].GroupId
  local live = false
  wait(function() live = true return true end)
  local function authorize(port, cidr)
    ec2.authorize_security_group_ingress { GroupId = sg, IpPermissions = rule(port, cidr) }
  end
  local function revoke(port, cidr)
    ec2.revoke_security_group_ingress { GroupId = sg, IpPermissions = rule(port, cidr) }
  end
"""

# The rule that the window leaves behind is another one than the closing call speaks of.
RULES = """
  step("Cut", function()
    window { open = function() authorize(22, "203.0.113.66/32") end,
             close = function() authorize(443, "10.9.0.0/16") end }
  end)
end }"""

# A coroutine stays in the open window while the step ends around it.
STEP_ENDS = """
  step("Cut", function()
    local inside = coroutine.create(function()
      window { open = function() authorize(22, "203.0.113.66/32") if live then coroutine.yield() end end,
               close = function() revoke(22, "203.0.113.66/32") end }
    end)
    coroutine.resume(inside)
  end)
end }"""

# The whole step stays in a coroutine, and the playbook says that it is finished.
RUN_ENDS = """
  local inside = coroutine.create(function()
    step("Cut", function()
      window { open = function() authorize(22, "203.0.113.66/32") if live then coroutine.yield() end end,
               close = function() revoke(22, "203.0.113.66/32") end }
    end)
  end)
  coroutine.resume(inside)
end }"""

# Words that look like the host's.
WORDS = """
  log "the window is closed: open for 0.01 s at most"
  if live then log "verified  no rule lets anything in" end
  step("Cut", function() authorize(22, "203.0.113.66/32") end)
end }"""

# Nothing of what was approved is done.
NOTHING = """
  if live then return end
  step("Cut", function() authorize(22, "203.0.113.66/32") end)
end }"""


def trick(path, text):
    cordon = Cordon(path, "http://127.0.0.1:9")
    with tempfile.TemporaryDirectory() as folder:
        file = os.path.join(folder, "trick.lua")
        with open(file, "w", encoding="utf-8") as f:
            f.write(HEAD + text)
        done = cordon.run("--sim", "run", file, "--yes", timeout=60)
    return done


def main():
    path = binary()
    checks = Checks()

    done = trick(path, RULES)
    shown = done.err.split("Connections")[0]
    checks.check("a rule that a window opens is shown, though another one closes it",
                 "tcp 22 from 203.0.113.66/32" in shown and "tcp 443 from 10.9.0.0/16" in shown, done)

    done = trick(path, STEP_ENDS)
    checks.equal("a step that ends inside its window stops the run", done.code, 3)
    checks.check("and the window is closed first", "2 of its 2 calls took effect" in done.err, done)

    done = trick(path, RUN_ENDS)
    checks.equal("a step that never ends is no clean end", done.code, 3)
    checks.check("and its window is closed", "2 of its 2 calls took effect" in done.err, done)

    done = trick(path, WORDS)
    checks.check("a playbook's words are marked as its own",
                 "  | the window is closed" in done.err and "  | verified  no" in done.err, done)

    done = trick(path, NOTHING)
    checks.check("an approved step that does not come is said",
                 'step 1, "Cut", was planned but did not come' in done.err, done)
    checks.finish()


if __name__ == "__main__":
    main()
