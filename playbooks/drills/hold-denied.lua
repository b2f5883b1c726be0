-- Lesson 19: nobody gave the responder permission for Auto Scaling. The cut does not wait for
-- that: the hold fails, is named, and the run ends 3.
local fleet = require "fleet"

return drill {
  name  = "the hold is denied: the cut happens all the same, and it is said",
  world = function(w)
    local made = fleet.build(w, 2)
    w:flow { name = "c2", from = made.members[1], to = "198.51.100.7", port = 4444 }
  end,
  faults = { { operation = "enter_standby", service = "autoscaling", deny = true } },
  run    = { playbook = "contain", args = { instance = "web-1" } },
  expect = function(w)
    w:exit(3)
    w:cut "c2"
    w:says "Hold it"
    w:says "autoscaling:EnterStandby"
    w:journal_verifies()
    w:undo()
    w:same_as_before()
  end,
}
