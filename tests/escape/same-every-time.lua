-- The same code sends the same messages, twenty times over: branches, order, chance, time.
-- expect: done
-- repeat: 20
return playbook {
  api = 1, name = "same-every-time", summary = "hostile",
  run = function(args, step)
    local set = {}
    for i = 1, 200 do set["key" .. math.random(1000000)] = i end
    for key, value in pairs(set) do log(key, value) end
    local list = {}
    for i = 1, 300 do list[i] = i end
    table.sort(list, function(a, b) return a % 10 < b % 10 end)
    parallel(list, function(item, i)
      local got = ec2.describe_it { Item = item, Place = i }
      if item % 7 == 0 then
        parallel({ "a", "b" }, function(name) log(name .. item, got) end)
      end
      if item % 11 == 0 then os.time() end
      ec2.describe_it { Second = item, Chance = math.random() }
    end, { limit = 20 })
    local objects = {}
    for i = 1, 10 do objects[i] = { print, {}, coroutine.create(print) } end
    log(tostring(objects[1]) .. tostring(objects[2][1]) .. #objects)
  end,
}
