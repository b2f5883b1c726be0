-- sim_describe.lua - the describe operations: ids, filters, pages.
--
-- Owns: one way for all kinds. An index answers where a filter without wildcards has one, so
-- that a filtered read costs what it returns. Results are the world's own resources: a caller
-- in this state must not change them.
local access = require "sim_access"
local errors = require "sim_errors"
local filters = require "sim_filters"
local kinds = require "sim_kinds"
local values = require "sim_values"
local sim_world = require "sim_world"

local describe = {}

-- The shortest list of ids that some index gives for the filters; nil when none does.
local function indexed_ids(world, kind, compiled)
    local best
    for _, filter in ipairs(compiled) do
        if filter.exact and sim_world.has_index(kind.name, filter.name) then
            local union = {}
            for literal in pairs(filter.literals) do
                for _, id in ipairs(sim_world.ids_by(world, kind.name, filter.name, literal)) do
                    union[id] = true
                end
            end
            local ids = values.sorted_keys(union)
            if not best or #ids < #best then best = ids end
        end
    end
    return best
end

-- The resources of a kind that pass, by id. `ids`: only these, in their order.
function describe.select(world, kind_name, filter_list, ids)
    local kind = kinds[kind_name]
    local compiled = filters.compile(world, kind, filter_list)
    local candidates
    if ids and #ids > 0 then
        candidates = access.get_all(world, kind_name, ids)
    else
        candidates = {}
        local map = world.resources[kind_name]
        for i, id in ipairs(indexed_ids(world, kind, compiled)
                            or sim_world.all_ids(world, kind_name)) do
            candidates[i] = map[id]
        end
    end
    local list = {}
    for _, resource in ipairs(candidates) do
        if filters.matches(compiled, resource) then list[#list + 1] = resource end
    end
    return list
end

-- ---- pages --------------------------------------------------------------------------------

local function token_of(operation, position)
    return ("%016x%08x"):format(values.hash(operation .. ":" .. position), position)
end

local function position_of(operation, token)
    local check, position = tostring(token):match("^(%x+)(%x%x%x%x%x%x%x%x)$")
    position = position and tonumber(position, 16)
    if not position or token_of(operation, position) ~= check .. token:sub(-8) then
        errors.invalid("Value (%s) for parameter NextToken is invalid. The token is invalid.",
                       tostring(token))
    end
    return position
end

local function check_limit(limit, least, most)
    if limit < least then
        errors.invalid("Value ( %d ) for parameter maxResults is invalid. Expecting a value "
                       .. "greater than or equal to %d.", limit, least)
    elseif limit > most then
        errors.invalid("Value ( %d ) for parameter maxResults is invalid. Expecting a value "
                       .. "less than or equal to %d.", limit, most)
    end
end

-- The asked page of a list and the token of the next, nil at the end.
function describe.page(operation, list, params, least, most)
    local start = 0
    if params.NextToken and params.NextToken ~= "" then
        start = position_of(operation, params.NextToken)
    end
    local limit = params.MaxResults
    if limit then check_limit(limit, least or 5, most or 1000) end
    if start == 0 and (not limit or limit >= #list) then return list, nil end
    local stop = math.min(#list, start + (limit or most or 1000))
    return table.move(list, start + 1, stop, 1, {}), stop < #list and token_of(operation, stop)
        or nil
end

function describe.refuse_page_of_ids(kind, params)
    if params.MaxResults and params[kind.ids] then
        errors.raise("InvalidParameterCombination",
                     "The parameter %s cannot be used with the parameter maxResults",
                     kind.parameter or kind.ids)
    end
end

-- The whole of a describe operation of a kind.
function describe.run(world, kind_name, params)
    local kind = kinds[kind_name]
    if kind.ids then describe.refuse_page_of_ids(kind, params) end
    local list = describe.select(world, kind_name, params.Filters or params.Filter,
                                 kind.ids and params[kind.ids])
    if kind.pages == false then return { [kind.list] = list } end
    local page, token = describe.page(kind.describe, list, params, 5, kind.most)
    return { [kind.list] = page, NextToken = token }
end

return describe
