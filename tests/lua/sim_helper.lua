-- sim_helper.lua - calls to the simulator for tests, each checked against the API's shapes.
local builder = require "sim_builder"
local check = require "check"
local filters = require "sim_filters"
local kinds = require "sim_kinds"
local model_shapes = require "model_shapes"
local sim = require "sim"
local sim_world = require "sim_world"
local values = require "sim_values"

local helper = {}

-- A builder on a new world.
function helper.new(options)
    return builder.new(sim_world.new(options))
end

local function answer(w, operation, params, service)
    service = service or "ec2"
    params = params or {}
    model_shapes.check(service, operation, "in", params)
    local result = sim.answer(w.world, { service = service, operation = operation,
                                         params = params })
    if result.value then model_shapes.check(service, operation, "out", result.value) end
    if result.error then
        check.ok(result.error.code ~= "InternalError" or result.error.expected,
                 result.error.message)
    end
    return result
end
helper.answer = answer

-- The value; an error of the simulator fails the test.
function helper.call(w, operation, params, service)
    local result = answer(w, operation, params, service)
    if not result.value then error(operation .. ": " .. check.show(result), 2) end
    return result.value
end

-- The call fails with that code, and a message that has the words; the world stays as it was.
function helper.fails(w, operation, params, code, words, service)
    local before = w.world.revision
    local result = answer(w, operation, params, service)
    if not result.error then
        error(operation .. " did not fail: " .. check.show(result):sub(1, 300), 2)
    end
    if result.error.code ~= code then
        error(("%s failed with %s: %s"):format(operation, result.error.code, result.error.message),
              2)
    end
    if words then check.has(result.error.message, words) end
    check.ok(w.world.revision >= before)
    return result.error
end

-- One described resource by id.
function helper.one(w, operation, list, ids, id)
    return helper.call(w, operation, { [ids] = { id } })[list][1]
end

function helper.group(w, id)
    return helper.one(w, "describe_security_groups", "SecurityGroups", "GroupIds", id)
end
function helper.eni(w, id)
    return helper.one(w, "describe_network_interfaces", "NetworkInterfaces", "NetworkInterfaceIds",
                      id)
end
function helper.instance(w, id)
    return helper.call(w, "describe_instances",
                       { InstanceIds = { id } }).Reservations[1].Instances[1]
end

function helper.filter(name, ...) return { { Name = name, Values = { ... } } } end

-- Every index says what a walk through all resources says.
function helper.check_indices(world)
    for _, kind in ipairs(kinds.names) do
        for index, get in pairs(filters.indices(kind)) do
            local expected = {}
            for id, resource in pairs(world.resources[kind]) do
                for _, key in ipairs(get(resource)) do
                    expected[key] = expected[key] or {}
                    expected[key][id] = true
                end
            end
            for key in pairs(expected) do
                check.equal(sim_world.ids_by(world, kind, index, key),
                            values.sorted_keys(expected[key]),
                            kind .. "/" .. index)
            end
            for key in pairs(world.index[kind .. "/" .. index] or {}) do
                if not expected[key] then
                    check.equal(sim_world.ids_by(world, kind, index, key), {})
                end
            end
        end
    end
end

function helper.resources(w) return check.show(w.world.resources) end

return helper
