-- Lesson 16: isolating is not enough. The load balancer finds the isolated instance unhealthy,
-- its Auto Scaling group terminates it within minutes, and its volumes go with it. Termination
-- protection would not have helped.
local fleet = require "fleet"
local victim

return drill {
  name  = "isolated only: its Auto Scaling group terminates it, the evidence is lost",
  world = function(w)
    victim = fleet.build(w, 2).members[1]
    w:flow { name = "c2", from = victim, to = "198.51.100.7", port = 4444 }
  end,
  run    = { playbook = "isolate-sg", args = { instance = "web-1", accept = "asg" } },
  expect = function(w)
    w:exit(0)
    w:cut "c2"
    w:pass(300)
    w:that(fleet.state(w, victim) == "running", "the evidence is still there",
           "it is " .. fleet.state(w, victim))
  end,
  expect_failure = "the evidence is still there",
}
