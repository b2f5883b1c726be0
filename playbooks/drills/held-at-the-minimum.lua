-- Lesson 17: contain holds the instance before it cuts. The group is at its minimum and refuses
-- to shrink, so Standby leaves its desired capacity as it is: the group launches a replacement,
-- and lets the isolated one alone.
local fleet = require "fleet"
local victim

return drill {
  name  = "a group at its minimum: held in Standby, cut, still there an hour later",
  world = function(w)
    victim = fleet.build(w, 2, 2).members[1]
    w:flow { name = "c2", from = victim, to = "198.51.100.7", port = 4444 }
  end,
  run    = { playbook = "contain", args = { instance = "web-1" } },
  expect = function(w)
    w:exit(0)
    w:plan_names "at its minimum of 2: it will launch a replacement"
    w:at("Cut off closed"):cut "c2"
    w:cut "c2"
    w:calls { enter_standby = 1, put_role_policy = 1, disassociate_iam_instance_profile = 1,
              deregister_targets = 0 }
    w:journal_verifies()
    w:pass(3600)
    w:that(fleet.state(w, victim) == "running", "the instance is still there",
           "it is " .. fleet.state(w, victim))
    local group = w:call("describe_auto_scaling_groups", {}, "autoscaling").AutoScalingGroups[1]
    w:that(#group.Instances == 3 and group.DesiredCapacity == 2, "a replacement was launched",
           ("%d instances"):format(#group.Instances))
  end,
}
