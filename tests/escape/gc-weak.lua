-- A weak table shows the collector.
-- expect: error '__mode'
return playbook {
  api = 1, name = "gc-weak", summary = "hostile",
  run = function(args, step)
    setmetatable({}, { __mode = "k" })
  end,
}
