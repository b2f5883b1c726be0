-- facts_routes.lua - facts about route tables.
--
-- Owns: the kinds route (value: its target) and table.of (which table a subnet, a gateway or, as
-- the main one, a VPC has; absent for a subnet: the main one, implicitly); what the calls on
-- routes and associations set. Pure.
local calls = require "calls"
local facts = require "facts"
local rules = require "rules"

-- ---- routes -------------------------------------------------------------------------------

local DESTINATIONS = { "DestinationCidrBlock", "DestinationIpv6CidrBlock",
                       "DestinationPrefixListId" }

-- Of the members that name a target the first one that is there; an instance's route names its
-- interface, too.
local TARGETS = { "NatGatewayId", "NetworkInterfaceId", "TransitGatewayId",
                  "VpcPeeringConnectionId", "EgressOnlyInternetGatewayId", "LocalGatewayId",
                  "CarrierGatewayId", "CoreNetworkArn", "GatewayId", "InstanceId" }

-- {member, id, instance, blackhole, propagated}; nil when no target is named.
local function target_of(item)
    for _, member in ipairs(TARGETS) do
        if item[member] then
            return { member = member, id = item[member], instance = item.InstanceId,
                     blackhole = item.State == "blackhole" or nil,
                     propagated = item.Origin == "EnableVgwRoutePropagation" or nil }
        end
    end
    if item.LocalTarget then return { member = "GatewayId", id = "local" } end
    if item.VpcEndpointId then return { member = "GatewayId", id = item.VpcEndpointId } end
    return nil
end

-- A route's destination in AWS's form, and the member that names it.
local function destination_of(item)
    for _, member in ipairs(DESTINATIONS) do
        if item[member] then
            return member == "DestinationPrefixListId" and item[member] or rules.cidr(item[member]),
                   member
        end
    end
    return nil
end

local function read_table(id)
    return calls.ec2("describe_route_tables", { RouteTableIds = { id } })
end

local route = {}

function route.attribute(fact) return "route " .. fact.destination end

function route.reads(fact) return { read_table(fact.id) } end

function route.value(fact, look)
    local rtb, state = facts.first(look, read_table(fact.id), "RouteTables")
    if not rtb then return state end
    for _, item in ipairs(rtb.Routes or {}) do
        if destination_of(item) == fact.destination then return facts.state(target_of(item)) end
    end
    return facts.ABSENT
end

function route.same(a, b)
    if a.id == b.id then return true end
    -- Asked for by its instance, shown by its interface.
    return a.instance ~= nil and a.instance == b.instance
        and (a.member == "InstanceId" or b.member == "InstanceId")
end

-- AWS makes a route to an interface that is detached; to a gateway that is gone it makes none.
local function cannot_lead(target)
    if target.propagated then
        return "a propagated route: its gateway makes it again by itself"
    elseif target.blackhole and target.member ~= "NetworkInterfaceId" then
        return ("it led to %s, which was gone already (a blackhole): AWS makes no such route")
            :format(target.id)
    end
    return nil
end

local function target_params(target)
    if target.id == "local" then return { LocalTarget = true } end
    if target.id:find("^vpce%-") then return { VpcEndpointId = target.id } end
    return { [target.member] = target.id }
end

function route.set(fact, now, wanted)
    local params, operation = {}, "delete_route"
    if not wanted.absent then
        local why = cannot_lead(wanted.value)
        if why then return nil, why end
        params = target_params(wanted.value)
        operation = now.absent and "create_route" or "replace_route"
    end
    params.RouteTableId, params[fact.member] = fact.id, fact.destination
    return { calls.ec2(operation, params) }
end

function route.parts(id, rtb)
    local list = {}
    for _, item in ipairs(rtb.Routes or {}) do
        local destination, member = destination_of(item)
        if item.Origin == "CreateRoute" and destination then
            list[#list + 1] = { kind = "route", id = id, destination = destination,
                                member = member }
        end
    end
    return list
end

function route.text(target)
    return target.id .. (target.blackhole and " (blackhole)" or "")
end

