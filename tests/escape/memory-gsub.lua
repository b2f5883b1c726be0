-- gsub that grows.
-- expect: error not enough memory
-- deadline: 5000
return playbook {
  api = 1, name = "memory-gsub", summary = "hostile",
  run = function(args, step)
    local s = ("x"):rep(1000)
    while true do s = s:gsub(".", "%0%0%0%0") end
  end,
}
