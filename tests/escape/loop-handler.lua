-- A message handler of xpcall that does not end.
-- expect: error used up its time
return playbook {
  api = 1, name = "loop-handler", summary = "hostile",
  run = function(args, step)
    while true do
      xpcall(function() while true do end end, function() while true do end end)
    end
  end,
}
