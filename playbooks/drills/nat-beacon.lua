-- Lesson 4: flows through a NAT gateway are always tracked: converting them is impossible, and
-- the window would only open the instance to its neighbours. convert=auto sees that and says
-- why.
return drill {
  name  = "a beacon through a NAT gateway: conversion is pointless, and said to be",
  world = function(w)
    local vpc     = w:vpc { cidr = "10.0.0.0/16", internet = true }
    local front   = vpc:subnet { cidr = "10.0.1.0/24", public = true }
    local nat     = front:nat { name = "nat" }
    local private = vpc:subnet { cidr = "10.0.2.0/24", table = vpc:route_table { routes = {
      { DestinationCidrBlock = "0.0.0.0/0", NatGatewayId = nat.id } } } }
    local app     = private:instance { name = "app", groups = { vpc:group {} } }
    w:flow { name = "beacon", from = app, to = "198.51.100.7", port = 443,
             activity = { every = 20 } }
  end,
  run    = { playbook = "isolate-sg", args = { instance = "app" } },
  expect = function(w)
    w:exit(0)
    w:plan_names "convert=auto: no"
    w:plan_names "flows through nat-"
    w:window { none = true }
    w:alive "beacon"
    w:blocked { from = w:instance "app", to = "198.51.100.9", port = 443 }
  end,
}
