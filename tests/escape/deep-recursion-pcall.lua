-- Recursion through pcall.
-- expect: stopped
return playbook {
  api = 1, name = "deep-recursion-pcall", summary = "hostile",
  run = function(args, step)
    local function f() return pcall(f) and 1 end
    while true do f() end
  end,
}
