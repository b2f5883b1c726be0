-- pairs and next go in sorted order, the same in every pass.
-- expect: done
return playbook {
  api = 1, name = "order", summary = "hostile",
  run = function(args, step)
    local t = { [3] = 1, [-1] = 1, [2.5] = 1, [true] = 1, [false] = 1, b = 1, a = 1, [""] = 1, ["a\0"] = 1,
                [math.maxinteger] = 1, [-math.huge] = 1, [2^63] = 1, B = 1 }
    local keys, by_next = {}, {}
    for key in pairs(t) do keys[#keys + 1] = tostring(key) end
    for key in next, t do by_next[#by_next + 1] = tostring(key) end
    assert(table.concat(keys, " ") == "false true -inf -1 2.5 3 9223372036854775807 9.2233720368548e+18  B a a\0 b")
    assert(table.concat(keys, " ") == table.concat(by_next, " "))
    assert(next({}) == nil and next({ 5 }) == 1 and select("#", next({})) == 1)
    for _, key in ipairs { {}, print, coroutine.create(print) } do
      assert(not pcall(pairs, { [key] = 1 }) and not pcall(next, { [key] = 1 }))
    end
    local u = { a = 1, b = 2, c = 3 }
    for key in pairs(u) do u[key] = nil u.b = nil u.z = 1 end
    assert(u.a == nil and u.c == nil and u.z == 1)
    local visited = 0
    for key in pairs(setmetatable({}, { __pairs = function() return next, { 1, 2 } end })) do visited = visited + 1 end
    assert(visited == 2)
  end,
}
