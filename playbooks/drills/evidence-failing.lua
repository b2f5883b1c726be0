-- Lesson 20: everything around the cut fails: tags, console, credentials, target groups. It is
-- reported, and the instance is cut off.
local fleet = require "fleet"

return drill {
  name  = "evidence and all the rest fails: the instance is cut off, the failures are named",
  world = function(w)
    local made = fleet.build(w, 2)
    w:flow { name = "c2", from = made.members[1], to = "198.51.100.7", port = 4444 }
  end,
  faults = {
    { operation = "create_tags", nth = 1, times = 100, deny = true },
    { operation = "get_console_output", nth = 1, times = 100, deny = true },
    { operation = "put_role_policy", deny = true },
    { operation = "disassociate_iam_instance_profile", deny = true },
    { operation = "deregister_targets", deny = true },
  },
  run    = { playbook = "contain", args = { instance = "web-1", hold = "no" } },
  expect = function(w)
    w:exit(3)
    w:cut "c2"
    w:says "Credentials"
    w:says "Target groups"
    w:says "Evidence"
    w:says "iam:PutRolePolicy"
    w:journal_verifies()
    w:undo()
    w:same_as_before()
  end,
}
