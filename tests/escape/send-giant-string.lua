-- A string larger than a message.
-- expect: error too much for one message
return playbook {
  api = 1, name = "send-giant-string", summary = "hostile",
  run = function(args, step)
    log("giant", ("x"):rep(17 * 1024 * 1024))
  end,
}
