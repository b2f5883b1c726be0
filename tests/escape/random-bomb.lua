-- math.random with ends that overflow.
-- expect: done
return playbook {
  api = 1, name = "random-bomb", summary = "hostile",
  run = function(args, step)
    assert(not pcall(math.random, 2, 1))
    assert(math.type(math.random(math.mininteger, math.maxinteger)) == "integer")
  end,
}
