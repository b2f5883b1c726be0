-- Lesson 21: Name tags lie. The attacker has given the machine the id of its neighbour for a
-- name. What has the form of an id is one: the neighbour that a ticket names by that text is not
-- mistaken for it, and the machine itself is found by its own id.
local victim, neighbour

return drill {
  name  = "a Name tag that is another instance's id: ids are ids",
  world = function(w)
    local vpc    = w:vpc { cidr = "10.0.0.0/16", internet = true }
    local subnet = vpc:subnet { cidr = "10.0.1.0/24", public = true }
    local group  = vpc:group { ingress = { "tcp 443 0.0.0.0/0" } }
    neighbour = subnet:instance { name = "shop", groups = { group } }
    victim    = subnet:instance { name = neighbour.id, groups = { group } }
    w:flow { name = "c2", from = victim, to = "198.51.100.7", port = 4444 }
    w:flow { name = "customers", to = neighbour, from = "203.0.113.50", port = 443 }
  end,
  runs   = {},
  expect = function(w)
    w:run { playbook = "contain", args = { instance = victim.id } }
    w:exit(0)
    w:cut "c2"
    w:alive "customers"
    w:undo()
    w:same_as_before()
    w:run { playbook = "contain", args = { instance = neighbour.id } }
    w:cut "customers"
    w:open { from = victim, to = "198.51.100.7", port = 4444 }
  end,
}
