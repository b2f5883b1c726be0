-- The metatable of strings is out of reach.
-- expect: done
return playbook {
  api = 1, name = "string-metatable", summary = "hostile",
  run = function(args, step)
    assert(getmetatable("") == false)
    assert(not pcall(function() getmetatable("").__index = function() return 1 end end))
    assert(not pcall(setmetatable, "", {}))
    assert(not pcall(function() string.rep = print end))
    assert(not pcall(function() ("").rep = print end))
    assert(not pcall(rawset, string, "rep", print))
    assert(("").dump == nil and ("x"):rep(3) == "xxx")
    assert("10" + 1 == 11)
  end,
}
