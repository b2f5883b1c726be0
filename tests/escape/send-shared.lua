-- A small table that is large when it is written out.
-- expect: error too much for one message
return playbook {
  api = 1, name = "send-shared", summary = "hostile",
  run = function(args, step)
    local t = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 }
    for i = 1, 30 do t = { t, t } end
    log("shared", t)
  end,
}
