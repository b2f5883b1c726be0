-- Lesson 12: Name tags are not unique, and an attacker may set one. Two instances called "web":
-- cordon does not guess, and makes no call that changes anything.
return drill {
  name  = "two instances with the same Name tag: nothing is guessed",
  world = function(w)
    local vpc    = w:vpc { cidr = "10.0.0.0/16", internet = true }
    local subnet = vpc:subnet { cidr = "10.0.1.0/24", public = true }
    local group  = vpc:group { ingress = { "tcp 443 0.0.0.0/0" } }
    local one    = subnet:instance { name = "web", groups = { group } }
    subnet:instance { name = "web", groups = { group } }
    w:flow { name = "customers", to = one, from = "203.0.113.50", port = 443 }
  end,
  run    = { playbook = "isolate-sg", args = { instance = "web" } },
  expect = function(w)
    w:exit(2)
    w:says "web"
    w:calls(0)
    w:alive "customers"
    w:same_as_before()
  end,
}
