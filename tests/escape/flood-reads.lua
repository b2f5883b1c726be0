-- Reads without end.
-- expect: stopped
return playbook {
  api = 1, name = "flood-reads", summary = "hostile",
  run = function(args, step)
    while true do ec2.describe_it {} end
  end,
}
