-- A network ACL that others use too, full to the last entry, and its rule 1 is taken. The deny
-- takes the place of rule 1; the entry that would match last makes room for the IPv6 deny. Both
-- are shown before anything is asked, and undo puts them back.
local edges = require "edges"

return drill {
  name  = "a shared, full network ACL whose rule 1 is taken",
  world = function(w)
    local vpc    = w:vpc { cidr = "10.0.0.0/16", internet = true, ipv6 = true }
    local front  = vpc:subnet { cidr = "10.0.1.0/24", public = true }
    local back   = vpc:subnet { cidr = "10.0.2.0/24", public = true }
    edges.fill(w, edges.own_list(w, vpc, { front, back }))
    local open   = vpc:group { ingress = { "tcp 443 0.0.0.0/0" } }
    local web    = front:instance { name = "web", groups = { open } }
    local other  = back:instance { name = "other", groups = { open } }
    w:flow { name = "c2", from = web, to = "198.51.100.7", port = 4444 }
    w:flow { name = "c2 (v6)", from = web, to = "2001:db8:bad::7", port = 443, family = "v6" }
    w:flow { name = "customers", to = other, from = "203.0.113.50", port = 443 }
  end,
  run    = { playbook = "isolate-nacl", args = { instance = "web", mode = "existing" } },
  expect = function(w)
    w:exit(0)
    w:plan_names "is full"
    w:plan_names "inbound rule 1 (allow all traffic 0.0.0.0/0) makes room"
    w:plan_names "other (i-"
    w:paused "c2"
    w:paused "c2 (v6)"
    w:paused "customers"  -- the price of a shared list
    w:calls { replace_network_acl_entry = 2, delete_network_acl_entry = 2 }
    w:undo()
    w:same_as_before()
  end,
}
