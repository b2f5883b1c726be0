-- Code from load gets the environment of the playbook, no other.
-- expect: done
return playbook {
  api = 1, name = "load-environment", summary = "hostile",
  run = function(args, step)
    assert(load("return _ENV")() == _G and load("return _G")() == _G)
    assert(load("x_from_load = 1; return x_from_load")() == 1 and x_from_load == 1)
    assert(load("return y", "c", "t", { y = 5 })() == 5)
    assert(load("return y", "c", nil, { y = 5 })() == 5)
    assert(not pcall(load("return io")))
    assert(not pcall(load("return pairs", "c", "t", nil)))
    assert(load(function() return nil end)() == nil)
  end,
}
