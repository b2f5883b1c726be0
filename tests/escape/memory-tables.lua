-- Tables until memory ends.
-- expect: error not enough memory
-- deadline: 5000
return playbook {
  api = 1, name = "memory-tables", summary = "hostile",
  run = function(args, step)
    local t = {}
    while true do t = { t, {}, {} } end
  end,
}
