-- Steps and windows where they must not be.
-- expect: done
return playbook {
  api = 1, name = "step-rules", summary = "hostile",
  run = function(args, step)
    local function refused(text, fn, ...)
      local ok, e = pcall(fn, ...)
      assert(not ok and tostring(e):find(text, 1, true), e)
    end
    local nothing = function() end
    refused("a step inside a step", step, "outer", function() step("inner", nothing) end)
    refused("inside parallel", parallel, { 1 }, function() step("inner", nothing) end)
    refused("only inside a step", window, { open = nothing, close = nothing })
    refused("window inside a window", step, "s", function()
      window { open = function() window { open = nothing, close = nothing } end, close = nothing }
    end)
    refused("inside parallel", step, "s", function()
      parallel({ 1 }, function() window { open = nothing, close = nothing } end)
    end)
    refused("unknown field 'optinal' (did you mean 'optional'?)", step, "s", { optinal = true }, nothing)
    refused("must be a boolean", step, "s", { optional = 1 }, nothing)
    refused("on_failure", step, "s", { on_failure = "ignore" }, nothing)
    refused("hazards", step, "s", { hazards = { asg = 1 } }, nothing)
    refused("must be seconds", step, "s", function() window { open = nothing, close = nothing, settle = -1 } end)
    refused("must be seconds", step, "s", function() window { open = nothing, close = nothing, settle = 0 / 0 } end)
    refused("'close' is missing", step, "s", function() window { open = nothing } end)
    refused("must be a function", step, "s", {}, 1)
    refused("must be a string", step, {}, nothing)
    refused("must be a string", expect, true, 1)
    refused("must be a whole number", parallel, {}, nothing, { limit = 0 })
    refused("must be seconds", wait, nothing, { timeout = 0 })
    refused("waited 5 s in vain", wait, nothing, { timeout = 5 })
    local value, e = step("warns", { on_failure = "warn" }, function() error("snapshot failed") end)
    assert(value == nil and e.message == "snapshot failed")
    assert(step("fine", function() return 1, 2 end) == 1)
  end,
}
