-- Lesson 18: all that contain does around the cut can be taken back: Standby, protections, the
-- profile and its role's policy, the target group, the address.
local fleet = require "fleet"

return drill {
  name  = "a contained member of a fleet is given back as it was",
  world = function(w)
    local made = fleet.build(w, 3)
    made.members[2]:elastic_ip()
    -- Another service has it as a target, too: Standby leaves that to us.
    local other = made.vpc:load_balancer { name = "admin", subnets = { made.subnet },
                                           groups = { made.front } }
    made.vpc:target_group { name = "admin", port = 80, balancer = other,
                            targets = { made.members[2] } }
    w:flow { name = "c2", from = made.members[2], to = "198.51.100.7", port = 4444 }
    w:flow { name = "a neighbour's", from = made.members[1], to = "192.0.2.9", port = 443 }
  end,
  run    = { playbook = "contain", args = { instance = "web-2" } },
  expect = function(w)
    w:exit(0)
    w:plan_names "goes from 3 to 2: no replacement"
    w:calls { enter_standby = 1, deregister_targets = 1, disassociate_address = 1,
              modify_instance_attribute = 2 }
    w:cut "c2"
    w:alive "a neighbour's"
    w:says "sts:AssumeRole"
    w:journal_verifies()
    w:undo()
    w:same_as_before()
  end,
}
