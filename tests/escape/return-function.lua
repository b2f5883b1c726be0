-- What run returns must be a value.
-- expect: error what run returned cannot be sent: value.f: a function
return playbook {
  api = 1, name = "return-function", summary = "hostile",
  run = function(args, step)
    return { f = print }
  end,
}
