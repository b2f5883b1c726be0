-- vpc_network.lua - whole VPCs, as the methods that hit more than one instance see them.
--
-- Owns: reading them in one round of parallel reads, and naming who is in a subnet, or reaches the
-- world through a NAT gateway there. It changes nothing.
local instance_network = require "instance_network"
local lists = require "lists"
local route_rules = require "route_rules"

local vpc_network = {}

local NAMED = 6

-- All items of a read that may have several pages.
local function all(operation, params, member)
    local list = {}
    for page in ec2.pages(operation, params) do
        for _, item in ipairs(page[member] or {}) do list[#list + 1] = item end
    end
    return list
end

local function in_vpcs(name, vpcs)
    return { { Name = name, Values = vpcs } }
end

-- What each read gives, and the parts that not every method needs.
local READS = {
    { "acls", "describe_network_acls", "NetworkAcls" },
    { "tables", "describe_route_tables", "RouteTables" },
    { "subnets", "describe_subnets", "Subnets" },
    { "interfaces", "describe_network_interfaces", "NetworkInterfaces" },
    -- Names only inform: a denied read leaves the ids.
    { "reservations", "describe_instances", "Reservations", optional = true },
    { "gateways", "describe_internet_gateways", "InternetGateways",
      filter = "attachment.vpc-id", only = "gateways" },
    { "egress_only", "describe_egress_only_internet_gateways", "EgressOnlyInternetGateways",
      filter = false, only = "gateways" },
}

local function read_one(read, vpcs)
    local params = {}
    if read.filter ~= false then params.Filters = in_vpcs(read.filter or "vpc-id", vpcs) end
    if not read.optional then return all(read[2], params, read[3]) end
    local ok, list = pcall(all, read[2], params, read[3])
    return ok and list or {}
end

local function names_of(reservations)
    local names = {}
    for _, instance in ipairs(instance_network.instances_in(reservations)) do
        names[instance.InstanceId] = instance_network.name_of(instance)
    end
    return names
end

local function attached_to(list, vpcs)
    local wanted, found = {}, {}
    for _, vpc in ipairs(vpcs) do wanted[vpc] = true end
    for _, gateway in ipairs(list) do
        for _, attachment in ipairs(gateway.Attachments or {}) do
            if wanted[attachment.VpcId] then found[#found + 1] = gateway end
        end
    end
    return found
end

-- The VPCs with these ids: acls, tables, subnets (id -> subnet), interfaces, names (instance ->
-- Name tag); and with `parts.gateways` gateways and egress_only, those attached to them.
function vpc_network.read(vpcs, parts)
    local reads = {}
    for _, read in ipairs(READS) do
        if not read.only or (parts or {})[read.only] then reads[#reads + 1] = read end
    end
    local results = parallel(reads, function(read) return read_one(read, vpcs) end)
    local network = { vpcs = vpcs }
    for i, read in ipairs(reads) do network[read[1]] = results[i] end
    network.names = names_of(network.reservations)
    network.subnets = lists.by(network.subnets, "SubnetId")
    network.egress_only = attached_to(network.egress_only or {}, vpcs)
    -- EC2 lists them in no order, and what is told twice must be the same text.
    table.sort(network.interfaces, function(a, b)
        return a.NetworkInterfaceId < b.NetworkInterfaceId
    end)
    return network
end

-- ---- who is there -------------------------------------------------------------------------

-- "web-8 (i-1)", "NAT gateway nat-1", "load balancer front": whose an interface is.
local function owner_of(network, raw)
    local instance = (raw.Attachment or {}).InstanceId
    if instance then
        local name = network.names[instance]
        return instance, name and ("%s (%s)"):format(name, instance) or instance
    end
    local about = raw.Description or ""
    local nat = about:match("nat%-%w+")
    if raw.InterfaceType == "nat_gateway" or nat then
        return nat or raw.NetworkInterfaceId, "NAT gateway " .. (nat or raw.NetworkInterfaceId)
    end
    local balancer = about:match("^ELB (.+)$")
    if balancer then
        return balancer, "load balancer " .. (balancer:match("^%a+/([^/]+)/") or balancer)
    end
    local endpoint = about:match("vpce%-%w+")
    if endpoint then return endpoint, "VPC endpoint " .. endpoint end
    return raw.NetworkInterfaceId, raw.NetworkInterfaceId
end
vpc_network.owner_of = owner_of

-- Subnets whose routes lead to a NAT gateway in one of `subnets`: subnet -> gateway.
local function behind_nat(network, subnets)
    local gateways = {}
    for _, raw in ipairs(network.interfaces) do
        local id, text = owner_of(network, raw)
        if subnets[raw.SubnetId] and text:find("^NAT gateway nat%-") then gateways[id] = true end
    end
    if not next(gateways) then return {} end
    local behind = {}
    for id, subnet in pairs(network.subnets) do
        local table_ = route_rules.table_of(network.tables, id, subnet.VpcId)
        for _, route in ipairs(table_ and table_.Routes or {}) do
            if gateways[route.NatGatewayId or ""] and not subnets[id] then
                behind[id] = route.NatGatewayId
            end
        end
    end
    return behind
end

local function owners(network, subnets, behind, except)
    local texts, hit, list = {}, {}, {}
    for _, raw in ipairs(network.interfaces) do
        local id, text = owner_of(network, raw)
        if subnets[raw.SubnetId] then
            texts[id], hit[id] = text, true
        elseif behind[raw.SubnetId] and not hit[id] then
            texts[id] = ("%s, which leaves through %s"):format(text, behind[raw.SubnetId])
        end
    end
    texts[except or ""] = nil
    for _, text in pairs(texts) do list[#list + 1] = text end
    table.sort(list)
    return list
end

-- Who has an interface in `subnets` (a set): sorted texts, each owner once. `except`: the id of the
-- one that is meant to be hit.
function vpc_network.inside(network, subnets, except)
    return owners(network, subnets, {}, except)
end

-- Who is hit when `subnets` are cut off: those inside, and whoever leaves the VPC through a NAT
-- gateway there.
function vpc_network.hit(network, subnets, except)
    return owners(network, subnets, behind_nat(network, subnets), except)
end

-- "web-8 (i-1), app-1 (i-2) and 3 more".
function vpc_network.listed(list, most)
    most = most or NAMED
    local text = table.concat(list, ", ", 1, math.min(most, #list))
    if #list > most then text = ("%s and %d more"):format(text, #list - most) end
    return text
end

return vpc_network
