-- The same full list, and a colleague changes two entries of it before the isolation is taken back.
-- One was nobody's business: it stays as the colleague left it. The other was put there by the
-- isolation: undo sees that it is no longer what it was left as, leaves it alone and says so (7).
local edges = require "edges"

local list

return drill {
  name  = "a colleague's change in a full network ACL is left alone by undo",
  world = function(w)
    local vpc    = w:vpc { cidr = "10.0.0.0/16", internet = true, ipv6 = true }
    local front  = vpc:subnet { cidr = "10.0.1.0/24", public = true }
    local back   = vpc:subnet { cidr = "10.0.2.0/24", public = true }
    list = edges.own_list(w, vpc, { front, back })
    edges.fill(w, list)
    local web    = front:instance { name = "web", groups = {
      vpc:group { ingress = { "tcp 443 0.0.0.0/0" } } } }
    w:flow { name = "c2", from = web, to = "198.51.100.7", port = 4444 }
  end,
  run    = { playbook = "isolate-nacl", args = { instance = "web", mode = "existing" } },
  expect = function(w)
    local theirs = { NetworkAclId = list, RuleNumber = 3, Egress = false, Protocol = "-1",
                     RuleAction = "deny", CidrBlock = "192.0.2.0/24" }
    w:exit(0)
    w:call("replace_network_acl_entry", theirs)
    theirs.RuleNumber = 1
    w:call("replace_network_acl_entry", theirs)
    w:undo { exit = 7 }
    local now = {}
    for _, entry in ipairs(w:call("describe_network_acls", { NetworkAclIds = { list } })
        .NetworkAcls[1].Entries) do
      if not entry.Egress then now[entry.RuleNumber] = entry end
    end
    w:that(now[1].CidrBlock == "192.0.2.0/24", "the colleague's entry 1 is theirs")
    w:that(now[3].CidrBlock == "192.0.2.0/24", "the colleague's entry 3 is theirs")
    w:that(now[2] == nil, "the deny for IPv6 is gone")
    w:that(now[138] ~= nil, "the entry that made room is back")
  end,
}
