-- Lesson 7: a new group lets everything out over IPv6 too, where the VPC has it. A script that
-- takes away only 0.0.0.0/0 leaves the other half open. This drill is meant to fail.
return drill {
  name  = "a script that forgets IPv6 leaves a hole",
  expect_failure = "port 443 is blocked",
  world = function(w)
    local vpc    = w:vpc { cidr = "10.0.0.0/16", internet = true, ipv6 = true }
    local subnet = vpc:subnet { cidr = "10.0.1.0/24", public = true }
    subnet:instance { name = "web", groups = { vpc:group { ingress = { "tcp 443 0.0.0.0/0" } } } }
  end,
  run    = { playbook = "naive-swap", args = { instance = "web" } },
  expect = function(w)
    w:exit(0)
    w:blocked { from = w:instance "web", to = "198.51.100.7", port = 4444 }
    w:blocked { from = w:instance "web", to = "2001:db8:bad::7", port = 443, family = "v6" }
  end,
}
