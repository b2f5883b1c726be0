-- pcall round the kill, in a loop.
-- expect: error used up its time
return playbook {
  api = 1, name = "loop-pcall", summary = "hostile",
  run = function(args, step)
    while true do pcall(function() while true do end end) end
  end,
}
