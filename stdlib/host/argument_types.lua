-- argument_types.lua - the types that a playbook's arguments can have.
--
-- Owns: turning the text of one value into the value. Pure. A reader is a function
-- (value, declaration) -> value, or nil and a reason that follows the argument's name.
local addresses = require "addresses"

local PREFIX = { instance = "i", ["security-group"] = "sg", subnet = "subnet", vpc = "vpc" }

local readers = {}

local function within(number, declared)
    if declared.min and number < declared.min then return nil, "is less than " .. declared.min end
    if declared.max and number > declared.max then return nil, "is more than " .. declared.max end
    return number
end

function readers.string(value)
    if type(value) ~= "string" then return nil, "is not a string" end
    return value
end

function readers.number(value, declared)
    local number = type(value) == "number" and value or nil
    if type(value) == "string" and value:find("^%-?%d+%.?%d*$") then number = tonumber(value) end
    if not number or number ~= number or number == math.huge or number == -math.huge then
        return nil, "is not a number"
    end
    return within(math.tointeger(number) or number, declared)
end

local WORDS = { ["true"] = true, yes = true, ["false"] = false, no = false }

function readers.boolean(value)
    if type(value) == "boolean" then return value end
    local found = WORDS[tostring(value):lower()]
    if found == nil then return nil, "is neither true nor false" end
    return found
end

function readers.choice(value, declared)
    for _, choice in ipairs(declared.choices) do
        if value == choice then return value end
    end
    return nil, "is none of " .. table.concat(declared.choices, ", ")
end

function readers.cidr(value)
    if type(value) ~= "string" then return nil, "is not a CIDR block" end
    local cidr, why = addresses.cidr(value)
    if not cidr then return nil, why end
    return cidr.text
end

local function digits_of(type_name, value)
    return value:match("^" .. PREFIX[type_name] .. "%-(%x+)$")
end

-- An id by its shape, else a name that is looked up later.
local function resource(type_name)
    return function(value)
        if type(value) ~= "string" or value == "" then return nil, "is empty" end
        local digits = digits_of(type_name, value)
        if digits and #digits ~= 8 and #digits ~= 17 then
            return nil, ("looks like an id, but has %d digits, not 8 or 17"):format(#digits)
        end
        return value
    end
end

for type_name in pairs(PREFIX) do readers[type_name] = resource(type_name) end

local types = { readers = readers }

function types.is_resource(type_name)
    return PREFIX[type_name] ~= nil
end

function types.is_id(type_name, value)
    local digits = digits_of(type_name, value)
    return digits ~= nil and (#digits == 8 or #digits == 17)
end

return types
