-- A metamethod that does not end.
-- expect: error used up its time
return playbook {
  api = 1, name = "loop-index", summary = "hostile",
  run = function(args, step)
    local t = setmetatable({}, { __index = function(self, key) while true do end end })
    return t.x
  end,
}
