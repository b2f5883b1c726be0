-- Metamethods of what is sent are not run: raw access only.
-- expect: done
return playbook {
  api = 1, name = "send-len", summary = "hostile",
  run = function(args, step)
    local t = setmetatable({ 1, 2 }, { __len = function() return 1 << 40 end, __index = error,
                                       __pairs = error, __call = error, __name = {} })
    local back = ec2.describe_it { T = t }.T
    assert(#back == 2 and back[2] == 2)
  end,
}
