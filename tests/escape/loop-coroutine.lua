-- Coroutines round the kill: each finds out for itself.
-- expect: error used up its time
return playbook {
  api = 1, name = "loop-coroutine", summary = "hostile",
  run = function(args, step)
    while true do
      local co = coroutine.create(function()
        while true do pcall(function() while true do end end) end
      end)
      coroutine.resume(co)
    end
  end,
}
