-- An error of the playbook's own keeps its fields.
-- expect: error own message
return playbook {
  api = 1, name = "error-own", summary = "hostile",
  run = function(args, step)
    error({ code = "MyCode", message = "own message", status = 418, deep = { {} } })
  end,
}
