-- Lesson 1: a swap of groups stops new connections, not those that are open. The session is
-- tracked, so it lives on until it has been idle for days. This drill is meant to fail.
return drill {
  name  = "a naive swap of groups leaves the attacker's session alive",
  expect_failure = "c2 is cut",
  world = function(w)
    local vpc    = w:vpc { cidr = "10.0.0.0/16", internet = true }
    local subnet = vpc:subnet { cidr = "10.0.1.0/24", public = true }
    local web    = subnet:instance { name = "web", groups = {
      vpc:group { ingress = { "tcp 443 0.0.0.0/0" } } } }
    w:flow { name = "c2", from = web, to = "198.51.100.7", port = 4444 }
  end,
  run    = { playbook = "naive-swap", args = { instance = "web" } },
  expect = function(w)
    w:exit(0)
    w:blocked { from = w:instance "web", to = "198.51.100.7", port = 4444 }  -- a new one
    w:cut "c2"                                                            -- the open one
  end,
}
