-- One string larger than memory.
-- expect: error not enough memory
-- deadline: 5000
return playbook {
  api = 1, name = "memory-rep", summary = "hostile",
  run = function(args, step)
    return ("x"):rep(1 << 30)
  end,
}
