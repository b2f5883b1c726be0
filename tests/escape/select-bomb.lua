-- Many arguments, passed on.
-- expect: stopped
return playbook {
  api = 1, name = "select-bomb", summary = "hostile",
  run = function(args, step)
    local function f(...) return f(..., ...) end
    while true do pcall(f, table.unpack({}, 1, 200)) end
  end,
}
