-- Widths beyond what a buffer holds.
-- expect: done
return playbook {
  api = 1, name = "format-width", summary = "hostile",
  run = function(args, step)
    for _, f in ipairs { "%99999d", "%.99999f", "%099999s", "%", "%-", "%y", "%1$d", "%n", "%*d" } do
      local ok = pcall(string.format, f, 1)
      assert(not ok, f)
    end
    assert(#string.format("%99.99f", 1e308) > 300)
    assert(string.format("%s %5.1s|%%|%d %q", {}, "abc", 3, "x") == 'table     a|%|3 "x"')
  end,
}
