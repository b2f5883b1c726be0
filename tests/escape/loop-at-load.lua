-- An endless loop before the declaration.
-- expect: error used up its time
while true do end
