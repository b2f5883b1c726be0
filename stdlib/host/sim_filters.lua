-- sim_filters.lua - do a resource's values match a request's filters?
--
-- Owns: wildcards (* and ?, \ before a literal one), OR within a filter, AND between filters,
-- and the refusal of filters that EC2 does not document. The paths are in
-- sim_filter_paths.lua.
local errors = require "sim_errors"
local kinds = require "sim_kinds"
local paths = require "sim_filter_paths"

local filters = {}

local MOST_VALUES = 200

local function text(value)
    if math.type(value) == "float" then value = math.tointeger(value) or value end
    return tostring(value)
end

local function collect(value, parts, at, out)
    if value == nil then return end
    if type(value) ~= "table" then
        if not parts[at] then out[#out + 1] = text(value) end
    elseif value[1] ~= nil then
        for _, item in ipairs(value) do collect(item, parts, at, out) end
    elseif parts[at] then
        collect(value[parts[at]], parts, at + 1, out)
    end
end

local compiled = {}

-- The getter of a path: function(resource) -> list of texts.
function filters.getter(path)
    if compiled[path] then return compiled[path] end
    local ways = {}
    for way in path:gmatch("[^|]+") do
        local parts = {}
        for part in way:gmatch("[^.]+") do parts[#parts + 1] = part end
        ways[#ways + 1] = parts
    end
    compiled[path] = function(resource)
        local out = {}
        for _, parts in ipairs(ways) do collect(resource, parts, 1, out) end
        return out
    end
    return compiled[path]
end

local function tags_of(kind, resource)
    return resource[kind.tags] or {}
end

local function tag_getter(kind, key)
    return function(resource)
        for _, tag in ipairs(tags_of(kind, resource)) do
            if tag.Key == key then return { tag.Value or "" } end
        end
        return {}
    end
end

local function tag_keys(kind)
    return function(resource)
        local out = {}
        for i, tag in ipairs(tags_of(kind, resource)) do out[i] = tag.Key end
        return out
    end
end

local function tag_values(kind)
    return function(resource)
        local out = {}
        for i, tag in ipairs(tags_of(kind, resource)) do out[i] = tag.Value or "" end
        return out
    end
end

local COMPUTED = {
    ["@account"] = function(world) return function() return { world.account } end end,
}

-- The getter of a kind's filter; nil when EC2 does not know it.
function filters.of(world, kind, name)
    local path = (paths[kind.name] or {})[name]
    if path then
        return COMPUTED[path] and COMPUTED[path](world) or filters.getter(path)
    end
    if not kind.type then return nil end
    local key = name:match("^tag:(.+)$")
    if key then return tag_getter(kind, key) end
    if name == "tag-key" then return tag_keys(kind) end
    if name == "tag-value" then return tag_values(kind) end
    return nil
end

-- A filter value as a Lua pattern; nil when it has no wildcard, then with the literal text.
local function pattern_of(value)
    local out, literal, wild, at = {}, {}, false, 1
    while at <= #value do
        local c = value:sub(at, at)
        if c == "\\" and at < #value then
            at = at + 1
            c = value:sub(at, at)
            literal[#literal + 1] = c
            out[#out + 1] = c:gsub("%W", "%%%0")
        elseif c == "*" then
            -- Runs of * would make a pattern that backtracks without end.
            if out[#out] ~= ".*" then out[#out + 1] = ".*" end
            wild = true
        elseif c == "?" then
            out[#out + 1], wild = ".", true
        else
            literal[#literal + 1] = c
            out[#out + 1] = c:gsub("%W", "%%%0")
        end
        at = at + 1
    end
    if wild then return "^" .. table.concat(out) .. "$" end
    return nil, table.concat(literal)
end

local function matcher(values)
    local literals, patterns = {}, {}
    for _, value in ipairs(values) do
        local pattern, literal = pattern_of(tostring(value))
        if pattern then patterns[#patterns + 1] = pattern else literals[literal] = true end
    end
    return function(found)
        for _, item in ipairs(found) do
            if literals[item] then return true end
            for _, pattern in ipairs(patterns) do
                if item:find(pattern) then return true end
            end
        end
        return false
    end, literals, #patterns == 0
end

filters.matcher = matcher

-- Wildcards with many stars can be made to backtrack for ever.
local function refuse_costly(value)
    local _, stars = tostring(value):gsub("%*", "")
    if stars > 5 or #tostring(value) > 1024 then
        errors.raise("FilterLimitExceeded", "The filter value '%s' has too many wildcards.",
                     tostring(value):sub(1, 60))
    end
end

-- A list of {name, get, matches, literals (set), exact}; raises for unknown filters.
function filters.compile(world, kind, list)
    local out, total = {}, 0
    for _, filter in ipairs(list or {}) do
        local name = filter.Name
        if type(name) ~= "string" or name == "" then errors.missing("Filter.Name") end
        local get = filters.of(world, kind, name)
        if not get then errors.invalid("The filter '%s' is invalid", name) end
        if not filter.Values or #filter.Values == 0 then
            errors.invalid("The filter '%s' has no values", name)
        end
        for _, value in ipairs(filter.Values) do refuse_costly(value) end
        total = total + #filter.Values
        local matches, literals, exact = matcher(filter.Values)
        out[#out + 1] = { name = name, get = get, matches = matches, literals = literals,
                          exact = exact }
    end
    if total > MOST_VALUES then
        errors.raise("FilterLimitExceeded", "The maximum number of filter values specified on a "
                     .. "single call is %d", MOST_VALUES)
    end
    return out
end

function filters.matches(compiled_list, resource)
    for _, filter in ipairs(compiled_list) do
        if not filter.matches(filter.get(resource)) then return false end
    end
    return true
end

-- The getters of a kind's indices: name -> function(resource) -> keys.
function filters.indices(kind_name)
    local out, kind = {}, kinds[kind_name]
    for _, name in ipairs(paths.INDEXED[kind_name] or {}) do
        out[name] = filters.of({}, kind, name)
    end
    for name, path in pairs(paths.INDEXED_ONLY[kind_name] or {}) do
        out[name] = filters.getter(path)
    end
    return out
end

return filters
