-- Lesson 14: the request arrives, its answer never does. Reads find out whether it took effect;
-- nothing is assumed, and nothing is done twice.
return drill {
  name  = "an answer is lost after the group was made: found, not made twice",
  world = function(w)
    local vpc    = w:vpc { cidr = "10.0.0.0/16", internet = true }
    local subnet = vpc:subnet { cidr = "10.0.1.0/24", public = true }
    local web    = subnet:instance { name = "web", groups = {
      vpc:group { ingress = { "tcp 443 0.0.0.0/0" } } } }
    w:flow { name = "c2", from = web, to = "198.51.100.7", port = 4444 }
  end,
  faults = { { operation = "create_security_group", nth = 1, timeout = "after" } },
  run    = { playbook = "isolate-sg", args = { instance = "web" } },
  expect = function(w)
    w:exit(0)
    w:cut "c2"
    w:calls { create_security_group = 2 }  -- the opening and the final group, once each
    w:undo()
    w:same_as_before()
  end,
}
