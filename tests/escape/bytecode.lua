-- Bytecode in every way that load knows.
-- expect: done
return playbook {
  api = 1, name = "bytecode", summary = "hostile",
  run = function(args, step)
    assert(string.dump == nil)
    for _, mode in ipairs { "b", "bt", "t" } do
      local ok, chunk = pcall(load, "\27Lua\x54\0\x19\x93\r\n\x1a\n", "x", mode)
      assert(not ok or not chunk, mode)
      ok, chunk = pcall(load, coroutine.wrap(function() coroutine.yield("\27") coroutine.yield("Lua") end), "x", mode)
      assert(not ok or not chunk, mode)
    end
    assert(not pcall(load, "return 1", "x", "b"))
    assert(not load("\27"))
    assert(load("return 7")() == 7)
  end,
}
