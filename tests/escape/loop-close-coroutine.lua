-- A dead coroutine whose closing does not end: no hook runs there.
-- expect: stopped
return playbook {
  api = 1, name = "loop-close-coroutine", summary = "hostile",
  run = function(args, step)
    while true do
      local co = coroutine.create(function()
        local guard <close> = setmetatable({}, { __close = function() while true do end end })
        while true do end
      end)
      coroutine.resume(co)
      coroutine.close(co)
    end
  end,
}
