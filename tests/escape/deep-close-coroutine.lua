-- Closing coroutines that fail to close, deeply.
-- expect: stopped
return playbook {
  api = 1, name = "deep-close-coroutine", summary = "hostile",
  run = function(args, step)
    local function nest(n)
      local co = coroutine.create(function()
        local x <close> = setmetatable({}, { __close = function() nest(n + 1) end })
        coroutine.yield()
      end)
      coroutine.resume(co)
      coroutine.close(co)
    end
    nest(1)
    error("survived")
  end,
}
