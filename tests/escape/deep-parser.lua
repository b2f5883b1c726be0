-- Brackets until the parser gives up.
-- expect: done
-- deadline: 5000
return playbook {
  api = 1, name = "deep-parser", summary = "hostile",
  run = function(args, step)
    for _, text in ipairs { "(", "{", "function() ", "- ", "not ", "a.b[", "do ", "if x then " } do
      assert(not load("return " .. text:rep(100000)))
      assert(not load(text:rep(100000)))
    end
    load("return " .. ("1 .. "):rep(100000) .. "1")
    load("local " .. ("a,"):rep(100000) .. "a = 1")
  end,
}