local ROUTE_MEMBERS = { "RouteTableId", "VpcEndpointId", "LocalTarget" }
for _, list in ipairs { DESTINATIONS, TARGETS } do
    for _, name in ipairs(list) do ROUTE_MEMBERS[#ROUTE_MEMBERS + 1] = name end
end

local function table_targets(call) return { { kind = "RouteTables", id = call.params.RouteTableId } } end

local function sets_route(present, note)
    return { knows = ROUTE_MEMBERS, note = note, targets = table_targets,
             understands = function(call)
                 return call.params.RouteTableId ~= nil and destination_of(call.params) ~= nil
                     and (not present or target_of(call.params) ~= nil)
             end,
             facts = function(call)
                 local destination, member = destination_of(call.params)
                 return { { kind = "route", id = call.params.RouteTableId,
                            destination = destination, member = member,
                            after = facts.state(present and target_of(call.params) or nil) } }
             end }
end

-- ---- associations -------------------------------------------------------------------------

-- What has a table, and the filters that find the table that it has.
local OWNERS = {
    subnet = function(id) return { calls.filter("association.subnet-id", id) } end,
    gateway = function(id) return { calls.filter("association.gateway-id", id) } end,
    vpc = function(id)
        return { calls.filter("vpc-id", id), calls.filter("association.main", "true") }
    end,
}

local function read_by(filters) return calls.ec2("describe_route_tables", { Filters = filters }) end

local function read_owner(fact) return read_by(OWNERS[fact.owner](fact.id)) end

local function is_of(association, fact)
    if fact.owner == "vpc" then return association.Main == true end
    return (fact.owner == "subnet" and association.SubnetId or association.GatewayId) == fact.id
end

local owned = { relation = true }

function owned.attribute(fact) return fact.owner == "vpc" and "main route table" or "route table" end

function owned.reads(fact) return { read_owner(fact) } end

function owned.value(fact, look)
    local rtb, state = facts.first(look, read_owner(fact), "RouteTables")
    if not rtb then return state end
    return facts.state(rtb.RouteTableId)
end

function owned.handle(fact, look)
    local rtb = facts.first(look, read_owner(fact), "RouteTables")
    for _, one in ipairs(rtb and rtb.Associations or {}) do
        if is_of(one, fact) then return one.RouteTableAssociationId end
    end
    return nil
end

function owned.set(fact, now, wanted, look)
    if now.absent then
        return { calls.ec2("associate_route_table", {
            RouteTableId = wanted.value, SubnetId = fact.owner == "subnet" and fact.id or nil,
            GatewayId = fact.owner == "gateway" and fact.id or nil }) }
    end
    local handle = fact.handle or look and owned.handle(fact, look)
    if not handle then return nil, "its association is not known", true end
    if wanted.absent then
        return { calls.ec2("disassociate_route_table", { AssociationId = handle }) }
    end
    return { calls.ec2("replace_route_table_association",
                       { AssociationId = handle, RouteTableId = wanted.value }) }
end

local associate = { knows = { "RouteTableId", "SubnetId", "GatewayId" }, handle = "AssociationId",
                    note = "takes the association away again" }

function associate.understands(call)
    return call.params.RouteTableId ~= nil
        and (call.params.SubnetId == nil) ~= (call.params.GatewayId == nil)
end

function associate.facts(call)
    local p = call.params
    return { { kind = "table.of", id = p.SubnetId or p.GatewayId,
               owner = p.SubnetId and "subnet" or "gateway", after = facts.state(p.RouteTableId) } }
end

function associate.targets(call)
    return call.params.SubnetId and { { kind = "Subnets", id = call.params.SubnetId } }
end

local function by_association(name, after, handle, note)
    local row = { knows = { "AssociationId", name }, names = "AssociationId", after = after,
                  handle = handle, note = note }
    local function read(call)
        return read_by { calls.filter("association.route-table-association-id",
                                      call.params.AssociationId) }
    end
    function row.reads(call) return { read(call) } end
    function row.find(call, look)
        local rtb, state = facts.first(look, read(call), "RouteTables")
        if not rtb then return facts.not_found(state, "such association") end
        for _, one in ipairs(rtb.Associations or {}) do
            if one.RouteTableAssociationId == call.params.AssociationId then
                local owner = one.Main and "vpc" or one.SubnetId and "subnet" or "gateway"
                return { fact = { kind = "table.of", owner = owner, id = one.Main and rtb.VpcId
                                  or one.SubnetId or one.GatewayId },
                         before = facts.state(rtb.RouteTableId) }
            end
        end
        return nil, "there is no such association"
    end
    function row.targets(_, found)
        if not found or found.fact.owner == "gateway" then return nil end
        local main = found.fact.owner == "vpc"
        return { { kind = main and "RouteTables" or "Subnets",
                   id = main and found.before.value or found.fact.id } }
    end
    return row
end

return {
    kinds = { route = route, ["table.of"] = owned },
    mutations = {
        ["ec2.create_route"] = sets_route(true, "deletes the route again"),
        ["ec2.replace_route"] = sets_route(true, "leads the route to its old target"),
        ["ec2.delete_route"] = sets_route(false, "makes the route again"),
        ["ec2.associate_route_table"] = associate,
        ["ec2.disassociate_route_table"] =
            by_association(nil, function() return facts.ABSENT end, nil,
                           "associates the table again"),
        ["ec2.replace_route_table_association"] =
            by_association("RouteTableId", function(call)
                return facts.state(call.params.RouteTableId)
            end, "NewAssociationId", "gives it its old route table back"),
    },
}
