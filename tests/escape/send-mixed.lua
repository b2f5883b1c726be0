-- Mixed keys are refused, with the path.
-- expect: error Filters[2].Values: keys must be
return playbook {
  api = 1, name = "send-mixed", summary = "hostile",
  run = function(args, step)
    ec2.describe_it { Filters = { { Name = "a" }, { Values = { 1, 2, x = 3 } } } }
  end,
}
