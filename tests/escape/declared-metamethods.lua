-- Metamethods in the declaration are never run by the host.
-- expect: error 
local evil = setmetatable({}, { __pairs = function() while true do end end, __index = error, __len = error })
return playbook { api = 1, name = "x", summary = "x", args = { a = evil, f = print }, run = function() end }
