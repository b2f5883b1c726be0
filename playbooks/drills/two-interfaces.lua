-- Lesson 5: groups belong to interfaces, not to instances. One forgotten interface is a way out.
return drill {
  name  = "two interfaces in two subnets: both are cut",
  world = function(w)
    local vpc    = w:vpc { cidr = "10.0.0.0/16", internet = true }
    local front  = vpc:subnet { cidr = "10.0.1.0/24", public = true }
    local back   = vpc:subnet { cidr = "10.0.2.0/24" }
    local web    = vpc:group { ingress = { "tcp 443 0.0.0.0/0" } }
    local inner  = vpc:group { ingress = { "tcp 9100 10.0.0.0/16" } }
    local gate   = front:instance { name = "gate", groups = { web } }
    local second = gate:interface { subnet = back, groups = { inner } }
    local victim = back:instance { name = "db", groups = {
      vpc:group { ingress = { "tcp 5432 10.0.0.0/16" } } } }
    w:flow { name = "c2",      from = gate, to = "198.51.100.7", port = 4444 }
    w:flow { name = "lateral", from = second, to = victim, port = 5432 }
  end,
  run    = { playbook = "isolate-sg", args = { instance = "gate" } },
  expect = function(w)
    w:exit(0)
    w:cut "c2"
    w:cut "lateral"
    w:calls { modify_network_interface_attribute = 4 }  -- two open, two close
    w:unchanged_except "gate"
    w:undo()
    w:same_as_before()
  end,
}
