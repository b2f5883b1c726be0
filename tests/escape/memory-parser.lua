-- A chunk larger than memory.
-- expect: error not enough memory
-- deadline: 5000
return playbook {
  api = 1, name = "memory-parser", summary = "hostile",
  run = function(args, step)
    local n = 0
    assert(load(function() n = n + 1 return n < 10000000 and "x = {{{}}} " or nil end))
  end,
}
