-- An error that prints for ever.
-- expect: error used up its time
return playbook {
  api = 1, name = "error-tostring-loop", summary = "hostile",
  run = function(args, step)
    error(setmetatable({}, { __tostring = function() while true do end end }))
  end,
}
