-- Lesson 11: the operator stops at the second step. What the first one made stands, the exit
-- code says so (3), nothing was cut, and undo leaves no trace.
return drill {
  name  = "the operator says no half-way",
  world = function(w)
    local vpc    = w:vpc { cidr = "10.0.0.0/16", internet = true }
    local subnet = vpc:subnet { cidr = "10.0.1.0/24", public = true }
    local web    = subnet:instance { name = "web", groups = {
      vpc:group { ingress = { "tcp 443 0.0.0.0/0" } } } }
    w:flow { name = "customers", to = web, from = "203.0.113.50", port = 443 }
  end,
  operator = { ["Cut off"] = "no" },
  run      = { playbook = "isolate-sg", args = { instance = "web" } },
  expect   = function(w)
    w:exit(3)
    w:alive "customers"
    w:window { none = true }
    w:calls { modify_network_interface_attribute = 0 }
    w:journal_verifies()
    w:undo()
    w:same_as_before()
  end,
}
