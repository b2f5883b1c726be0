-- pcall in pcall in pcall round the kill.
-- expect: error used up its time
return playbook {
  api = 1, name = "loop-pcall-nested", summary = "hostile",
  run = function(args, step)
    local function again() while true do pcall(again) end end
    again()
  end,
}
