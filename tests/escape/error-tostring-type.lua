-- An error that prints as a table.
-- expect: error 
return playbook {
  api = 1, name = "error-tostring-type", summary = "hostile",
  run = function(args, step)
    error(setmetatable({}, { __tostring = function() return {} end }))
  end,
}
