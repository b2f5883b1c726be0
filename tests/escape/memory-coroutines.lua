-- Coroutines until memory ends.
-- expect: error not enough memory
-- deadline: 5000
return playbook {
  api = 1, name = "memory-coroutines", summary = "hostile",
  run = function(args, step)
    local all = {}
    while true do
      local co = coroutine.create(function() coroutine.yield() end)
      coroutine.resume(co)
      all[#all + 1] = co
    end
  end,
}
