-- A syntax error names file and line.
-- expect: error syntax.lua:4:
return playbook {
  api = = 1 }
