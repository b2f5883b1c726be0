-- Logs without end.
-- expect: stopped
return playbook {
  api = 1, name = "flood-logs", summary = "hostile",
  run = function(args, step)
    while true do log("x", { 1, 2, 3 }) end
  end,
}
