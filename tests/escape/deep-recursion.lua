-- Recursion without an end.
-- expect: error stack overflow
return playbook {
  api = 1, name = "deep-recursion", summary = "hostile",
  run = function(args, step)
    local function f() return 1 + f() end
    return f()
  end,
}
