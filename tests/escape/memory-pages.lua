-- A parallel over more items than memory holds.
-- expect: stopped
return playbook {
  api = 1, name = "memory-pages", summary = "hostile",
  run = function(args, step)
    local list = {}
    for i = 1, 1000000 do list[i] = i end
    parallel(list, function() return ("x"):rep(1000) end, { limit = 1000000 })
  end,
}
