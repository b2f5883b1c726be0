-- A branch cannot be resumed, closed or yielded out of by hand.
-- expect: done
return playbook {
  api = 1, name = "coroutine-branches", summary = "hostile",
  run = function(args, step)
    local stolen, token
    parallel({ 1, 2 }, function(i)
      if i == 1 then stolen = coroutine.running() end
      if i == 2 then
        assert(not pcall(coroutine.resume, stolen, { id = 1 }))
        assert(not pcall(coroutine.close, stolen))
        assert(not pcall(coroutine.yield, 1))
        assert(coroutine.isyieldable() == false)
      end
      assert(ec2.describe_it { N = i }.N == i)
      local own = coroutine.wrap(function()
        for n = 1, 3 do coroutine.yield(ec2.describe_it { N = n }.N) end
      end)
      for n = 1, 3 do token = own() assert(token == n) end
      local s = ("abc"):gsub(".", function(c) return ec2.describe_it { C = c .. c }.C end)
      assert(s == "aabbcc")
      local list = { 3, 1, 2 }
      table.sort(list, function(a, b) return ec2.describe_it { A = a }.A < b end)
      assert(table.concat(list) == "123")
    end)
    local inside = coroutine.wrap(function()
      return parallel({ 1, 2 }, function(i) return ec2.describe_it { N = i }.N end)
    end)
    assert(inside()[2] == 2)
    parallel({ 1, 2 }, function(i)
      local r = coroutine.wrap(function() return parallel({ 5, 6 }, function(n) return ec2.describe_it { N = n }.N end) end)()
      assert(r[1] == 5 and r[2] == 6)
    end)
  end,
}
