-- Parameters that are no table.
-- expect: done
return playbook {
  api = 1, name = "send-wrong", summary = "hostile",
  run = function(args, step)
    for _, value in ipairs { 1, "x", true, print } do
      assert(not pcall(ec2.describe_it, value))
    end
    assert(next(ec2.describe_it()) == nil)
    assert(not pcall(function() return ec2[1]() end))
  end,
}
