-- Lesson 3: what carries no packet in the window is not converted. A back door that calls home
-- once an hour lives on, and the plan must say so. A longer settle= catches it, at a price.
return drill {
  name  = "a dormant session survives the conversion, and the plan says so",
  world = function(w)
    local vpc    = w:vpc { cidr = "10.0.0.0/16", internet = true }
    local subnet = vpc:subnet { cidr = "10.0.1.0/24", public = true }
    local web    = subnet:instance { name = "web", groups = {
      vpc:group { ingress = { "tcp 443 0.0.0.0/0" } } } }
    w:flow { name = "talks",  from = web, to = "198.51.100.7", port = 4444 }
    w:flow { name = "sleeps", from = web, to = "198.51.100.8", port = 4444,
             activity = { every = 3600 } }
  end,
  run    = { playbook = "isolate-sg", args = { instance = "web" } },
  expect = function(w)
    w:exit(0)
    w:plan_names "flows that carry no packet"
    w:cut "talks"
    w:alive "sleeps"
    w:pass(7200)      -- two beacons later
    w:alive "sleeps"
  end,
}
