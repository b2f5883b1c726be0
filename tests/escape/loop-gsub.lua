-- A callback from C that does not end.
-- expect: error used up its time
return playbook {
  api = 1, name = "loop-gsub", summary = "hostile",
  run = function(args, step)
    return (("x"):gsub(".", function() while true do end end))
  end,
}
