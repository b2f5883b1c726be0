-- What belongs to cordon cannot be changed.
-- expect: done
return playbook {
  api = 1, name = "read-only", summary = "hostile",
  run = function(args, step)
    local mine = { string, table, math, utf8, coroutine, os, ec2, sqs, _G }
    for i, t in ipairs(mine) do
      assert(getmetatable(t) == false)
      assert(not pcall(setmetatable, t, {}) and not pcall(setmetatable, t, nil))
      assert(not pcall(rawset, t, "find", 1))
      if t ~= _G then
        assert(not pcall(function() t.find = 1 end))
        assert(not pcall(table.insert, t, 1))
        assert(not pcall(table.move, { 1 }, 1, 1, 1, t))
        assert(rawget(t, "find") == nil and rawlen(t) == 0)
      end
    end
    for _, name in ipairs { "pairs", "require", "ec2", "expect", "playbook", "_G", "log" } do
      assert(not pcall(function() _G[name] = print end))
      assert(not pcall(load(name .. " = nil")))
    end
    mine_own = 5
    assert(mine_own == 5)
    mine_own = 6
    assert(_G.mine_own == 6)
  end,
}
