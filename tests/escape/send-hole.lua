-- A list with a gap is refused.
-- expect: error Ids: keys must be
return playbook {
  api = 1, name = "send-hole", summary = "hostile",
  run = function(args, step)
    ec2.describe_it { Ids = { [1] = "a", [3] = "c" } }
  end,
}
