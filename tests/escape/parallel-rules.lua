-- Branches: results in order, all finish, one error that lists the failures.
-- expect: done
return playbook {
  api = 1, name = "parallel-rules", summary = "hostile",
  run = function(args, step)
    local finished = 0
    local ok, e = pcall(parallel, { "a", "b", "c", "d" }, function(item, i)
      ec2.describe_it { N = i }
      if i % 2 == 0 then ec2.describe_it { FailPlease = true } end
      finished = finished + 1
      return item
    end, { limit = 2 })
    assert(not ok and finished == 2 and #e.failures == 2 and e.failures[2].item == "d" and e.code == "TestError", e)
    assert(tostring(e):find("2 of 4 failed: item 2 (b): ", 1, true), e)
    assert(e.failures[1].error.place:find("parallel%-rules.lua:"))
    assert(#parallel({}, error) == 0)
    assert(not pcall(parallel, nil, error) and not pcall(parallel, {}, nil))
    local order = {}
    parallel({ 1, 2, 3 }, function(i)
      order[#order + 1] = i
      ec2.describe_it {}
      order[#order + 1] = i * 10
      parallel({ "x", "y" }, function(name)
        ec2.describe_it {}
        order[#order + 1] = i .. name
      end)
    end)
    assert(table.concat(order, " ") == "1 2 3 10 20 30 1x 1y 2x 2y 3x 3y", table.concat(order, " "))
  end,
}
