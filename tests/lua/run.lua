-- run.lua - runs the Lua tests: lua5.4 tests/lua/run.lua [NAME ...], from the top of the tree.
--
-- Owns: finding tests/lua/*_test.lua by the list below, running each test protected, counting.
package.path = "tests/lua/?.lua;stdlib/host/?.lua;" .. package.path

local ALL = { "addresses", "advisor", "arguments", "group_rules", "isolate_sg",
              "guide", "flow_groups", "flow_nacl",
              "flow_routes", "flow_property", "drill" }

local check = require "check"

for _, name in ipairs(#arg > 0 and arg or ALL) do
    for _, test in ipairs(require(name .. "_test")) do
        check.run(name .. ": " .. test[1], test[2])
    end
end
print(("%d passed, %d failed"):format(check.passed, check.failed))
os.exit(check.failed == 0)
