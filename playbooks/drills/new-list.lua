-- The same list serves others: a new one, for the victim's subnet alone, spares them.
return drill {
  name  = "a shared network ACL: mode=auto makes a new list, and nobody else is hit",
  world = function(w)
    local vpc   = w:vpc { cidr = "10.0.0.0/16", internet = true, ipv6 = true }
    local front = vpc:subnet { cidr = "10.0.1.0/24", public = true }
    local back  = vpc:subnet { cidr = "10.0.2.0/24", public = true }
    local open  = vpc:group { ingress = { "tcp 443 0.0.0.0/0", "tcp 22 203.0.113.0/24" } }
    local web   = front:instance { name = "web", groups = { open } }
    local other = back:instance { name = "other", groups = { open } }
    w:flow { name = "c2", from = web, to = "198.51.100.7", port = 4444 }
    w:flow { name = "investigator", to = web, from = "203.0.113.9", port = 22 }
    w:flow { name = "customers", to = other, from = "203.0.113.50", port = 443 }
  end,
  run    = { playbook = "isolate-nacl", args = { instance = "web", keep = "203.0.113.9/32" } },
  expect = function(w)
    w:exit(0)
    w:plan_names "mode=auto: a new list"
    w:plan_names "nobody else is in it now"
    w:paused "c2"
    w:alive "investigator"
    w:alive "customers"
    w:blocked { from = w:instance "web", to = "2001:db8:bad::7", port = 443, family = "v6" }
    w:blocked { from = "203.0.113.50", to = w:instance "web", port = 443 }
    w:undo()
    w:same_as_before()
  end,
}
