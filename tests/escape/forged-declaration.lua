-- A declaration that was not made by playbook.
-- expect: error must end with: return playbook
local real = playbook { api = 1, name = "x", summary = "x", run = function() end }
return setmetatable({ api = 1, name = "x", summary = "x", run = function() end }, { __index = real })
