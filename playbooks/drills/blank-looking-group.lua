-- Lesson 8: a group that somebody made "without rules" has one: all traffic out. It looks blank
-- in the list of inbound rules. It is refused before anything is changed.
return drill {
  name  = "a group that looks blank and lets everything out is refused",
  world = function(w)
    local vpc    = w:vpc { cidr = "10.0.0.0/16", internet = true }
    local subnet = vpc:subnet { cidr = "10.0.1.0/24", public = true }
    vpc:group { name = "looks-blank" }
    local web    = subnet:instance { name = "web", groups = {
      vpc:group { ingress = { "tcp 443 0.0.0.0/0" } } } }
    w:flow { name = "c2", from = web, to = "198.51.100.7", port = 4444 }
  end,
  run    = { playbook = "isolate-sg", args = { instance = "web", final = "looks-blank" } },
  expect = function(w)
    w:exit(1)
    w:says "it cannot be the final group"
    w:calls(0)
    w:same_as_before()
  end,
}
