-- A finalizer: it would run at moments that are not the same in every pass.
-- expect: error '__gc'
return playbook {
  api = 1, name = "gc", summary = "hostile",
  run = function(args, step)
    setmetatable({}, { __gc = function() log("collected") end })
  end,
}
