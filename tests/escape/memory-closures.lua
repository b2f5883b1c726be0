-- Closures and upvalues until memory ends.
-- expect: error not enough memory
-- deadline: 5000
return playbook {
  api = 1, name = "memory-closures", summary = "hostile",
  run = function(args, step)
    local f = function() end
    while true do local g = f f = function() return g end end
  end,
}
