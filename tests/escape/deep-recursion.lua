-- Recursion without an end.
-- expect: error stack overflow
-- deadline: 5000
return playbook {
  api = 1, name = "deep-recursion", summary = "hostile",
  run = function(args, step)
    local function f(...) return 1 + f(...) end
    return f(1, 2, 3, 4, 5, 6, 7, 8, 9, 10)
  end,
}
