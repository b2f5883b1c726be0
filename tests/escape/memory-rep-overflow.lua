-- One string larger than a size.
-- expect: error resulting string too large
-- deadline: 5000
return playbook {
  api = 1, name = "memory-rep-overflow", summary = "hostile",
  run = function(args, step)
    return ("abcdefgh"):rep(1 << 62)
  end,
}
