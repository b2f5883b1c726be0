-- A loop without a loop.
-- expect: error used up its time
return playbook {
  api = 1, name = "loop-goto", summary = "hostile",
  run = function(args, step)
    ::again:: goto again
  end,
}
