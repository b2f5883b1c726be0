-- Lesson 9: AWS throttles just when the window is to be closed. Closing is the host's duty: it
-- goes on until it is done, in two ways at once, and the window stays short.
return drill {
  name  = "the closing calls are throttled, and the window closes all the same",
  world = function(w)
    local vpc    = w:vpc { cidr = "10.0.0.0/16", internet = true }
    local subnet = vpc:subnet { cidr = "10.0.1.0/24", public = true }
    local web    = subnet:instance { name = "web", groups = {
      vpc:group { ingress = { "tcp 443 0.0.0.0/0" } } } }
    w:flow { name = "c2", from = web, to = "198.51.100.7", port = 4444 }
  end,
  faults = {
    { operation = "modify_network_interface_attribute", nth = 2, times = 4,
      code = "RequestLimitExceeded" },
    { operation = "revoke_security_group_*", nth = 3, times = 6, code = "RequestLimitExceeded" },
  },
  run    = { playbook = "isolate-sg", args = { instance = "web" } },
  expect = function(w)
    w:exit(0)
    w:cut "c2"
    w:window { most = 20 }
    w:journal_verifies()
    w:undo()
    w:same_as_before()
  end,
}
