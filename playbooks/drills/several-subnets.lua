-- Lists belong to subnets: an instance with interfaces in three of them needs all three cut, and
-- one list serves two of them.
return drill {
  name  = "several interfaces in several subnets: every edge is closed",
  world = function(w)
    local vpc   = w:vpc { cidr = "10.0.0.0/16", internet = true, ipv6 = true }
    local front = vpc:subnet { cidr = "10.0.1.0/24", public = true }
    local back  = vpc:subnet { cidr = "10.0.2.0/24" }
    local third = vpc:subnet { cidr = "10.0.3.0/24" }
    local far   = vpc:subnet { cidr = "10.0.4.0/24" }
    local open  = vpc:group { ingress = { "tcp 443 0.0.0.0/0" } }
    local gate  = front:instance { name = "gate", groups = { open } }
    local second = gate:interface { subnet = back, groups = { open } }
    gate:interface { subnet = third, groups = { open } }
    local other = far:instance { name = "other", groups = { open } }
    w:flow { name = "c2", from = gate, to = "198.51.100.7", port = 4444 }
    w:flow { name = "lateral", from = second, to = other, port = 443 }
  end,
  run    = { playbook = "isolate-nacl", args = { instance = "gate" } },
  expect = function(w)
    w:exit(0)
    w:paused "c2"
    w:paused "lateral"
    w:calls { create_network_acl = 1, replace_network_acl_association = 3 }
    w:blocked { from = w:instance "other", to = w:instance "gate", port = 443 }
    w:run { playbook = "isolate-nacl", args = { instance = "gate" } }
    w:exit(0)
    w:says "is isolated already"
    w:calls(0)
  end,
}
