-- check.lua - assertions and counting for the Lua tests.
local check = { passed = 0, failed = 0 }

local function sorted_keys(map)
    local keys = {}
    for key in pairs(map) do keys[#keys + 1] = key end
    table.sort(keys, function(a, b) return tostring(a) < tostring(b) end)
    return keys
end

-- A text that is equal for equal values.
function check.show(value)
    if type(value) == "string" then return ("%q"):format(value) end
    if type(value) ~= "table" then return tostring(value) end
    local parts = {}
    for _, key in ipairs(sorted_keys(value)) do
        local prefix = math.type(key) and "" or (tostring(key) .. "=")
        parts[#parts + 1] = prefix .. check.show(value[key])
    end
    return "{" .. table.concat(parts, ", ") .. "}"
end

function check.equal(actual, expected, what)
    local a, e = check.show(actual), check.show(expected)
    if a ~= e then
        error(("%s\n    expected %s\n    got      %s"):format(what or "not equal", e, a), 2)
    end
end

function check.ok(condition, what)
    if not condition then error(what or "not true", 2) end
end

-- The text holds the words, literally.
function check.has(text, words)
    if not tostring(text):find(words, 1, true) then
        error(("%q is not in %q"):format(words, tostring(text)), 2)
    end
end

function check.run(name, test)
    local ok, message = xpcall(test, function(e)
        return type(e) == "table" and check.show(e) or debug.traceback(tostring(e), 2):sub(1, 1200)
    end)
    if ok then
        check.passed = check.passed + 1
    else
        check.failed = check.failed + 1
        print(("not ok %s\n  %s"):format(name, message))
    end
end

return check
