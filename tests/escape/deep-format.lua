-- Recursion through string.format.
-- expect: error C stack overflow
-- deadline: 5000
return playbook {
  api = 1, name = "deep-format", summary = "hostile",
  run = function(args, step)
    local t = setmetatable({}, { __tostring = function(self) return ("%s"):format(self) end })
    return ("%s"):format(t)
  end,
}
