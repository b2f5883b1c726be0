-- Errors in the handling of errors, at the end of the stack.
-- expect: stopped
return playbook {
  api = 1, name = "deep-errors", summary = "hostile",
  run = function(args, step)
    local function loop() return xpcall(loop, function(e) return loop() end) end
    for i = 1, 20 do pcall(loop) end
    local function f(n) return f(n) + error(setmetatable({}, { __index = f })) end
    for i = 1, 20 do pcall(f, 1) end
    error("survived")
  end,
}
