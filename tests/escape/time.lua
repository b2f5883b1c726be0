-- Times and dates from outside.
-- expect: done
return playbook {
  api = 1, name = "time", summary = "hostile",
  run = function(args, step)
    assert(math.type(os.time()) == "integer")
    assert(os.date("%Y", 0) == "1970" and os.date("!*t", 0).hour == 0)
    for _, f in ipairs { "%c", "%p", "%", "%E", "%n" } do assert(not pcall(os.date, f, 0), f) end
    assert(not pcall(os.date, "%Y", 1 << 60) and not pcall(os.date, "%Y", "x") and not pcall(os.date, "%Y", 0 / 0))
    assert(not pcall(os.time, { year = 1 << 40, month = 1, day = 1 }) and not pcall(os.time, {}) and not pcall(os.time, 1))
    assert(os.date("%F", os.time { year = 2024, month = 14, day = 1 }) == "2025-02-01")
    assert(os.date("%F %T", -1) == "1969-12-31 23:59:59")
    assert(os.date("%F", os.time { year = 2000, month = 2, day = 29 }) == "2000-02-29")
  end,
}
