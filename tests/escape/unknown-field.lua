-- A misspelt field of the declaration.
-- expect: error unknown field 'sumary' (did you mean 'summary'?)
return playbook { api = 1, name = "x", sumary = "x", run = function() end }
