-- arguments.lua - a playbook's declared arguments against what the operator typed.
--
-- Owns: checking names and values, all errors at once, and putting resources' ids where names
-- were given. Pure: `check` says what must be read, `resolve` gets the answers.
local calls = require "calls"
local nearest = require "nearest"
local resources = require "resources"
local types = require "argument_types"

local arguments = {}

local function unknown(name, declared)
    local names = calls.sorted_keys(declared)
    local near = nearest(name, names)
    if near then return ("%s: there is no such argument; did you mean %s?"):format(name, near) end
    if #names == 0 then return ("%s: this playbook takes no arguments"):format(name) end
    return ("%s: there is no such argument; there are %s"):format(name, table.concat(names, ", "))
end

-- The pairs given, as a map; a list of "key=value" texts is taken apart.
local function pairs_given(given, errors)
    if given[1] == nil then return given end
    local map = {}
    for _, text in ipairs(given) do
        local key, value = tostring(text):match("^([%a_][%w_%-]*)=(.*)$")
        if not key then
            errors[#errors + 1] = ("%s: write it as key=value"):format(text)
        elseif map[key] ~= nil then
            errors[#errors + 1] = ("%s: given twice"):format(key)
        else
            map[key] = value
        end
    end
    return map
end

-- What is wrong with the declaration itself; nil when nothing is.
local function declaration_fault(declared)
    if type(declared) ~= "table" then return "is declared without a table" end
    local kind = declared.type or "string"
    if kind == "list" then
        kind = declared.of or "string"
        if kind == "list" then return "is declared as a list of lists" end
    end
    if not types.readers[kind] then
        local near = nearest(tostring(kind), calls.sorted_keys(types.readers))
        return ("is declared with an unknown type %s%s"):format(
            tostring(kind), near and ("; did you mean " .. near .. "?") or "")
    end
    if kind == "choice" and #(declared.choices or {}) == 0 then
        return "is declared as a choice without choices"
    end
    return nil
end

local function items_of(value)
    if type(value) == "table" then return value end
    local items = {}
    if value == "" then return items end
    for item in (tostring(value) .. ","):gmatch("(.-),") do
        items[#items + 1] = item:match("^%s*(.-)%s*$")
    end
    return items
end

local function read_list(declared, value)
    local reader, list = types.readers[declared.of or "string"], {}
    for _, item in ipairs(items_of(value)) do
        local result, why = reader(item, declared)
        if item == "" then result, why = nil, "has an empty item" end
        if result == nil then return nil, ("(%s) %s"):format(tostring(item), why) end
        list[#list + 1] = result
    end
    return list
end

local function read_value(declared, value)
    local kind = declared.type or "string"
    if kind == "list" then return read_list(declared, value) end
    return types.readers[kind](value, declared)
end

local function shown(value)
    if type(value) == "table" then return "list" end
    local text = tostring(value)
    return #text > 80 and text:sub(1, 80) .. "..." or text
end

local function required_text(name, declared)
    local help = declared.help and (" (%s)"):format(declared.help) or ""
    return ("%s: it is required%s: give %s=..."):format(name, help, name)
end

-- Reads for a value's resources, and where their ids go.
local function add_lookups(checked, name, declared, value)
    local is_list = declared.type == "list"
    local kind = is_list and declared.of or declared.type
    if not kind or not types.is_resource(kind) then return end
    for index, item in ipairs(is_list and value or { value }) do
        checked.reads[#checked.reads + 1] = resources.read(kind, item)
        checked.lookups[#checked.lookups + 1] = { arg = name, kind = kind, value = item,
                                                  index = is_list and index or 0 }
    end
end

local function check_one(checked, name, declared, value)
    local fault = declaration_fault(declared)
    if fault then
        checked.errors[#checked.errors + 1] = name .. ": " .. fault
        return
    end
    if value == nil then value = declared.default end
    if value == nil then
        if declared.required then
            checked.errors[#checked.errors + 1] = required_text(name, declared)
        end
        return
    end
    local result, why = read_value(declared, value)
    if result == nil then
        checked.errors[#checked.errors + 1] = ("%s: %s %s"):format(name, shown(value), why)
        return
    end
    checked.args[name] = result
    add_lookups(checked, name, declared, result)
end

-- {args, reads, errors, lookups}. `lookups` stands beside `reads`, for `resolve`.
function arguments.check(declared, given)
    declared = declared or {}
    local checked = { args = {}, reads = {}, errors = {}, lookups = {} }
    local pairs_map = pairs_given(given or {}, checked.errors)
    for _, name in ipairs(calls.sorted_keys(pairs_map)) do
        if declared[name] == nil then
            checked.errors[#checked.errors + 1] = unknown(name, declared)
        end
    end
    for _, name in ipairs(calls.sorted_keys(declared)) do
        check_one(checked, name, declared[name], pairs_map[name])
    end
    return checked
end

-- {args, errors, labels = {{id, name}, ...}}: names replaced by the ids they stand for.
function arguments.resolve(_, checked, answers)
    local resolved = { args = {}, errors = {}, labels = {} }
    for name, value in pairs(checked.args or {}) do
        if type(value) == "table" then value = table.move(value, 1, #value, 1, {}) end
        resolved.args[name] = value
    end
    for i, lookup in ipairs(checked.lookups or {}) do
        local found, why = resources.pick(lookup.kind, lookup.value, (answers or {})[i])
        if not found then
            local text = ("%s: %s: %s"):format(lookup.arg, lookup.value, why)
            resolved.errors[#resolved.errors + 1] = text
        else
            if lookup.index > 0 then
                resolved.args[lookup.arg][lookup.index] = found.id
            else
                resolved.args[lookup.arg] = found.id
            end
            resolved.labels[#resolved.labels + 1] = { id = found.id, name = found.name or "" }
        end
    end
    return resolved
end

return arguments
