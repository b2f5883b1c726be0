-- Recursion through gsub.
-- expect: error C stack overflow
-- deadline: 5000
return playbook {
  api = 1, name = "deep-gsub", summary = "hostile",
  run = function(args, step)
    local function f(s) return (s:gsub(".", f)) end
    return f("x")
  end,
}
