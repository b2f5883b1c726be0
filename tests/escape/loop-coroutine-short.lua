-- Coroutines too short to be counted.
-- expect: error used up its time
return playbook {
  api = 1, name = "loop-coroutine-short", summary = "hostile",
  run = function(args, step)
    while true do pcall(coroutine.wrap(function() return 1 end)) end
  end,
}
