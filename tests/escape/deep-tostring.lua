-- Recursion through tostring.
-- expect: error C stack overflow
-- deadline: 5000
return playbook {
  api = 1, name = "deep-tostring", summary = "hostile",
  run = function(args, step)
    local t = setmetatable({}, { __tostring = function(self) return tostring(self) end })
    return tostring(t)
  end,
}
