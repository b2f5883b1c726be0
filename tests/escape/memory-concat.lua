-- table.concat of more than memory.
-- expect: error not enough memory
-- deadline: 5000
return playbook {
  api = 1, name = "memory-concat", summary = "hostile",
  run = function(args, step)
    local t = {}
    for i = 1, 1000 do t[i] = ("x"):rep(1000000) end
    return #table.concat(t)
  end,
}
