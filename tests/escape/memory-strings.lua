-- Strings until memory ends.
-- expect: error not enough memory
-- deadline: 5000
return playbook {
  api = 1, name = "memory-strings", summary = "hostile",
  run = function(args, step)
    local t = {}
    for i = 1, math.huge do t[i] = ("x"):rep(1000000) .. i end
  end,
}
