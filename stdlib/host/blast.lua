-- blast.lua - who is hit by a change of a group, a NACL, a route table, a subnet or a gateway.
--
-- Owns: finding the interfaces behind a resource, and naming whose they are: instances, load
-- balancers, NAT gateways, endpoints, or just interfaces. Pure; the world is only read.
local automatic = require "flow_automatic"
local compile = require "flow_compile"

local blast = {}

local function all(world, kind) return world.resources[kind] or {} end

local function sorted_keys(map)
    local keys = {}
    for key in pairs(map) do keys[#keys + 1] = key end
    table.sort(keys)
    return keys
end

local function tag(raw, key)
    for _, one in ipairs((raw or {}).Tags or (raw or {}).TagSet or {}) do
        if one.Key == key then return one.Value end
    end
    return nil
end

-- ---- from a resource to subnets ------------------------------------------------------------

local function associated(raw, subnets)
    for _, association in ipairs((raw or {}).Associations or {}) do
        if association.SubnetId then subnets[association.SubnetId] = true end
    end
end

-- The subnets that have no table of their own follow the VPC's main one.
local function follow_main(world, vpc, subnets)
    local own = {}
    for _, other in pairs(all(world, "RouteTables")) do associated(other, own) end
    for id, subnet in pairs(all(world, "Subnets")) do
        if subnet.VpcId == vpc and not own[id] then subnets[id] = true end
    end
end

local function served_by_table(world, raw, subnets)
    associated(raw, subnets)
    for _, association in ipairs((raw or {}).Associations or {}) do
        if association.Main then follow_main(world, raw.VpcId, subnets) end
    end
end

local TARGET_MEMBERS = { "GatewayId", "NatGatewayId", "EgressOnlyInternetGatewayId",
                         "TransitGatewayId", "VpcPeeringConnectionId", "NetworkInterfaceId",
                         "InstanceId", "LocalGatewayId", "CarrierGatewayId" }

local function leads_to(raw, target)
    for _, route in ipairs(raw.Routes or {}) do
        for _, member in ipairs(TARGET_MEMBERS) do
            if route[member] == target then return true end
        end
    end
    return false
end

-- The subnets whose routes lead to a gateway.
local function routed_to(world, target, subnets)
    for _, raw in pairs(all(world, "RouteTables")) do
        if leads_to(raw, target) then served_by_table(world, raw, subnets) end
    end
end

local function by_route(world, id, scope)
    routed_to(world, id, scope.subnets)
end

local SCOPES = {
    SecurityGroups = function(_, id, scope) scope.groups[id] = true end,
    NetworkInterfaces = function(_, id, scope) scope.interfaces[id] = true end,
    Subnets = function(_, id, scope) scope.subnets[id] = true end,
    NetworkAcls = function(world, id, scope)
        associated(all(world, "NetworkAcls")[id], scope.subnets)
    end,
    RouteTables = function(world, id, scope)
        served_by_table(world, all(world, "RouteTables")[id], scope.subnets)
    end,
    Vpcs = function(_, id, scope) scope.vpcs[id] = true end,
    TransitGatewayVpcAttachments = function(world, id, scope)
        local raw = all(world, "TransitGatewayVpcAttachments")[id]
        if raw then routed_to(world, raw.TransitGatewayId, scope.subnets) end
    end,
    Addresses = function(world, id, scope)
        local raw = all(world, "Addresses")[id]
        if raw and raw.NetworkInterfaceId then scope.interfaces[raw.NetworkInterfaceId] = true end
    end,
    VpcEndpoints = function(world, id, scope)
        routed_to(world, id, scope.subnets)
        local raw = all(world, "VpcEndpoints")[id] or {}
        if raw.VpcEndpointType == "Interface" then scope.vpcs[raw.VpcId] = true end
    end,
    InternetGateways = by_route, NatGateways = by_route, EgressOnlyInternetGateways = by_route,
    VpcPeeringConnections = by_route, TransitGateways = by_route,
}

local function in_scope(scope, raw)
    if scope.interfaces[raw.NetworkInterfaceId] then return true end
    if scope.subnets[raw.SubnetId or ""] or scope.vpcs[raw.VpcId or ""] then return true end
    if next(scope.groups) == nil then return false end
    for _, group in ipairs(raw.Groups or {}) do
        if scope.groups[group.GroupId] then return true end
    end
    return false
end

-- ---- whose an interface is -----------------------------------------------------------------

local function nat_of(world, eni, raw)
    for id, gateway in pairs(all(world, "NatGateways")) do
        for _, own in ipairs(gateway.NatGatewayAddresses or {}) do
            if own.NetworkInterfaceId == eni then return id, gateway end
        end
    end
    local id = (raw.Description or ""):match("(nat%-%w+)")
    return id, id and all(world, "NatGateways")[id]
end

local function endpoint_of(world, eni, raw)
    for id, endpoint in pairs(all(world, "VpcEndpoints")) do
        for _, own in ipairs(endpoint.NetworkInterfaceIds or {}) do
            if own == eni then return id, endpoint end
        end
    end
    local id = (raw.Description or ""):match("(vpce%-%w+)")
    return id, id and all(world, "VpcEndpoints")[id]
end

local function instance_owner(world, raw)
    local id = (raw.Attachment or {}).InstanceId
    if not id then return nil end
    return { kind = "instance", id = id, name = tag(all(world, "Instances")[id], "Name") }
end

local function managed_owner(world, eni, raw)
    local kind = automatic.kind(compile.interface(raw))
    local balancer = (raw.Description or ""):match("^ELB (.+)$")
    if balancer or kind:find("load_balancer") and not kind:find("endpoint") then
        return { kind = "load balancer", id = balancer or eni, name = balancer and
                 (balancer:match("^%a+/([^/]+)/") or balancer) }
    end
    if kind == "nat_gateway" then
        local id, gateway = nat_of(world, eni, raw)
        return { kind = "NAT gateway", id = id or eni, name = tag(gateway, "Name") }
    elseif kind == "vpc_endpoint" or kind == "gateway_load_balancer_endpoint" then
        local id, endpoint = endpoint_of(world, eni, raw)
        return { kind = "endpoint", id = id or eni,
                 name = tag(endpoint, "Name") or (endpoint or {}).ServiceName }
    end
    return nil
end

local function owner_of(world, eni, raw)
    return instance_owner(world, raw) or managed_owner(world, eni, raw)
        or { kind = "interface", id = eni, name = tag(raw, "Name") or raw.Description }
end

-- Subnets whose way out is a NAT gateway in one that is hit: subnet -> the gateway.
local function find_behind(world, scope)
    for _, id in ipairs(sorted_keys(all(world, "NatGateways"))) do
        local gateway = all(world, "NatGateways")[id]
        if scope.subnets[gateway.SubnetId or ""] or scope.vpcs[gateway.VpcId or ""] then
            local subnets = {}
            routed_to(world, id, subnets)
            for subnet in pairs(subnets) do scope.behind[subnet] = scope.behind[subnet] or id end
        end
    end
end

local function scope_of(world, targets)
    local scope = { groups = {}, interfaces = {}, subnets = {}, vpcs = {}, behind = {} }
    for _, target in ipairs(targets) do
        local find = SCOPES[target.kind]
            or error(("who is hit by a change of %s is not known"):format(tostring(target.kind)), 0)
        find(world, target.id, scope)
    end
    find_behind(world, scope)
    return scope
end

local function collect(owners, list, owner, eni)
    local key = owner.kind .. " " .. owner.id
    local known = owners[key]
    if not known then
        known, owners[key], owner.interfaces = owner, owner, {}
        list[#list + 1] = owner
    end
    if not owner.behind then known.behind = nil end
    table.insert(known.interfaces, eni)
end

-- Everyone that a change of these resources hits: a list of {kind ("instance", "load balancer",
-- "NAT gateway", "endpoint", "interface"), id, name, interfaces (ids), behind (the NAT gateway
-- that is hit, when only its way out is)}, instances first, by id.
-- `targets`: {{kind = "NetworkAcls", id = "acl-1"}, ...}; options.except: an instance that is
-- meant to be hit, left out. Raises a text for a kind that it does not know.
function blast.of(world, targets, options)
    local scope, owners, list = scope_of(world, targets), {}, {}
    local except = (options or {}).except
    local interfaces = all(world, "NetworkInterfaces")
    for _, eni in ipairs(sorted_keys(interfaces)) do
        local raw = interfaces[eni]
        local hit, behind = in_scope(scope, raw), scope.behind[raw.SubnetId or ""]
        if hit or behind then
            local owner = owner_of(world, eni, raw)
            owner.behind = not hit and behind or nil
            if owner.id ~= except then collect(owners, list, owner, eni) end
        end
    end
    table.sort(list, function(a, b)
        local x, y = a.kind == "instance" and "" or a.kind, b.kind == "instance" and "" or b.kind
        if x ~= y then return x < y end
        return a.id < b.id
    end)
    return list
end

local function count_text(list)
    local counts, kinds = {}, {}
    for _, one in ipairs(list) do
        if not counts[one.kind] then kinds[#kinds + 1] = one.kind end
        counts[one.kind] = (counts[one.kind] or 0) + 1
    end
    local texts = {}
    for i, kind in ipairs(kinds) do
        texts[i] = ("%d %s%s"):format(counts[kind], kind, counts[kind] == 1 and "" or "s")
    end
    return table.concat(texts, ", ")
end

local NAMED = 5

-- "hits only this instance", or who else, in one sentence.
function blast.text(list)
    if #list == 0 then return "hits only this instance" end
    local names = {}
    for i = 1, math.min(NAMED, #list) do
        local name = list[i].name
        names[i] = name and ('%s "%s"'):format(list[i].id, name) or list[i].id
        if list[i].behind then names[i] = ("%s (behind %s)"):format(names[i], list[i].behind) end
    end
    if #list > NAMED then names[#names + 1] = ("%d more"):format(#list - NAMED) end
    return ("also hits %s: %s"):format(count_text(list), table.concat(names, ", "))
end

return blast
