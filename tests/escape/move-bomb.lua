-- A loop in C over 2^53 positions.
-- expect: killed
return playbook {
  api = 1, name = "move-bomb", summary = "hostile",
  run = function(args, step)
    table.move({}, 1, 1 << 53, 2)
  end,
}
