-- Lesson 16: a colleague, or an auto-remediation, puts the old group back just after the cut.
-- The run reads back what it did, and says that it does not hold (exit 7).
return drill {
  name  = "a colleague undoes the cut meanwhile: the verification sees it",
  world = function(w)
    local vpc    = w:vpc { cidr = "10.0.0.0/16", internet = true }
    local subnet = vpc:subnet { cidr = "10.0.1.0/24", public = true }
    local old    = vpc:group { ingress = { "tcp 443 0.0.0.0/0" } }
    local web    = subnet:instance { name = "web", groups = { old } }
    w:flow { name = "c2", from = web, to = "198.51.100.7", port = 4444 }
    w:fault { operation = "create_tags", nth = 1, change = { {
      operation = "modify_instance_attribute",
      params = { InstanceId = web.id, Groups = { old.id } } } } }
  end,
  run    = { playbook = "isolate-sg", args = { instance = "web" } },
  expect = function(w)
    w:exit(7)
    w:cut "c2"
    w:says "NOT VERIFIED"
    w:open { from = w:instance "web", to = "198.51.100.7", port = 4444 }
  end,
}
