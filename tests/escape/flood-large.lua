-- Large logs without end.
-- expect: stopped
return playbook {
  api = 1, name = "flood-large", summary = "hostile",
  run = function(args, step)
    local s = ("x"):rep(4 * 1024 * 1024)
    while true do log("x", s) end
  end,
}
