-- Coroutines inside coroutines.
-- expect: error C stack overflow
-- deadline: 5000
return playbook {
  api = 1, name = "deep-coroutines", summary = "hostile",
  run = function(args, step)
    local function f() return coroutine.wrap(f)() end
    return f()
  end,
}
