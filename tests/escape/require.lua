-- Modules have plain names; the files of cordon itself are not modules.
-- expect: done
return playbook {
  api = 1, name = "require", summary = "hostile",
  run = function(args, step)
    for _, name in ipairs { "../x", "a/b", "a.b", "", "core", "core_errors", "/etc/passwd", ".", "x\0y", "9x", ("x") .. "\n" } do
      assert(not pcall(require, name), name)
    end
    assert(not pcall(require, 1) and not pcall(require, nil) and not pcall(require))
    assert(require("thing").name == "thing" and require("thing") == require("thing"))
    local both = parallel({ 1, 2 }, function() return require("other") end)
    assert(both[1] == both[2])
  end,
}
