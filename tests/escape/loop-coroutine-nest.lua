-- A coroutine that starts a coroutine that starts a coroutine.
-- expect: stopped
return playbook {
  api = 1, name = "loop-coroutine-nest", summary = "hostile",
  run = function(args, step)
    local function nest() return pcall(coroutine.wrap(nest)) end
    while true do nest() end
  end,
}
