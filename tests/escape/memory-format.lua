-- Formatting until memory ends.
-- expect: error not enough memory
-- deadline: 5000
return playbook {
  api = 1, name = "memory-format", summary = "hostile",
  run = function(args, step)
    local s = "x"
    while true do s = ("%s%s%s"):format(s, s, s) end
  end,
}
