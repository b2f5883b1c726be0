-- run.lua - runs the Lua tests: lua5.4 tests/lua/run.lua [NAME ...], from the top of the tree.
--
-- Owns: finding tests/lua/*_test.lua, running each test protected, counting.
package.path = "tests/lua/?.lua;stdlib/host/?.lua;" .. package.path

local function all()
    local names = {}
    for file in io.popen("LC_ALL=C ls tests/lua"):lines() do
        names[#names + 1] = file:match("^(.+)_test%.lua$")
    end
    return names
end

local check = require "check"

for _, name in ipairs(#arg > 0 and arg or all()) do
    for _, test in ipairs(require(name .. "_test")) do
        check.run(name .. ": " .. test[1], test[2])
    end
end
print(("%d passed, %d failed"):format(check.passed, check.failed))
os.exit(check.failed == 0)
