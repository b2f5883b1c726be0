-- Lesson 2: the conversion. Opened for a moment, the tracked session becomes untracked with its
-- next packet; without rules it then drops at once.
return drill {
  name  = "a live command-and-control session dies by conversion",
  world = function(w)
    local vpc    = w:vpc { cidr = "10.0.0.0/16", internet = true }
    local subnet = vpc:subnet { cidr = "10.0.1.0/24", public = true }
    local web    = subnet:instance { name = "web", groups = {
      vpc:group { ingress = { "tcp 22 203.0.113.0/24", "tcp 443 0.0.0.0/0" } } } }
    w:flow { name = "c2",  from = web, to = "198.51.100.7", port = 4444 }
    w:flow { name = "ssh", to = web, from = "203.0.113.9",  port = 22 }
  end,
  run    = { playbook = "isolate-sg", args = { instance = "web" } },
  expect = function(w)
    w:exit(0)
    w:at("window open"):alive "c2"
    w:at("Cut off closed"):cut "c2"
    w:cut "c2"
    w:cut "ssh"
    w:window { most = 8 }
    w:unchanged_except "web"
    w:journal_verifies()
    w:undo()
    w:same_as_before()
  end,
}
