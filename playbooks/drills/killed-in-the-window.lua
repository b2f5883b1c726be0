-- Lesson 13: the host is killed while the window is open (kill -9, power, a lost laptop). The
-- journal on disk knows the closing calls; `cordon close` makes them.
return drill {
  name  = "the host is killed in the window: cordon close closes it",
  world = function(w)
    local vpc    = w:vpc { cidr = "10.0.0.0/16", internet = true }
    local subnet = vpc:subnet { cidr = "10.0.1.0/24", public = true }
    local web    = subnet:instance { name = "web", groups = {
      vpc:group { ingress = { "tcp 443 0.0.0.0/0" } } } }
    w:flow { name = "c2", from = web, to = "198.51.100.7", port = 4444 }
  end,
  faults = { { operation = "modify_network_interface_attribute", nth = 1, kill = "after" } },
  run    = { playbook = "isolate-sg", args = { instance = "web" } },
  expect = function(w)
    w:exit(137)
    w:alive "c2"
    w:journal_verifies()
    w:pass(30)  -- until somebody notices
    w:close()
    w:cut "c2"
    w:journal_verifies()
    w:undo()
    w:same_as_before()
  end,
}
