-- To-be-closed variables that go on when they are closed.
-- expect: error used up its time
return playbook {
  api = 1, name = "loop-close", summary = "hostile",
  run = function(args, step)
    while true do
      pcall(function()
        local guard <close> = setmetatable({}, { __close = function() while true do end end })
        while true do end
      end)
    end
  end,
}
