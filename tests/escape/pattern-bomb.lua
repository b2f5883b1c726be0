-- A pattern that takes for ever, in C: only the watchdog ends it.
-- expect: killed
return playbook {
  api = 1, name = "pattern-bomb", summary = "hostile",
  run = function(args, step)
    return ("a"):rep(40):find(("a?"):rep(40) .. ("a"):rep(40))
  end,
}
