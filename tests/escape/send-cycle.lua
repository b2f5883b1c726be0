-- A table that contains itself.
-- expect: error nests too deep
return playbook {
  api = 1, name = "send-cycle", summary = "hostile",
  run = function(args, step)
    local t = {}
    t.a = { t }
    ec2.describe_it(t)
  end,
}
