-- A colleague, or an auto-remediation, takes the deny out of the network ACL again just after the
-- cut. The run reads back what it did, and says that it does not hold (exit 7).
return drill {
  name  = "a colleague takes the deny out again: the verification sees it",
  world = function(w)
    local vpc   = w:vpc { cidr = "10.0.0.0/16", internet = true }
    local front = vpc:subnet { cidr = "10.0.1.0/24", public = true }
    vpc:subnet { cidr = "10.0.2.0/24" }
    local old   = w:call("describe_network_acls", { Filters = {
      { Name = "association.subnet-id", Values = { front.id } } } }).NetworkAcls[1]
    local web   = front:instance { name = "web", groups = {
      vpc:group { ingress = { "tcp 443 0.0.0.0/0" } } } }
    w:flow { name = "c2", from = web, to = "198.51.100.7", port = 4444 }
    w:fault { operation = "create_tags", nth = 1, change = { {
      operation = "delete_network_acl_entry",
      params = { NetworkAclId = old.NetworkAclId, RuleNumber = 1, Egress = false } } } }
  end,
  run    = { playbook = "isolate-nacl", args = { instance = "web", mode = "existing" } },
  expect = function(w)
    w:exit(7)
    w:says "NOT VERIFIED"
    w:says "inbound rule 100"
  end,
}
