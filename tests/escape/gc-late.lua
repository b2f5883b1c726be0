-- A finalizer added to a metatable in use is never called.
-- expect: done
return playbook {
  api = 1, name = "gc-late", summary = "hostile",
  run = function(args, step)
    local mt = {}
    local t = setmetatable({}, mt)
    mt.__gc = function() log("collected") while true do end end
    t = nil
    for i = 1, 200000 do local x = { i } end
    assert(not pcall(setmetatable, {}, mt))
  end,
}
