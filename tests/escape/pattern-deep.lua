-- A pattern deeper than the C stack.
-- expect: error pattern too complex
return playbook {
  api = 1, name = "pattern-deep", summary = "hostile",
  run = function(args, step)
    return (("x"):rep(300000)):match(("(x?"):rep(20) .. (")"):rep(20) .. (".?"):rep(250000))
  end,
}
