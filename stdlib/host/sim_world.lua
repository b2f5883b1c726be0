-- sim_world.lua - a simulated account: its resources, indices, ids and clock.
--
-- Owns: world.resources.KIND[id], each resource in the shape of its describe operation and
-- never changed in place: a change puts a new table. So a fork shares everything with its
-- parent and each copies a kind's table only when it first writes to it; and a reader sees that
-- something changed because the table is another one. It knows no operation and no rule of EC2.
--
--   world.account, .region, .now (microseconds), .seed, .quotas
--   world.resources.KIND[id]     read with pairs or by id; write with put and remove only
--   world.revision, .changes     counts changes; the last of them as {revision, kind, id}
local filters = require "sim_filters"
local kinds = require "sim_kinds"
local values = require "sim_values"

local sim_world = {}

local KEPT_CHANGES = 8192

-- AWS's defaults; a team sets its own on the world.
local QUOTAS = {
    rules_per_group = 60, groups_per_interface = 5, groups_per_vpc = 2500,
    entries_per_acl = 20, acls_per_vpc = 200, tables_per_vpc = 200, routes_per_table = 500,
    addresses = 5, internet_gateways = 5, tags = 50, interfaces_per_instance = 15,
}

-- Made when a kind is first written to or asked for.
local indices = setmetatable({}, {
    __index = function(made, name)
        made[name] = filters.indices(name)
        return made[name]
    end,
})

function sim_world.new(options)
    options = options or {}
    local world = {
        account = options.account or "111122223333", region = options.region or "eu-west-1",
        now = options.now or 1795485600000000,  -- 2026-11-24T02:00:00Z
        seed = options.seed or 1, counter = 0, planned = nil, call_latency = 0,
        quotas = values.with(QUOTAS, options.quotas or {}),
        caller = options.caller or "arn:aws:iam::" .. (options.account or "111122223333")
            .. ":user/responder",
        resources = {}, index = {}, owned = {}, sorted = {}, later = {}, revision = 0, changes = {},
        counts = {}, faults = {}, cursors = {}, derived = {}, queues = {}, denied = {},
    }
    for _, name in ipairs(kinds.names) do world.resources[name] = {} end
    return world
end

-- ---- copy on write ------------------------------------------------------------------------

-- parent[key] as a table that only this world holds. `parent` is this world's own.
local function own(world, parent, key)
    local map = parent[key]
    if map and world.owned[map] then return map end
    map = map and values.shallow(map) or {}
    world.owned[map], parent[key] = true, map
    return map
end

-- A world that starts as this one is now. Both may change; neither sees the other's changes.
-- Costs a few hundred table slots, whatever the size of the world.
function sim_world.fork(world)
    local child = values.shallow(world)
    child.resources, child.sorted = values.shallow(world.resources), values.shallow(world.sorted)
    child.index, child.later = values.shallow(world.index), values.shallow(world.later)
    child.counts, child.changes = values.shallow(world.counts), {}
    child.cursors, child.derived = values.shallow(world.cursors), values.shallow(world.derived)
    child.queues = values.copy(world.queues)
    child.faults, child.undo = {}, nil
    for i, rule in ipairs(world.faults) do child.faults[i] = values.shallow(rule) end
    child.planned = world.planned and values.shallow(world.planned)
    child.owned, world.owned = {}, {}
    return child
end

-- ---- indices ------------------------------------------------------------------------------

local function put_keys(world, name, keys, id, present)
    if #keys == 0 then return end
    local map = own(world, world.index, name)
    for _, key in ipairs(keys) do
        own(world, map, key)[id] = present or nil
    end
end

local function reindex(world, kind, id, before, after)
    for index, get in pairs(indices[kind]) do
        local old, new = before and get(before) or {}, after and get(after) or {}
        if not values.equal(old, new) then
            local name = kind .. "/" .. index
            put_keys(world, name, old, id, false)
            put_keys(world, name, new, id, true)
        end
    end
end

