-- A network ACL that others use too, full to the last entry, and its rule 1 is taken. The deny
-- takes the place of rule 1; the entry that would match last makes room for the IPv6 deny. Both
-- are shown before anything is asked, and undo puts them back.
local function fill(w, acl)
  for number = 1, 19 do
    for _, egress in ipairs { false, true } do
      w:call("create_network_acl_entry", {
        NetworkAclId = acl, RuleNumber = number * 2 - 1, Egress = egress, Protocol = "-1",
        RuleAction = "allow", CidrBlock = "0.0.0.0/0" })
      w:call("create_network_acl_entry", {
        NetworkAclId = acl, RuleNumber = number * 2 + 100, Egress = egress, Protocol = "-1",
        RuleAction = "allow", Ipv6CidrBlock = "::/0" })
    end
  end
end

local function put_on(w, acl, subnet)
  local found = w:call("describe_network_acls", { Filters = {
    { Name = "association.subnet-id", Values = { subnet.id } } } }).NetworkAcls[1]
  for _, association in ipairs(found.Associations) do
    if association.SubnetId == subnet.id then
      w:call("replace_network_acl_association", {
        AssociationId = association.NetworkAclAssociationId, NetworkAclId = acl })
    end
  end
end

return drill {
  name  = "a shared, full network ACL whose rule 1 is taken",
  world = function(w)
    local vpc    = w:vpc { cidr = "10.0.0.0/16", internet = true, ipv6 = true }
    local front  = vpc:subnet { cidr = "10.0.1.0/24", public = true }
    local back   = vpc:subnet { cidr = "10.0.2.0/24", public = true }
    local acl    = w:call("create_network_acl", { VpcId = vpc.id }).NetworkAcl.NetworkAclId
    fill(w, acl)
    put_on(w, acl, front)
    put_on(w, acl, back)
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
