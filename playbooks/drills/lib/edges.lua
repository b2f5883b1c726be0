-- edges.lua - network ACLs for drills' worlds.
local edges = {}

-- A list of the VPC's own, for these subnets.
function edges.own_list(w, vpc, subnets)
  local acl = w:call("create_network_acl", { VpcId = vpc.id }).NetworkAcl.NetworkAclId
  for _, subnet in ipairs(subnets) do
    local found = w:call("describe_network_acls", { Filters = {
      { Name = "association.subnet-id", Values = { subnet.id } } } }).NetworkAcls[1]
    for _, association in ipairs(found.Associations) do
      if association.SubnetId == subnet.id then
        w:call("replace_network_acl_association", {
          AssociationId = association.NetworkAclAssociationId, NetworkAclId = acl })
      end
    end
  end
  return acl
end

-- Fills it up to the quota, both ways and in both families: IPv4 from rule 1 on, IPv6 from 102.
function edges.fill(w, acl)
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

return edges
