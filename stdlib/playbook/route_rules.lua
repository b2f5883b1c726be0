-- route_rules.lua - what the routes of a table lead to, and which of them can be removed.
--
-- Owns: judging described route tables. It makes no calls.
local route_rules = {}

local DESTINATIONS = { "DestinationCidrBlock", "DestinationIpv6CidrBlock",
                       "DestinationPrefixListId" }
local TARGETS = { "NatGatewayId", "EgressOnlyInternetGatewayId", "TransitGatewayId",
                  "VpcPeeringConnectionId", "LocalGatewayId", "CarrierGatewayId",
                  "CoreNetworkArn", "NetworkInterfaceId", "InstanceId", "GatewayId" }

-- The destination of a route, and the member that holds it.
function route_rules.destination(route)
    for _, member in ipairs(DESTINATIONS) do
        if route[member] then return route[member], member end
    end
    return "?", DESTINATIONS[1]
end

function route_rules.target(route)
    for _, member in ipairs(TARGETS) do
        if route[member] then return route[member] end
    end
    return "nowhere"
end

-- "0.0.0.0/0 to igw-1"
function route_rules.text(route)
    return ("%s to %s"):format((route_rules.destination(route)), route_rules.target(route))
end

-- Is it the way inside the VPC? A middlebox may have been put into it: it stays one.
function route_rules.is_local(route)
    return route.GatewayId == "local" or route.Origin == "CreateRouteTable"
end

-- Does it lead to the internet by a gateway of the VPC's own? A blackhole leads nowhere.
function route_rules.to_internet(route)
    if route.State == "blackhole" then return false end
    return route.EgressOnlyInternetGatewayId ~= nil
        or (route.GatewayId or ""):find("^igw%-") ~= nil
end

-- Why DeleteRoute would not take it away, or should not: {text, lever}; nil when it can go.
function route_rules.stays(route)
    if route_rules.is_local(route) then
        return { "is the way inside the VPC, which no table lacks", "isolate-sg, isolate-nacl" }
    elseif route.Origin == "EnableVgwRoutePropagation" then
        return { "is propagated by a gateway, and would come back",
                 "mode=new-table, or DisableVgwRoutePropagation" }
    elseif route.DestinationPrefixListId and (route.GatewayId or ""):find("^vpce%-") then
        return { "belongs to a gateway endpoint: DeleteRoute refuses it",
                 "mode=new-table, or ModifyVpcEndpoint" }
    elseif route.State == "blackhole" then
        -- It could not be made again while its target is gone.
        return { "is a blackhole: it leads nowhere now", "mode=new-table" }
    end
    return nil
end

-- The routes of a table that can be removed, by destination; and those that stay, but for the
-- local ones.
function route_rules.sorted_out(table_)
    local go, stay = {}, {}
    for _, route in ipairs(table_.Routes or {}) do
        if not route_rules.stays(route) then
            go[#go + 1] = route
        elseif not route_rules.is_local(route) then
            stay[#stay + 1] = route
        end
    end
    local function by_destination(a, b)
        return route_rules.destination(a) < route_rules.destination(b)
    end
    table.sort(go, by_destination)
    table.sort(stay, by_destination)
    return go, stay
end

local GONE = { disassociating = true, disassociated = true, failed = true }

local function is_on(association)
    return not GONE[(association.AssociationState or {}).State or ""]
end

-- The table of a subnet, and the id of its association; without one it follows the main table.
function route_rules.table_of(tables, subnet, vpc)
    local main
    for _, table_ in ipairs(tables) do
        for _, association in ipairs(table_.Associations or {}) do
            if association.SubnetId == subnet and is_on(association) then
                return table_, association.RouteTableAssociationId
            end
            if association.Main and table_.VpcId == vpc then main = table_ end
        end
    end
    return main, nil
end

-- The subnets (a set) that a table serves: its own, and as the main one those without a table.
function route_rules.served(network, table_id)
    local served = {}
    for id, subnet in pairs(network.subnets) do
        local table_ = route_rules.table_of(network.tables, id, subnet.VpcId)
        if table_ and table_.RouteTableId == table_id then served[id] = true end
    end
    return served
end

return route_rules
