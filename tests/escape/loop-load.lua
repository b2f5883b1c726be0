-- Code that makes code.
-- expect: error used up its time
return playbook {
  api = 1, name = "loop-load", summary = "hostile",
  run = function(args, step)
    while true do pcall(load("while true do end")) end
  end,
}
