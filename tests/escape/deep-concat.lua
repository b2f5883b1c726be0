-- Concatenation of very many values.
-- expect: done
-- deadline: 5000
return playbook {
  api = 1, name = "deep-concat", summary = "hostile",
  run = function(args, step)
    local parts = {}
    for i = 1, 240 do parts[i] = "a" end
    local f = load("local a = 'x' return " .. table.concat(parts, " .. "))
    assert(f == nil or #f() == 240)
  end,
}
