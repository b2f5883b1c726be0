-- The handler of xpcall gets the error; its own failure is one too.
-- expect: done
return playbook {
  api = 1, name = "xpcall", summary = "hostile",
  run = function(args, step)
    local ok, a, b = xpcall(function(...) return ... end, error, 1, 2)
    assert(ok and a == 1 and b == 2)
    ok, a = xpcall(error, function(e) return e .. "!" end, "bad")
    assert(not ok and a == "bad!")
    ok, a = xpcall(error, function(e) error("worse", 0) end, "bad")
    assert(not ok and a == "worse")
    assert(not pcall(xpcall, error) and not pcall(xpcall))
  end,
}
