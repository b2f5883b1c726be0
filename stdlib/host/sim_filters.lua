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

-- A filter value cut at its stars: {pattern, length} each, patterns of single characters only,
-- so that looking for one never backtracks; nil when it has no wildcard, then the literal text.
local function pieces_of(value)
    local pieces, literal, wild, at = { { "", 0 } }, {}, false, 1
    while at <= #value do
        local c, piece = value:sub(at, at), pieces[#pieces]
        if c == "*" then
            pieces[#pieces + 1], wild = { "", 0 }, true
        elseif c == "?" then
            piece[1], piece[2], wild = piece[1] .. ".", piece[2] + 1, true
        else
            if c == "\\" and at < #value then
                at = at + 1
                c = value:sub(at, at)
            end
            literal[#literal + 1] = c
            piece[1], piece[2] = piece[1] .. c:gsub("%W", "%%%0"), piece[2] + 1
        end
        at = at + 1
    end
    return wild and pieces or nil, table.concat(literal)
end

-- Each piece where it comes first: what is left is then longest, so no other place need be tried.
local function fits(text, pieces)
    local first, last = pieces[1], pieces[#pieces]
    if #pieces == 1 then return #text == first[2] and text:find("^" .. first[1]) ~= nil end
    if #text < first[2] + last[2] or not text:find("^" .. first[1]) then return false end
    local at, limit = first[2] + 1, #text - last[2]
    for i = 2, #pieces - 1 do
        local from, to = text:find(pieces[i][1], at)
        if not from or to > limit then return false end
        at = to + 1
    end
    return text:find("^" .. last[1], limit + 1) ~= nil
end

local function matcher(values)
    local literals, patterns = {}, {}
    for _, value in ipairs(values) do
        local pieces, literal = pieces_of(tostring(value))
        if pieces then patterns[#patterns + 1] = pieces else literals[literal] = true end
    end
    return function(found)
        for _, item in ipairs(found) do
            if literals[item] then return true end
            for _, pieces in ipairs(patterns) do
                if fits(item, pieces) then return true end
            end
        end
        return false
    end, literals, #patterns == 0
end

filters.matcher = matcher

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
