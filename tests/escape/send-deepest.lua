-- The deepest table that can be sent comes back.
-- expect: done
return playbook {
  api = 1, name = "send-deepest", summary = "hostile",
  run = function(args, step)
    local t = { "bottom" }
    for i = 1, 58 do t = { t } end
    local back = ec2.describe_it { T = t }.T
    for i = 1, 58 do back = back[1] end
    assert(back[1] == "bottom")
  end,
}
