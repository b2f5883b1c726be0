-- The victim is the only one behind the NAT gateway: its table can be emptied and nobody else is
-- hit. A flow through the gateway is always tracked, so groups alone would leave it alive.
return drill {
  name  = "the only user of a NAT gateway: emptying its table stops the beacon",
  world = function(w)
    local vpc     = w:vpc { cidr = "10.0.0.0/16", internet = true }
    local front   = vpc:subnet { cidr = "10.0.1.0/24", public = true }
    local nat     = front:nat { name = "nat" }
    local private = vpc:subnet { cidr = "10.0.2.0/24", table = vpc:route_table { routes = {
      { DestinationCidrBlock = "0.0.0.0/0", NatGatewayId = nat.id } } } }
    local open    = vpc:group { ingress = { "tcp 443 0.0.0.0/0" } }
    local app     = private:instance { name = "app", groups = { open } }
    local web     = front:instance { name = "web", groups = { open } }
    w:flow { name = "beacon", from = app, to = "198.51.100.7", port = 443,
             activity = { every = 20 } }
    w:flow { name = "customers", to = web, from = "203.0.113.50", port = 443 }
  end,
  run    = { playbook = "isolate-routes", args = { instance = "app", mode = "strip" } },
  expect = function(w)
    w:exit(0)
    w:calls { delete_route = 1, create_tags = 1 }
    w:paused "beacon"
    w:alive "customers"
    w:blocked { from = w:instance "app", to = "198.51.100.9", port = 443 }
    w:undo()
    w:same_as_before()
  end,
}
