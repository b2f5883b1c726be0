-- Names replaced round a require: modules and our own code do not see it.
-- expect: done
return playbook {
  api = 1, name = "require-tampering", summary = "hostile",
  run = function(args, step)
    assert(not pcall(load("ipairs = function() return error end")))
    local shadow = setmetatable({ ipairs = error, pcall = error }, { __index = _G })
    local f = load("return require('other').name", "x", "t", shadow)
    assert(f() == "other")
    assert(not pcall(load("string = { find = function() return 1 end }")))
    assert(not pcall(require, "../../etc"))
  end,
}
