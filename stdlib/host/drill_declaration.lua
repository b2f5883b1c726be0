-- drill_declaration.lua - what a drill declares: `drill { name, faults, run, operator, ... }`.
--
-- Owns: the declaration's fields and their defaults. Pure.
local calls = require "calls"
local fields = require "drill_fields"

local declaration = {}

local CALL = { service = fields.service, operation = fields.name, params = "table" }

-- Patterns of many stars take for ever to compare.
local function is_operation(value)
    if type(value) ~= "string" or not value:find("^[%w_*]+$") or #value > 100 then
        return "must be an operation's name, like create_security_group"
    end
    if select(2, value:gsub("%*", "")) > 2 then return "has more than two stars" end
end

local function is_change(value)
    if type(value) ~= "table" then return "must be a call: { operation = ..., params = ... }" end
    fields.check("a colleague's change", value, CALL)
    fields.needs("a colleague's change", value, "operation")
end

local FAULT = {
    operation = is_operation, service = fields.service, params = "table",
    nth = fields.whole(1, 100000), times = fields.whole(1, 100000),
    code = fields.name, message = fields.text, status = fields.whole(400, 599),
    deny = "boolean", latency = fields.seconds(3600), stale = fields.whole(1, 1000),
    timeout = fields.one_of("before", "after"), kill = fields.one_of("before", "after"),
    disk = fields.one_of("full"), change = fields.list_of(is_change, 20),
}
local EFFECTS = { "code", "deny", "latency", "stale", "timeout", "kill", "disk", "change" }

-- One fault, checked.
function declaration.fault(value)
    fields.check("a fault", value, FAULT)
    fields.needs("a fault", value, "operation")
    for _, effect in ipairs(EFFECTS) do
        if value[effect] then return value end
    end
    fields.fail("a fault needs one of %s", table.concat(EFFECTS, ", "))
end

local RUN = { playbook = fields.name, args = "table", ticket = fields.name }

local function argument_text(name, value)
    if type(value) == "table" then
        local texts = {}
        for i, item in ipairs(value) do texts[i] = argument_text(name, item) end
        return table.concat(texts, ",")
    end
    if type(value) == "number" or type(value) == "boolean" then return tostring(value) end
    if type(value) ~= "string" or value:find("\0", 1, true) then
        fields.fail("run: the argument '%s' is no text", name)
    end
    return value
end

-- One run, as the host makes it: {playbook, pairs = {"key=value"}, ticket}.
function declaration.run(value)
    fields.check("run", value, RUN)
    fields.needs("run", value, "playbook")
    local pairs_given = {}
    for _, name in ipairs(calls.sorted_keys(value.args or {})) do
        if type(name) ~= "string" then fields.fail("run: args are given by name") end
        pairs_given[#pairs_given + 1] = name .. "=" .. argument_text(name, value.args[name])
    end
    return { playbook = value.playbook, pairs = pairs_given, ticket = value.ticket }
end

local ANSWERS = { yes = true, no = true, all = true, skip = true, ["end of input"] = true,
                  ["ctrl-c"] = true }

-- By the step's title, or a list in the order of the questions.
local function is_operator(value)
    if type(value) ~= "table" then return "must be a table of answers by step" end
    for step, answer in pairs(value) do
        if type(step) ~= "string" and math.type(step) ~= "integer" then
            return "is keyed by the step's title"
        end
        if not ANSWERS[answer] then
            return ("has an answer to '%s' that is none of %s"):format(tostring(step),
                table.concat(calls.sorted_keys(ANSWERS), ", "))
        end
    end
end

local function is_failure(value)
    if type(value) == "string" then return nil end
    return fields.list_of(fields.text)(value)
end

local FIELDS = {
    name = fields.name, about = fields.text, seed = fields.whole(0, 1 << 53),
    latency = fields.seconds(60),
    faults = "table", run = "table", runs = "table", operator = is_operator,
    expect_failure = is_failure, world = "boolean", expect = "boolean",
}

local function all_of(what, list, one)
    if #list == 0 and next(list) ~= nil then fields.fail("drill: '%s' must be a list", what) end
    if #list > 100 then fields.fail("drill: '%s' is a list of over 100", what) end
    local result = {}
    for i, item in ipairs(list) do result[i] = one(item) end
    return result
end

-- The declaration, checked, with its defaults.
function declaration.read(given)
    fields.check("drill", given, FIELDS)
    fields.needs("drill", given, "name", "world", "expect")
    if (given.run ~= nil) == (given.runs ~= nil) then
        fields.fail("drill: one of 'run' and 'runs' is wanted")
    end
    local failures = given.expect_failure
    if type(failures) == "string" then failures = { failures } end
    return {
        name = given.name, seed = given.seed or 1, latency = given.latency or 0.1,
        faults = all_of("faults", given.faults or {}, declaration.fault),
        runs = all_of("runs", given.runs or { given.run }, declaration.run),
        operator = given.operator or {}, failures = failures,
    }
end

return declaration
