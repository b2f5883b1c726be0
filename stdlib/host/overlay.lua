-- overlay.lua - results that AWS gave, with the groups that a rehearsal gave interfaces since.
--
-- Owns: copying describe_network_interfaces' and describe_instances' results with other groups
-- in them. Pure: what it is given is left as it was. `carried`: interface id -> its groups.
local overlay = {}

local function copy(map)
    local result = {}
    for key, value in pairs(map) do result[key] = value end
    return result
end

local function with_groups(interface, groups)
    local result = copy(interface)
    result.Groups = groups
    return result
end

function overlay.interfaces(list, carried)
    local result = {}
    for i, interface in ipairs(list or {}) do
        local groups = carried[interface.NetworkInterfaceId]
        result[i] = groups and with_groups(interface, groups) or interface
    end
    return result
end

local function is_primary(interface)
    return (interface.Attachment or {}).DeviceIndex == 0
end

-- An instance's own list of groups is that of its primary interface.
local function instance_over(instance, carried)
    local result = copy(instance)
    result.NetworkInterfaces = overlay.interfaces(instance.NetworkInterfaces, carried)
    for _, interface in ipairs(result.NetworkInterfaces) do
        if is_primary(interface) and carried[interface.NetworkInterfaceId] then
            result.SecurityGroups = interface.Groups
        end
    end
    return result
end

local function reservations(list, carried)
    local result = {}
    for i, reservation in ipairs(list or {}) do
        result[i] = copy(reservation)
        result[i].Instances = {}
        for j, instance in ipairs(reservation.Instances or {}) do
            result[i].Instances[j] = instance_over(instance, carried)
        end
    end
    return result
end

-- A read's result with all changes in it; the result itself when there are none.
function overlay.result(operation, result, carried)
    if next(carried) == nil then return result end
    local changed = copy(result)
    if operation == "describe_network_interfaces" then
        changed.NetworkInterfaces = overlay.interfaces(result.NetworkInterfaces, carried)
    elseif operation == "describe_instances" then
        changed.Reservations = reservations(result.Reservations, carried)
    end
    return changed
end

return overlay
