-- A weak table made by way of a later assignment is still capped and safe.
-- expect: done
return playbook {
  api = 1, name = "late-weak", summary = "hostile",
  run = function(args, step)
    local mt = {}
    local t = setmetatable({}, mt)
    mt.__mode = "k"
    for i = 1, 100000 do t[{}] = i end
    assert(not pcall(setmetatable, {}, mt))
  end,
}
