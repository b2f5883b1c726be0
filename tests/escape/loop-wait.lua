-- Waiting for ever, without time going on.
-- expect: stopped
return playbook {
  api = 1, name = "loop-wait", summary = "hostile",
  run = function(args, step)
    wait(function() while true do end end)
  end,
}
