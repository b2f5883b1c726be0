-- Reads without end from many branches.
-- expect: stopped
return playbook {
  api = 1, name = "flood-branches", summary = "hostile",
  run = function(args, step)
    while true do
      local list = {}
      for i = 1, 500 do list[i] = i end
      parallel(list, function(i) ec2.describe_it { I = i } end, { limit = 500 })
    end
  end,
}