local function note(world, kind, id)
    world.revision = world.revision + 1
    local list = world.changes
    if #list >= KEPT_CHANGES then
        world.changes = table.move(list, KEPT_CHANGES // 2 + 1, #list, 1, {})
        list = world.changes
    end
    list[#list + 1] = { revision = world.revision, kind = kind, id = id }
end

local function set(world, kind, id, after)
    local map = own(world, world.resources, kind)
    local before = map[id]
    if before == after then return end
    map[id] = after
    if not before or not after then world.sorted[kind] = nil end
    reindex(world, kind, id, before, after)
    if world.undo then
        world.undo[#world.undo + 1] = { kind = kind, id = id, before = before }
    end
    note(world, kind, id)
end

-- Adds a resource or replaces the one with its id.
function sim_world.put(world, kind, resource)
    set(world, kind, assert(resource[kinds[kind].id], "a resource without its id"), resource)
    return resource
end

function sim_world.remove(world, kind, id)
    set(world, kind, id, nil)
end

-- Members changed: put(with(...)).
function sim_world.change(world, kind, id, changes)
    return sim_world.put(world, kind, values.with(world.resources[kind][id], changes))
end

-- ---- lookup -------------------------------------------------------------------------------

function sim_world.get(world, kind, id)
    return world.resources[kind][id]
end

-- Is there an index of that name?
function sim_world.has_index(kind, index)
    return indices[kind][index] ~= nil
end

local function sorted_ids(set_of_ids)
    local ids = {}
    for id in pairs(set_of_ids) do ids[#ids + 1] = id end
    table.sort(ids)
    return ids
end

-- The ids that an index has under a key, sorted.
function sim_world.ids_by(world, kind, index, key)
    local map = world.index[kind .. "/" .. index]
    return map and map[key] and sorted_ids(map[key]) or {}
end

-- The resources that an index has under a key, in the order of their ids.
function sim_world.by(world, kind, index, key)
    local list, map = sim_world.ids_by(world, kind, index, key), world.resources[kind]
    for i, id in ipairs(list) do list[i] = map[id] end
    return list
end

-- The one resource under a key, or nil.
function sim_world.one_by(world, kind, index, key)
    local id = sim_world.ids_by(world, kind, index, key)[1]
    return id and world.resources[kind][id]
end

-- All ids of a kind, sorted. Not to be changed.
function sim_world.all_ids(world, kind)
    if not world.sorted[kind] then world.sorted[kind] = sorted_ids(world.resources[kind]) end
    return world.sorted[kind]
end

-- ---- ids ----------------------------------------------------------------------------------

-- A new id: "sg-0" and 16 digits that depend on the seed and on how many there were. In a
-- rehearsal (world.planned is a table of counters) "sg-(planned-1)".
function sim_world.new_id(world, prefix)
    if world.planned then
        world.planned[prefix] = (world.planned[prefix] or 0) + 1
        return ("%s-(planned-%d)"):format(prefix, world.planned[prefix])
    end
    world.counter = world.counter + 1
    return ("%s-0%016x"):format(prefix, values.mix(world.seed, world.counter))
end

-- A number from 0 to below `limit`, from the seed.
function sim_world.random(world, limit)
    world.counter = world.counter + 1
    return (values.mix(world.seed, world.counter) >> 1) % limit
end

function sim_world.time(world)
    return values.time_text(world.now)
end

-- ---- in and out ---------------------------------------------------------------------------

-- Takes in the result of a describe operation: how many resources; nil for one it has no kind for.
function sim_world.load(world, operation, result, params)
    return require("sim_load").load(world, operation, result, params)
end

-- The world as a list of records, each of which is one line of a file; and back.
function sim_world.save(world)
    return require("sim_load").records(world)
end

function sim_world.restore(records)
    return require("sim_load").restore(records)
end

-- ---- all or nothing -----------------------------------------------------------------------

-- Runs fn; when it raises, the world is as before (ids that were drawn stay drawn).
function sim_world.atomically(world, fn, ...)
    local outer, later = world.undo, #world.later
    world.undo = {}
    local ok, result = pcall(fn, ...)
    local mine = world.undo
    world.undo = outer
    if not ok then
        for i = #mine, 1, -1 do set(world, mine[i].kind, mine[i].id, mine[i].before) end
        for i = #world.later, later + 1, -1 do world.later[i] = nil end
        error(result, 0)
    end
    if outer then table.move(mine, 1, #mine, #outer + 1, outer) end
    return result
end

return sim_world
