-- Everything that can be reached, printed in every way: no address, nothing of the host.
-- expect: done
return playbook {
  api = 1, name = "leaks", summary = "hostile",
  run = function(args, step)
    local seen, count = {}, 0
    local function visit(name, value)
      log(name .. " " .. tostring(value) .. " " .. ("%s"):format(value))
      if type(value) ~= "table" or seen[value] then return end
      seen[value] = true
      count = count + 1
      pcall(function()
        for key, inner in pairs(value) do visit(name .. "." .. tostring(key), inner) end
      end)
      visit(name .. "!", getmetatable(value))
    end
    visit("_G", _G)
    for _, name in ipairs { "assert", "coroutine", "ec2", "error", "expect", "getmetatable", "ipairs", "load",
                            "log", "math", "next", "os", "pairs", "parallel", "pcall", "playbook", "print",
                            "rawequal", "rawget", "rawlen", "rawset", "require", "run_id", "select",
                            "setmetatable", "sqs", "string", "table", "ticket", "tonumber", "tostring", "type",
                            "utf8", "wait", "window", "xpcall", "_VERSION" } do
      visit(name, _G[name])
    end
    visit("step", step)
    visit("co", coroutine.create(print))
    visit("running", coroutine.running())
    visit("own", setmetatable({}, { __name = "x" }))
    assert(count >= 8)
    assert(not pcall(string.format, "%p", {}))
    assert(not pcall(string.format, "%5p", print))
    for _, f in ipairs { error, tostring, ("x").rep, ec2.describe_it, setmetatable, string.format, math.floor } do
      for _, value in ipairs { {}, print, coroutine.create(print) } do
        local ok, e = pcall(f, value, value)
        log(tostring(e))
      end
    end
    for _, op in ipairs { "a + 1", "a .. 1", "a < a", "a()", "a.x.y", "#a", "-a", "a | 1", "a[nil]", "a % a" } do
      for _, a in ipairs { print, true } do
        local ok, e = pcall(load("local a = ... return " .. op), a)
        log(tostring(e))
      end
    end
    for _, name in ipairs { "io", "debug", "package", "dofile", "loadfile", "collectgarbage", "warn", "core", "host",
                            "step", "_ENV", "arg", "bit32", "jit", "newproxy", "loadstring", "setfenv" } do
      assert(not pcall(function() return _G[name] end), name)
      assert(rawget(_G, name) == nil)
    end
    assert(os.getenv == nil and os.execute == nil and os.exit == nil and math.randomseed == nil)
  end,
}
