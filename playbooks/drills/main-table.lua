-- Subnets without a table of their own follow the VPC's main one. They get an association of their
-- own to an empty table; the main association would move the whole VPC, and is not touched.
return drill {
  name  = "a subnet of the main route table: it alone loses its routes",
  world = function(w)
    local vpc   = w:vpc { cidr = "10.0.0.0/16", internet = true, ipv6 = true }
    local front = vpc:subnet { cidr = "10.0.1.0/24", public = true }
    local back  = vpc:subnet { cidr = "10.0.2.0/24", public = true }
    local open  = vpc:group { ingress = { "tcp 443 0.0.0.0/0" } }
    local web   = front:instance { name = "web", groups = { open } }
    local other = back:instance { name = "other", groups = { open } }
    w:flow { name = "c2", from = web, to = "198.51.100.7", port = 4444 }
    w:flow { name = "c2 (v6)", from = web, to = "2001:db8:bad::7", port = 443, family = "v6" }
    w:flow { name = "lateral", from = web, to = other, port = 443 }
    w:flow { name = "customers", to = other, from = "203.0.113.50", port = 443 }
  end,
  run    = { playbook = "isolate-routes", args = { instance = "web" } },
  expect = function(w)
    w:exit(0)
    w:plan_names "which it follows as the VPC's main table"
    w:plan_names "everything inside the VPC"
    w:calls { associate_route_table = 1, replace_route_table_association = 0 }
    w:paused "c2"
    w:paused "c2 (v6)"
    w:alive "lateral"    -- what routes never cut
    w:alive "customers"
    w:blocked { from = "203.0.113.50", to = w:instance "web", port = 443 }
    w:undo()
    w:same_as_before()
  end,
}
