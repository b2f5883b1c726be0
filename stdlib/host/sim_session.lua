-- sim_session.lua - the worlds that the host works with, by name.
--
-- Owns: keeping worlds between the host's calls, since a world never crosses the border: only
-- calls, answers and records do. One name, one world.
local later = require "later"
local default_world = later "sim_default_world"
local sim = require "sim"
local sim_clock = require "sim_clock"
local sim_load = require "sim_load"
local sim_world = require "sim_world"

local session = {}

local worlds, listings = {}, {}

local function named(name)
    return worlds[name] or error(("there is no world '%s'"):format(tostring(name)), 0)
end

-- For other trusted modules (flows, drills): the world itself.
session.world = named

function session.put(name, world)
    worlds[name] = world
    return true
end

-- An empty world. options: account, region, now (microseconds), seed, quotas, caller.
function session.new(name, options)
    return session.put(name, sim_world.new(options))
end

function session.new_default(name, options)
    return session.put(name, default_world.new(options))
end

-- A copy of `name` that goes its own way as `copy`. `planned`: new ids are planned ones.
function session.fork(name, copy, planned)
    local child = sim_world.fork(named(name))
    if planned then child.planned = child.planned or {} end
    return session.put(copy, child)
end

function session.drop(name)
    worlds[name], listings[name] = nil, nil
    return true
end

function session.answer(name, call)
    return sim.answer(named(name), call)
end

-- What a real describe call said becomes part of the world: how many resources.
function session.load(name, call, result)
    return sim_world.load(named(name), call.operation, result, call.params) or 0
end

function session.advance(name, seconds)
    sim_clock.advance(named(name), seconds)
    return named(name).now
end

function session.now(name) return named(name).now end

-- Simulated time follows a real clock (the simulator's port): never back.
function session.move_to(name, microseconds)
    sim_clock.move_to(named(name), microseconds)
    return true
end

-- Sets members of the world that steer it: quotas, faults, denied, call_latency, caller.
function session.set(name, members)
    local world = named(name)
    for _, member in ipairs { "faults", "denied", "call_latency", "caller" } do
        if members[member] ~= nil then world[member] = members[member] end
    end
    for quota, value in pairs(members.quotas or {}) do world.quotas[quota] = value end
    return true
end

-- ---- files --------------------------------------------------------------------------------

-- Records from number `from` (1 is the header), at most `count`; an empty list at the end. A
-- large world is written piece by piece; it must not change meanwhile.
function session.records(name, from, count)
    local world, out = named(name), {}
    if from == 1 or not listings[name] then listings[name] = sim_load.list(world) end
    local list = listings[name]
    for n = from, from + count - 1 do
        out[#out + 1] = sim_load.record(world, list, n)
    end
    return out
end

-- Starts a world from the first record of a file; the others follow with `add`.
function session.begin(name, record)
    return session.put(name, sim_load.begin(record))
end

function session.add(name, records)
    for _, record in ipairs(records) do sim_load.add(named(name), record) end
    return true
end

return session
