-- IPv6 leaves a VPC by a gateway of its own. Taking away 0.0.0.0/0 alone would leave the other half
-- of the door open.
return drill {
  name  = "an egress-only gateway: both families lose their way out of the VPC",
  world = function(w)
    local vpc     = w:vpc { cidr = "10.0.0.0/16", internet = true, ipv6 = true }
    local front   = vpc:subnet { cidr = "10.0.1.0/24", public = true }
    local nat     = front:nat { name = "nat" }
    local egress  = w:call("create_egress_only_internet_gateway", { VpcId = vpc.id })
      .EgressOnlyInternetGateway.EgressOnlyInternetGatewayId
    local private = vpc:subnet { cidr = "10.0.2.0/24", table = vpc:route_table { routes = {
      { DestinationCidrBlock = "0.0.0.0/0", NatGatewayId = nat.id },
      { DestinationIpv6CidrBlock = "::/0", EgressOnlyInternetGatewayId = egress } } } }
    local open    = vpc:group { ingress = { "tcp 443 0.0.0.0/0", "tcp 443 ::/0" } }
    local app     = private:instance { name = "app", groups = { open } }
    local web     = front:instance { name = "web", groups = { open } }
    w:flow { name = "beacon", from = app, to = "198.51.100.7", port = 443 }
    w:flow { name = "beacon (v6)", from = app, to = "2001:db8:bad::7", port = 443, family = "v6" }
    w:flow { name = "customers", to = web, from = "203.0.113.50", port = 443 }
    w:flow { name = "inner", from = web, to = app, port = 443 }
  end,
  run    = { playbook = "isolate-gateway", args = { instance = "app" } },
  expect = function(w)
    w:exit(0)
    w:plan_names "DetachInternetGateway"
    w:plan_names "would be refused (DependencyViolation)"
    w:plan_names "hits the whole VPC"
    w:calls { delete_route = 3, create_tags = 1 }
    w:paused "beacon"
    w:paused "beacon (v6)"
    w:paused "customers"
    w:alive "inner"      -- what no gateway has to do with
    w:undo()
    w:same_as_before()
  end,
}
