-- More values than a message may hold.
-- expect: error too much for one message
return playbook {
  api = 1, name = "send-giant-list", summary = "hostile",
  run = function(args, step)
    local t = {}
    for i = 1, 1100000 do t[i] = true end
    log("giant", t)
  end,
}
