-- Loops in branches.
-- expect: error used up its time
return playbook {
  api = 1, name = "loop-parallel", summary = "hostile",
  run = function(args, step)
    parallel({ 1, 2, 3 }, function() while true do end end)
  end,
}
