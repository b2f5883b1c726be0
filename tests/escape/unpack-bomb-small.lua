-- Just as many as fit, in a loop.
-- expect: stopped
return playbook {
  api = 1, name = "unpack-bomb-small", summary = "hostile",
  run = function(args, step)
    while true do pcall(table.unpack, {}, 1, 900000) end
  end,
}
