-- Comparing functions that make no sense.
-- expect: done
return playbook {
  api = 1, name = "sort", summary = "hostile",
  run = function(args, step)
    local function list() local t = {} for i = 1, 500 do t[i] = (i * 7919) % 503 end return t end
    for _, less in ipairs { function() return true end, function() return false end,
                            function(a, b) return (a * b) % 3 == 0 end, function(a, b) return a <= b end } do
      local t = list()
      table.sort(t, less)
      assert(#t == 500)
    end
    local t = list()
    table.sort(t)
    for i = 2, #t do assert(t[i - 1] <= t[i]) end
    assert(not pcall(table.sort, { 1, "x", {} }))
    assert(not pcall(table.sort, setmetatable({}, { __len = function() return 1 << 40 end })))
    assert(not pcall(table.sort, { 3, 2, 1 }, function() error("no") end))
    local stable = { { 1, "a" }, { 0, "b" }, { 1, "c" }, { 0, "d" } }
    table.sort(stable, function(a, b) return a[1] < b[1] end)
    assert(stable[1][2] .. stable[2][2] .. stable[3][2] .. stable[4][2] == "bdac")
  end,
}
