-- Memory bombs in pcall, in a loop: the host goes on.
-- expect: stopped
return playbook {
  api = 1, name = "memory-pcall", summary = "hostile",
  run = function(args, step)
    local keep = {}
    while true do
      pcall(function() while true do keep[#keep + 1] = ("x"):rep(100000 + #keep) end end)
    end
  end,
}
