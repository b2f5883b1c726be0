-- An error that prints as more than fits.
-- expect: error 
return playbook {
  api = 1, name = "error-tostring-huge", summary = "hostile",
  run = function(args, step)
    error(setmetatable({}, { __tostring = function() return ("x"):rep(30000000) end }))
  end,
}
