-- string.pack with sizes from outside.
-- expect: done
return playbook {
  api = 1, name = "pack-bomb", summary = "hostile",
  run = function(args, step)
    assert(not pcall(string.pack, "i17", 1))
    assert(not pcall(string.unpack, "s8", ("\xff"):rep(8)))
    assert(not pcall(string.unpack, "z", "no end", 100))
    assert(not pcall(string.packsize, "c2147483647c2147483647"))
    assert(not pcall(string.pack, "!16 Xz", 1))
  end,
}
