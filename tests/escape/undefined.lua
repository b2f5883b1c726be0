-- An undefined name is an error with file and line, and a hint.
-- expect: error undefined name 'lgo' (did you mean 'log'?)
return playbook { api = 1, name = "undefined", summary = "x", run = function() lgo("x") end }
