-- A missing field of the declaration.
-- expect: error the field 'run' is missing
return playbook { api = 1, name = "x", summary = "x" }
