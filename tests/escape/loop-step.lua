-- A loop inside a step inside pcall.
-- expect: error used up its time
return playbook {
  api = 1, name = "loop-step", summary = "hostile",
  run = function(args, step)
    while true do
      pcall(step, "again", function() while true do end end)
    end
  end,
}
