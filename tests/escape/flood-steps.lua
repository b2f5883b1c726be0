-- Steps without end.
-- expect: stopped
return playbook {
  api = 1, name = "flood-steps", summary = "hostile",
  run = function(args, step)
    while true do step("x", function() end) end
  end,
}
