-- More results than there is stack.
-- expect: error too many results
return playbook {
  api = 1, name = "unpack-bomb", summary = "hostile",
  run = function(args, step)
    return table.unpack(setmetatable({}, { __len = function() return 1 << 40 end }))
  end,
}
