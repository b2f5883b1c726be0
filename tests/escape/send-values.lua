-- Functions, coroutines, NaN and infinity are refused; the rest comes back.
-- expect: done
return playbook {
  api = 1, name = "send-values", summary = "hostile",
  run = function(args, step)
    for name, value in pairs { f = print, c = coroutine.create(print), n = 0 / 0, i = math.huge, m = -math.huge,
                               k = { [true] = 1 }, z = { [0] = 1 }, d = { [1.5] = 1 }, g = _G.ec2 and { { print } } } do
      local ok, e = pcall(ec2.describe_it, { [name] = value })
      assert(not ok and e.message:find(name .. ".*: "), e)
    end
    local given = { S = "a\0b\xff", I = math.maxinteger, M = math.mininteger, D = 0.1, B = false, L = { {}, {} },
                    E = {}, N = { ["\0"] = 1, [""] = 2 } }
    local back = ec2.describe_it(given)
    for name in pairs(given) do
      if type(given[name]) ~= "table" then assert(back[name] == given[name] and math.type(back[name]) == math.type(given[name])) end
    end
    assert(#back.L == 2 and back.N["\0"] == 1 and back.N[""] == 2 and next(back.E) == nil)
  end,
}
