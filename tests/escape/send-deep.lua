-- A table deeper than allowed.
-- expect: error nests too deep
return playbook {
  api = 1, name = "send-deep", summary = "hostile",
  run = function(args, step)
    local t = {}
    for i = 1, 100 do t = { t } end
    log("deep", t)
  end,
}
