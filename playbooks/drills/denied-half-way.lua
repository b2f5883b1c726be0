-- Lesson 10: a permission goes away between the proof and the call. The run stops, says that it
-- is partial, and can be taken back.
return drill {
  name  = "a permission is denied half-way: the run stops and can be taken back",
  world = function(w)
    local vpc    = w:vpc { cidr = "10.0.0.0/16", internet = true }
    local subnet = vpc:subnet { cidr = "10.0.1.0/24", public = true }
    local web    = subnet:instance { name = "web", groups = {
      vpc:group { ingress = { "tcp 443 0.0.0.0/0" } } } }
    w:flow { name = "c2", from = web, to = "198.51.100.7", port = 4444 }
  end,
  faults = { { operation = "modify_network_interface_attribute", nth = 1, deny = true } },
  run    = { playbook = "isolate-sg", args = { instance = "web" } },
  expect = function(w)
    w:exit(3)
    w:alive "c2"
    w:says "UnauthorizedOperation"
    w:says "To take it back"
    w:journal_verifies()
    w:undo()
    w:same_as_before()
  end,
}
