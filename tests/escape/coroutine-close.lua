-- Closing coroutines, in every state.
-- expect: done
return playbook {
  api = 1, name = "coroutine-close", summary = "hostile",
  run = function(args, step)
    local co = coroutine.create(function() coroutine.yield() end)
    assert(coroutine.close(co) and coroutine.status(co) == "dead")
    co = coroutine.create(function()
      local x <close> = setmetatable({}, { __close = function() error("closing") end })
      coroutine.yield()
    end)
    coroutine.resume(co)
    local ok, e = coroutine.close(co)
    assert(not ok and tostring(e):find("closing"))
    assert(not pcall(coroutine.close, coroutine.running()))
    assert(not pcall(coroutine.wrap(function() coroutine.close(coroutine.running()) end)))
    local self
    self = coroutine.wrap(function() self() end)
    assert(not pcall(self))
  end,
}
