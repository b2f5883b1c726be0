-- Errors that are no text and no table.
-- expect: done
return playbook {
  api = 1, name = "error-values", summary = "hostile",
  run = function(args, step)
    for _, value in ipairs { 1, 2.5, true, print } do
      local ok, e = pcall(error, value)
      assert(not ok and e == value)
    end
    local ok, e = pcall(step, "fails", function() error(nil) end)
    assert(not ok and e.message == "nil" and e.code == "PlaybookError")
    ok, e = pcall(step, "fails", function() error("text") end)
    assert(e.message == "text" and e.place:find("error%-values.lua:%d+$"), e.place)
  end,
}
