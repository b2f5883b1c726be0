-- model_shapes.lua - the API models of host/model/ for Lua tests: does a value fit its shape?
--
-- Owns: reading the lines that tests need (the format is described in host/model/generate.py).
local model_shapes = {}

local services = {}

local function read(service)
    local shapes, operations = {}, {}
    for line in assert(io.open("host/model/" .. service .. ".model")):lines() do
        local kind, name, rest = line:match("^(%l+) (%S+) (.*)$")
        if kind == "shape" then shapes[name] = rest end
        if kind == "operation" then operations[name] = rest end
    end
    return { shapes = shapes, operations = operations }
end

local function service_of(name)
    services[name] = services[name] or read(name)
    return services[name]
end

local function parsed(model, name)
    local shape = model.shapes[name]
    if type(shape) == "table" then return shape end
    local kind, rest = assert(shape, name):match("^([^ ,]+)%S* ?(.*)$")
    shape = { kind = kind, members = {} }
    for item in rest:gmatch("%S+") do
        local member, target = item:match("^([^:,=]+):([^,]+)")
        if member then shape.members[member] = target end
    end
    model.shapes[name] = shape
    return shape
end

local LUA_TYPES = { string = "string", timestamp = "string", blob = "string", boolean = "boolean",
                    integer = "number", long = "number", float = "number", double = "number" }

local function check(model, name, value, place)
    local shape = parsed(model, name)
    local expected = LUA_TYPES[shape.kind] or "table"
    if type(value) ~= expected then
        error(("%s is a %s, not a %s"):format(place, type(value), shape.kind), 0)
    elseif (shape.kind == "integer" or shape.kind == "long") and math.type(value) ~= "integer" then
        error(("%s is not an integer"):format(place), 0)
    end
    if shape.kind == "structure" then
        for member, inner in pairs(value) do
            if not shape.members[member] then
                error(("%s has no member %s"):format(place, tostring(member)), 0)
            end
            check(model, shape.members[member], inner, place .. "." .. member)
        end
    elseif shape.kind == "list" then
        local count = 0
        for _ in pairs(value) do count = count + 1 end
        if count ~= #value then error(place .. " is not a list", 0) end
        for i, inner in ipairs(value) do
            check(model, shape.members.member, inner, place .. "[" .. i .. "]")
        end
    elseif shape.kind == "map" then
        for key, inner in pairs(value) do
            check(model, shape.members.value, inner, place .. "." .. key)
        end
    end
end

-- Raises a text when the value does not fit the operation's input or output.
function model_shapes.check(service, operation, direction, value)
    local model = service_of(service)
    local line = assert(model.operations[operation], "no operation " .. operation)
    local name = line:match(" " .. direction .. "=(%S+)")
    if name then
        check(model, name, value, operation)
    elseif next(value) ~= nil then
        error(operation .. " has no output", 0)
    end
end

-- Has the operation's input that member?
function model_shapes.takes(service, operation, member)
    local model = service_of(service)
    local name = model.operations[operation]:match(" in=(%S+)")
    return name ~= nil and parsed(model, name).members[member] ~= nil
end

-- The operation's line: "Name read in=... dryrun token=...".
function model_shapes.operation(service, operation)
    return service_of(service).operations[operation]
end

return model_shapes
