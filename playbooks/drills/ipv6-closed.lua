-- Lesson 7, answered: both families are opened, converted and closed.
return drill {
  name  = "sessions of both families die",
  world = function(w)
    local vpc    = w:vpc { cidr = "10.0.0.0/16", internet = true, ipv6 = true }
    local subnet = vpc:subnet { cidr = "10.0.1.0/24", public = true }
    local web    = subnet:instance { name = "web", groups = {
      vpc:group { ingress = { "tcp 443 0.0.0.0/0" } } } }
    w:flow { name = "c2",      from = web, to = "198.51.100.7", port = 4444 }
    w:flow { name = "c2 (v6)", from = web, to = "2001:db8:bad::7", port = 443, family = "v6" }
  end,
  run    = { playbook = "isolate-sg", args = { instance = "web" } },
  expect = function(w)
    w:exit(0)
    w:cut "c2"
    w:cut "c2 (v6)"
    w:blocked { from = w:instance "web", to = "2001:db8:bad::9", port = 443, family = "v6" }
    w:undo()
    w:same_as_before()
  end,
}
