-- The same, again and again.
-- expect: killed
return playbook {
  api = 1, name = "pattern-bomb-pcall", summary = "hostile",
  run = function(args, step)
    while true do pcall(string.match, ("a"):rep(200), (".-"):rep(20) .. "b") end
  end,
}
