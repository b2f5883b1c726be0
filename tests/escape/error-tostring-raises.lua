-- An error that raises when it is printed.
-- expect: error 
return playbook {
  api = 1, name = "error-tostring-raises", summary = "hostile",
  run = function(args, step)
    error(setmetatable({}, { __tostring = function() error("again") end }))
  end,
}
