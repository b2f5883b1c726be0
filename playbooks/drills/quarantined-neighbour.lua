-- Lesson 6: opening a group that others carry opens the others. The neighbour was isolated last
-- week; it must stay cut at every moment of this run, the window included.
return drill {
  name  = "a neighbour in quarantine stays cut throughout",
  world = function(w)
    local vpc        = w:vpc { cidr = "10.0.0.0/16", internet = true }
    local subnet     = vpc:subnet { cidr = "10.0.1.0/24", public = true }
    local quarantine = vpc:group { name = "quarantine", egress = {} }
    local web        = subnet:instance { name = "web", groups = {
      vpc:group { ingress = { "tcp 443 0.0.0.0/0" } } } }
    local old        = subnet:instance { name = "old", groups = { quarantine } }
    w:flow { name = "c2",      from = web, to = "198.51.100.7", port = 4444 }
    w:flow { name = "inward",  from = web, to = old, port = 22, impossible = true }
    w:flow { name = "outward", from = old, to = "198.51.100.7", port = 4444, impossible = true }
  end,
  run    = { playbook = "isolate-sg", args = { instance = "web", final = "quarantine" } },
  expect = function(w)
    w:exit(0)
    w:cut "c2"
    w:never_open "inward"
    w:never_open "outward"
    w:unchanged_except "web"
  end,
}
