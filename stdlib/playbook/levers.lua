-- levers.lua - what closes flows that outlive a change of security groups.
--
-- Owns: dropping public addresses, and the idle time-out of tracked flows. Each is a step of its
-- own in a playbook: they cost calls, and an address that AWS assigned is lost for good.
local lists = require "lists"
local nitro = require "nitro"

local levers = {}

local LEAST_SECONDS = 60

local function interfaces_where(host, wanted)
    local list = {}
    for _, interface in ipairs(host.interfaces) do
        if not interface.managed and wanted(interface) then list[#list + 1] = interface end
    end
    return list
end

-- Interfaces whose time-out is not `seconds` yet.
local function idle_interfaces(host, seconds)
    return interfaces_where(host, function(one) return one.idle_timeout ~= seconds end)
end

-- Is there a time-out to set? `seconds` 0 or nil: it stays as it is. AWS takes 60 at least.
function levers.sets_idle_timeout(host, seconds)
    if (seconds or 0) == 0 then return false end
    if seconds < LEAST_SECONDS then
        error(("idle_timeout=%s: it is %d seconds at least, or 0"):format(seconds,
                                                                           LEAST_SECONDS), 0)
    end
    return nitro.is_on(host.instance.InstanceType) == true and #idle_interfaces(host, seconds) > 0
end

-- Tracked TCP flows that carry nothing for `seconds` are forgotten, at once on all
-- interfaces. What it does to flows that are open already, AWS does not say.
function levers.set_idle_timeout(host, seconds)
    parallel(lists.ids(idle_interfaces(host, seconds)), function(id)
        ec2.modify_network_interface_attribute {
            NetworkInterfaceId = id,
            ConnectionTrackingSpecification = { TcpEstablishedTimeout = seconds } }
    end)
end

-- Interfaces with an Elastic IP (it can be given back), and with an address that AWS assigned.
function levers.public_interfaces(host)
    local elastic = interfaces_where(host, function(one) return one.public and one.elastic end)
    local assigned = interfaces_where(host, function(one)
        return one.public and not one.elastic
    end)
    return elastic, assigned
end

-- Is there an address to drop? `how`: "keep"; "auto" drops Elastic IPs, which can be given back;
-- "drop" also what AWS assigned.
function levers.drops_address(host, how)
    local elastic, assigned = levers.public_interfaces(host)
    if how == "drop" then return #elastic + #assigned > 0 end
    return how == "auto" and #elastic > 0
end

-- Takes the addresses away: no path of its own to or from the internet in IPv4. With `lose` also
-- those that AWS assigned, which nothing brings back.
function levers.drop_public_addresses(host, lose)
    local elastic, assigned = levers.public_interfaces(host)
    local interfaces = table.move(elastic, 1, #elastic, 1, {})
    if lose then table.move(assigned, 1, #assigned, #interfaces + 1, interfaces) end
    parallel(lists.ids(interfaces), function(id, i)
        if interfaces[i].elastic then
            ec2.disassociate_address { AssociationId = interfaces[i].elastic }
        else
            ec2.modify_network_interface_attribute { NetworkInterfaceId = id,
                                                     AssociatePublicIpAddress = false }
        end
    end)
end

return levers
