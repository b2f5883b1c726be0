-- drill_fields.lua - the checks of what a drill file says.
--
-- Owns: names, types, sizes and counts of everything that crosses from a drill's process, before
-- anything trusted works with it. What is wrong is raised as {code, message}; the drill's own
-- process adds the file and the line.
local calls = require "calls"
local nearest = require "nearest"

local fields = {}

local LONGEST_TEXT = 65536
local LONGEST_LIST = 1000

function fields.fail(text, ...)
    local message = select("#", ...) > 0 and text:format(...) or text
    error({ code = "PlaybookError", message = message }, 0)
end
local fail = fields.fail

local function unknown(what, name, known)
    local near = type(name) == "string" and nearest(name, calls.sorted_keys(known))
    fail("%s: unknown field '%s'%s", what, tostring(name):sub(1, 100),
         near and (" (did you mean '" .. near .. "'?)") or "")
end

-- `known` maps a name to its type, or to a function(value) that gives what is wrong with it.
function fields.check(what, given, known)
    if type(given) ~= "table" then fail("%s wants a table, not a %s", what, type(given)) end
    for _, name in ipairs(calls.sorted_keys(given)) do
        local wanted = known[name]
        if not wanted then unknown(what, name, known) end
        local problem
        if type(wanted) == "function" then
            problem = wanted(given[name])
        elseif type(given[name]) ~= wanted then
            problem = ("must be a %s, not a %s"):format(wanted, type(given[name]))
        end
        if problem then fail("%s: '%s' %s", what, name, problem) end
    end
    return given
end

function fields.needs(what, given, ...)
    for _, name in ipairs { ... } do
        if given[name] == nil then fail("%s: the field '%s' is missing", what, name) end
    end
end

-- ---- kinds of values ----------------------------------------------------------------------

function fields.text(value)
    if type(value) ~= "string" then return "must be a text" end
    if #value > LONGEST_TEXT then return "is too long a text" end
end

function fields.name(value)
    if type(value) ~= "string" or value == "" or #value > 200 then
        return "must be a text of 1 to 200 bytes"
    end
end

function fields.whole(least, most)
    return function(value)
        local number = math.type(value) == "integer"
        if not number or value < least or value > most then
            return ("must be a whole number from %d to %d"):format(least, most)
        end
    end
end

function fields.seconds(most)
    return function(value)
        if type(value) ~= "number" or not (value >= 0 and value <= most) then
            return ("must be seconds, 0 to %d"):format(most)
        end
    end
end

function fields.one_of(...)
    local words = { ... }
    return function(value)
        for _, word in ipairs(words) do
            if value == word then return nil end
        end
        return "must be " .. table.concat(words, " or ")
    end
end

-- A list whose items `check` finds nothing wrong with; `most` of them (1000).
function fields.list_of(check, most)
    most = most or LONGEST_LIST
    return function(value)
        if type(value) ~= "table" then return "must be a list" end
        local count = 0
        for _ in pairs(value) do count = count + 1 end
        if count ~= #value then return "must be a list" end
        if count > most then return ("is a list of over %d"):format(most) end
        for i, item in ipairs(value) do
            local problem = check(item)
            if problem then return ("item %d %s"):format(i, problem) end
        end
    end
end

function fields.map_of_texts(value)
    if type(value) ~= "table" then return "must be a table of texts" end
    for key, item in pairs(value) do
        if type(key) ~= "string" or type(item) ~= "string" then
            return "must be a table of texts"
        end
    end
end

fields.service = fields.one_of("ec2", "sqs", "sts", "autoscaling", "elbv2", "iam")

return fields
