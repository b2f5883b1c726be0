-- A playbook that uses everything there is: the harness and the interface work.
-- expect: done
-- answers: {"a":"run","echo":["i-2","i-1"],"id":"run-1","order":"a,b,c","own":5,"waited":true}
local letters = {}
for name in pairs { c = 1, a = 2, b = 3 } do letters[#letters + 1] = name end

return playbook {
  api = 1, name = "good", summary = "Uses everything",
  args = { instance = { type = "instance", required = true } },
  run = function(args, step)
    local a = step("One", function() return "run" end)
    local echo
    step("Two", { optional = true, on_failure = "warn", hazards = { asg = "replaced" } }, function()
      echo = parallel({ "i-2", "i-1" }, function(id)
        local inner = parallel({ 1, 2 }, function(n)
          log("branch", n)
          return ec2.describe_instances { InstanceIds = { id } }.InstanceIds[1]
        end)
        assert(inner[1] == inner[2])
        return inner[1]
      end, { limit = 1 })
      window { open = function() ec2.open_it {} end, settle = 0.5, close = function() ec2.close_it {} end }
    end)
    step("Left out", { when = false }, function() error("never") end)
    expect(true, "all is well", { detail = 1 })
    local own = coroutine.wrap(function()
      local n = ec2.describe_it { N = 5 }.N
      coroutine.yield(n)
    end)
    local tries = 0
    local waited = wait(function() tries = tries + 1 return tries == 3 end, { timeout = 30 })
    local ok, e = pcall(ec2.describe_it, { FailPlease = true })
    assert(not ok and e.code == "TestError" and tostring(e):find("good.lua:%d+: TestError: as the"), e)
    assert(require "thing" == require "thing" and require "ec2" == ec2)
    assert(ticket == nil)
    assert(os.date("!%F %T", 1790000000) == "2026-09-21 14:13:20")
    assert(os.time { year = 2026, month = 9, day = 21, hour = 14, min = 13, sec = 20 } == 1790000000)
    print("x", 1)
    return { a = a, echo = echo, own = own(), order = table.concat(letters, ","), waited = waited,
             id = run_id }
  end,
}
