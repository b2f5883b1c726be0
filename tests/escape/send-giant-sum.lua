-- Strings that together are larger than a message.
-- expect: error too much for one message
return playbook {
  api = 1, name = "send-giant-sum", summary = "hostile",
  run = function(args, step)
    local s = ("x"):rep(1024 * 1024)
    local t = {}
    for i = 1, 20 do t[i] = s end
    log("giant", t)
  end,
}
