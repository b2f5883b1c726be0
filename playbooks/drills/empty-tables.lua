-- A VPC that also has a way to another one: removing the gateway's routes leaves it, empty tables
-- for every subnet do not. The plan says which.
return drill {
  name  = "a way to another VPC: mode=empty-tables closes it too",
  world = function(w)
    local vpc   = w:vpc { cidr = "10.0.0.0/16", internet = true }
    local front = vpc:subnet { cidr = "10.0.1.0/24", public = true }
    local back  = vpc:subnet { cidr = "10.0.2.0/24", table = vpc:route_table { routes = {
      { DestinationCidrBlock = "10.9.0.0/16", TransitGatewayId = "tgw-0123456789abcdef0" } } } }
    local open  = vpc:group { ingress = { "tcp 443 0.0.0.0/0" } }
    local web   = front:instance { name = "web", groups = { open } }
    local app   = back:instance { name = "app", groups = { open } }
    w:flow { name = "c2", from = web, to = "198.51.100.7", port = 4444 }
    w:flow { name = "to the head office", from = app, to = "10.9.0.7", port = 443 }
  end,
  run    = { playbook = "isolate-gateway", args = { instance = "web" } },
  expect = function(w)
    w:exit(0)
    w:plan_names "what goes by the route 10.9.0.0/16 to tgw-0123456789abcdef0"
    w:paused "c2"
    w:alive "to the head office"
    w:run { playbook = "isolate-gateway", args = { instance = "web", mode = "empty-tables" } }
    w:exit(0)
    w:paused "to the head office"
    w:blocked { from = w:instance "app", to = "10.9.0.8", port = 443 }
  end,
}
