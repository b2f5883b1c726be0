-- An endless loop gets a message with file and line.
-- expect: error loop.lua:6: the playbook has used up
return playbook {
  api = 1, name = "loop", summary = "hostile",
  run = function(args, step)
    while true do end
  end,
}
