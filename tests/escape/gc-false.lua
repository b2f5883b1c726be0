-- A finalizer filled in later.
-- expect: error '__gc'
return playbook {
  api = 1, name = "gc-false", summary = "hostile",
  run = function(args, step)
    local mt = { __gc = false }
    setmetatable({}, mt)
  end,
}
