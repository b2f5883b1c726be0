-- lint_tables.lua - what tables hold, for the walk of lint_flow.lua.
--
-- Owns: fields by text key; all other items of a table are taken for one.
local values = require "lint_values"

local tables = {}

local DEEPEST_META = 4

local function field_set(object, key)
    local set = object.fields[key]
    if not set then
        set = values.set()
        object.fields[key] = set
        table.insert(object.keys, key)
    end
    return set
end

-- What is in a table is not followed as arguments of the playbook any more.
function tables:put_field(object, key, set)
    local text = key and key.kind == "string" and key.value
    self:escape(set)
    self:put(text and field_set(object, text) or object.any, set)
end

-- Everything that the tables in a set may hold.
function tables:elements(set)
    local found
    for i = 1, set and #set or 0 do
        local object = set[i]
        if object.kind == "table" then
            found = values.union(found, object.any)
            for _, key in ipairs(object.keys) do
                found = values.union(found, object.fields[key])
            end
        end
    end
    return found
end

-- A text field of a table, or of what its metatable's __index names.
function tables:field(object, name, depth)
    depth = depth or 0
    local found = values.union(object.fields[name], object.any)
    for _, meta in ipairs(depth < DEEPEST_META and object.metas or {}) do
        local index = meta.kind == "table" and meta.fields.__index or {}
        for i = 1, #index do
            if index[i].kind == "table" then
                found = values.union(found, self:field(index[i], name, depth + 1))
            end
        end
    end
    return found
end

-- A text field of whatever tables are in a set.
function tables:fields_of(set, name)
    local found
    for i = 1, set and #set or 0 do
        if set[i].kind == "table" then found = values.union(found, self:field(set[i], name)) end
    end
    return found
end

return tables
