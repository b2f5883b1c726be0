-- Errors in closing variables, at the end of the stack.
-- expect: stopped
return playbook {
  api = 1, name = "deep-close", summary = "hostile",
  run = function(args, step)
    local function f()
      local x <close> = setmetatable({}, { __close = function() error(("x"):rep(100)) end })
      return 1 + f()
    end
    for i = 1, 20 do pcall(f) end
    error("survived")
  end,
}
