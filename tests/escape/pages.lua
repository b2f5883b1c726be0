-- Pages: an operation without them, and a token that does not change.
-- expect: done
return playbook {
  api = 1, name = "pages", summary = "hostile",
  run = function(args, step)
    local ok, e = pcall(ec2.pages, "describe_it")
    assert(not ok and e.message:find("has no pages"), e)
    local count = 0
    for page in ec2.pages("describe_paged", { Only = "x" }) do
      count = count + 1
      assert(page.Only == "x")
    end
    assert(count == 1)
    ok, e = pcall(function()
      for page in ec2.pages("describe_paged", { NextToken = "a" }) do count = count + 1 end
    end)
    assert(not ok and count == 2 and e.message:find("the same page came twice"), e)
    assert(not pcall(ec2.pages) and not pcall(ec2.pages, "x", 1))
  end,
}
