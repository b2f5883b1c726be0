-- Recursion through C and metamethods.
-- expect: error C stack overflow
-- deadline: 5000
return playbook {
  api = 1, name = "deep-metamethods", summary = "hostile",
  run = function(args, step)
    local t = setmetatable({}, {})
    getmetatable(t).__index = function(self, key) return self[key .. "x"] end
    return t.x
  end,
}
