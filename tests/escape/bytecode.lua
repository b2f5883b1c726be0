-- Bytecode in every way that load knows.
-- expect: done
return playbook {
  api = 1, name = "bytecode", summary = "hostile",
  run = function(args, step)
    assert(string.dump == nil)
    local seven = -- string.dump(load("return 7"), true)
      "\x1b\x4c\x75\x61\x54\x00\x19\x93\x0d\x0a\x1a\x0a\x04\x08\x08\x78\x56\x00\x00\x00\x00\x00" ..
      "\x00\x00\x00\x00\x00\x00\x28\x77\x40\x01\x80\x80\x80\x00\x01\x02\x84\x51\x00\x00\x00\x01" ..
      "\x00\x03\x80\x46\x00\x02\x01\x46\x00\x01\x01\x80\x81\x01\x00\x00\x80\x80\x80\x80\x80"
    assert(not load(seven) and not load(seven, "x", "t") and not pcall(load, seven, "x", "b"))
    local ok, chunk = pcall(load, seven, "x", "bt")
    assert(not ok or not chunk)
    local pieces = { seven:sub(1, 3), seven:sub(4) }
    assert(not load(function() return table.remove(pieces, 1) end))
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
