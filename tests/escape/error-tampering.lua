-- Error tables are the playbook's to spoil, but not to spoil the host with.
-- expect: error 
return playbook {
  api = 1, name = "error-tampering", summary = "hostile",
  run = function(args, step)
    local ok, e = pcall(ec2.describe_it, { FailPlease = true })
    assert(getmetatable(e) == false)
    e.code, e.message, e.status, e.place = print, {}, 0 / 0, setmetatable({}, { __tostring = error })
    e.self = e
    error(e)
  end,
}
