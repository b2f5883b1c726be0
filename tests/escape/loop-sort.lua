-- A comparing function that does not end.
-- expect: error used up its time
return playbook {
  api = 1, name = "loop-sort", summary = "hostile",
  run = function(args, step)
    table.sort({ 3, 2, 1 }, function() while true do end end)
  end,
}
