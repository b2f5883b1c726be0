-- A length of 2^40 from a metamethod, into C.
-- expect: error invalid value (nil) at index 1
return playbook {
  api = 1, name = "concat-bomb", summary = "hostile",
  run = function(args, step)
    return table.concat(setmetatable({}, { __len = function() return 1 << 40 end }))
  end,
}
