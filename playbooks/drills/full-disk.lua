-- Lesson 15: the journal's disk fills up. No journal, no change: the run stops before the cut.
-- Inside a window the room was reserved beforehand.
return drill {
  name  = "the disk fills up before the cut: nothing more is changed",
  world = function(w)
    local vpc    = w:vpc { cidr = "10.0.0.0/16", internet = true }
    local subnet = vpc:subnet { cidr = "10.0.1.0/24", public = true }
    local web    = subnet:instance { name = "web", groups = {
      vpc:group { ingress = { "tcp 443 0.0.0.0/0" } } } }
    w:flow { name = "customers", to = web, from = "203.0.113.50", port = 443 }
  end,
  faults = { { operation = "create_security_group", nth = 1, disk = "full" } },
  run    = { playbook = "isolate-sg", args = { instance = "web" } },
  expect = function(w)
    w:exit(8)
    w:says "THE JOURNAL WAS LOST"
    w:alive "customers"
    w:calls { modify_network_interface_attribute = 0 }
    w:journal_verifies()
  end,
}
