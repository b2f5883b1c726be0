-- utf8 with positions from outside.
-- expect: done
return playbook {
  api = 1, name = "utf8-bomb", summary = "hostile",
  run = function(args, step)
    assert(not pcall(utf8.codepoint, "abc", 1, math.maxinteger))
    assert(not pcall(utf8.char, -1))
    assert(utf8.len("\xff") == nil)
    for _ in pcall, utf8.codes, "\xf4" do break end
  end,
}
