-- instance_network.lua - an instance and what its traffic passes.
--
-- Owns: reading it in two rounds of parallel reads (what needs the id only, then what needs the
-- VPC), and the plain tables that the isolation methods work on. It changes nothing.
local lists = require "lists"

local network = {}

local function by_instance(id)
    return { Filters = { { Name = "attachment.instance-id", Values = { id } } } }
end

-- The read of an instance's interfaces; always the same call, so that a rehearsal reads once.
function network.read_interfaces(id)
    return ec2.describe_network_interfaces(by_instance(id)).NetworkInterfaces or {}
end

-- Makes {operation, params, optional} reads at once. A failed optional one gives
-- {unread = text}: what only informs must not stop a containment.
local function read_all(reads)
    return parallel(reads, function(read)
        if not read.optional then return ec2[read[1]](read[2]) end
        local ok, result = pcall(ec2[read[1]], read[2])
        if ok then return result end
        return { unread = tostring(result) }
    end)
end

local function tags_of(list)
    local map = {}
    for _, tag in ipairs(list or {}) do map[tag.Key] = tag.Value end
    return map
end

local function describe_interface(raw)
    local attachment, association = raw.Attachment or {}, raw.Association or {}
    local groups, v6 = {}, {}
    for i, group in ipairs(raw.Groups or {}) do
        groups[i] = { id = group.GroupId, name = group.GroupName }
    end
    for i, address in ipairs(raw.Ipv6Addresses or {}) do v6[i] = address.Ipv6Address end
    local managed = raw.RequesterManaged == true or (raw.Operator or {}).Managed == true
    return { id = raw.NetworkInterfaceId, vpc = raw.VpcId, subnet = raw.SubnetId,
             card = attachment.NetworkCardIndex or 0, index = attachment.DeviceIndex or 0,
             private = raw.PrivateIpAddress, public = association.PublicIp,
             elastic = association.AllocationId and association.AssociationId,
             v6 = v6, groups = groups, managed = managed,
             idle_timeout = (raw.ConnectionTrackingConfiguration or {}).TcpEstablishedTimeout }
end

-- In the order of the devices: EC2 lists them in no order, and a call's place must be the same
-- in rehearsal and execution.
local function describe_interfaces(list)
    local interfaces = {}
    for i, raw in ipairs(list or {}) do interfaces[i] = describe_interface(raw) end
    table.sort(interfaces, function(a, b)
        if a.card ~= b.card then return a.card < b.card end
        if a.index ~= b.index then return a.index < b.index end
        return a.id < b.id
    end)
    return interfaces
end

local function unique_sorted(list)
    local known, unique = {}, {}
    for _, item in ipairs(list) do
        if item and not known[item] then
            known[item] = true
            unique[#unique + 1] = item
        end
    end
    table.sort(unique)
    return unique
end

-- What happens to such an instance when it is cut off, {code = text}; by the code that `accept`
-- names. Pure.
function network.hazards(instance)
    local tags = tags_of(instance.Tags)
    local hazards = {}
    local group = tags["aws:autoscaling:groupName"]
    if group then
        hazards.asg = ("its Auto Scaling group %s will find it unhealthy, replace it and "
            .. "terminate it, and the evidence with it: put it in Standby or detach it")
            :format(group)
    end
    for key in pairs(tags) do
        if key:find("^kubernetes%.io/cluster/") or key:find("^eks:") then
            hazards.eks = "it is an EKS node: the CNI refreshes the groups of its interfaces, and "
                .. "pods may have interfaces of their own: cordon the node, verify again later"
        end
        if key:find("^elasticbeanstalk:") then
            hazards.beanstalk = "Elastic Beanstalk manages it and will replace it when it is "
                .. "unhealthy"
        end
    end
    if instance.InstanceLifecycle == "spot" then
        hazards.spot = "it is a Spot instance: EC2 may take it back at any time, and its memory "
            .. "with it; it cannot be protected from termination"
    end
    return hazards
end

-- All instances of some reservations, in EC2's order.
function network.instances_in(reservations)
    local list = {}
    for _, reservation in ipairs(reservations or {}) do
        table.move(reservation.Instances or {}, 1, #(reservation.Instances or {}), #list + 1, list)
    end
    return list
end

-- An instance's Name tag, or nil.
function network.name_of(instance)
    return tags_of(instance.Tags).Name
end

-- Does a VPC have IPv6?
function network.has_v6(vpc)
    for _, block in ipairs(vpc.Ipv6CidrBlockAssociationSet or {}) do
        if ((block.Ipv6CidrBlockState or {}).State or ""):find("^associat") then return true end
    end
    return false
end

local function the_instance(result, id)
    for _, instance in ipairs(network.instances_in(result.Reservations)) do
        if instance.InstanceId == id then return instance end
    end
    error(("there is no instance %s in this account and Region"):format(id), 0)
end

local function vpc_tables(result)
    local vpcs = {}
    for _, vpc in ipairs(result.Vpcs or {}) do
        vpcs[vpc.VpcId] = { id = vpc.VpcId, cidr = vpc.CidrBlock, v6 = network.has_v6(vpc) }
    end
    return vpcs
end

local TARGETS = {
    { "NatGatewayId", "nat" }, { "EgressOnlyInternetGatewayId", "egress-only" },
    { "TransitGatewayId", "transit" }, { "VpcPeeringConnectionId", "peering" },
    { "LocalGatewayId", "local-gateway" }, { "CarrierGatewayId", "carrier" },
    { "CoreNetworkArn", "core-network" }, { "NetworkInterfaceId", "interface" },
}

local function target_of(route)
    for _, target in ipairs(TARGETS) do
        if route[target[1]] then return target[2], route[target[1]] end
    end
    local id = route.GatewayId or ""
    if id:find("^igw%-") then return "internet", id end
    if id:find("^vgw%-") then return "vpn", id end
    if id:find("^vpce%-") then return "endpoint", id end
    return nil
end

local function routes_of(table_)
    local list = {}
    for _, route in ipairs(table_.Routes or {}) do
        local kind, id = target_of(route)
        if kind and route.State ~= "blackhole" then
            list[#list + 1] = { kind = kind, id = id, v6 = route.DestinationIpv6CidrBlock ~= nil,
                                to = route.DestinationCidrBlock or route.DestinationIpv6CidrBlock
                                     or route.DestinationPrefixListId }
        end
    end
    return list
end

-- Subnet -> its routes: the table associated with it, else the VPC's main one.
local function subnet_routes(result, interfaces)
    local explicit, main = {}, {}
    for _, table_ in ipairs(result.RouteTables or {}) do
        for _, association in ipairs(table_.Associations or {}) do
            if association.SubnetId then explicit[association.SubnetId] = table_ end
            if association.Main then main[table_.VpcId] = table_ end
        end
    end
    local routes = {}
    for _, interface in ipairs(interfaces) do
        local table_ = explicit[interface.subnet] or main[interface.vpc]
        routes[interface.subnet] = table_ and routes_of(table_) or nil
    end
    return routes
end

local function ids_of(interfaces, member)
    local ids = {}
    for i, interface in ipairs(interfaces) do ids[i] = interface[member] end
    return unique_sorted(ids)
end

local function carried_groups(interfaces)
    local ids = {}
    for _, interface in ipairs(interfaces) do
        for _, group in ipairs(interface.groups) do ids[#ids + 1] = group.id end
    end
    return unique_sorted(ids)
end

-- The VPCs of some interfaces (network.read), sorted.
function network.vpcs_of(interfaces)
    return ids_of(interfaces, "vpc")
end

-- The first round: all that needs the instance's id only.
local function first_round(id, options)
    local given = unique_sorted(options.groups or {})
    local reads = { { "describe_instances", { InstanceIds = { id } } },
                    { "describe_network_interfaces", by_instance(id) } }
    if #given > 0 then
        reads[#reads + 1] = { "describe_security_groups", { GroupIds = given } }
    end
    if options.carriers_of then
        reads[#reads + 1] = { "describe_network_interfaces", { Filters = {
            { Name = "group-id", Values = { options.carriers_of } } } } }
    end
    local results = read_all(reads)
    local next_result = 3
    local function take(wanted)
        if not wanted then return {} end
        next_result = next_result + 1
        return results[next_result - 1]
    end
    local groups = take(#given > 0)
    return results[1], results[2], groups, take(options.carriers_of)
end

-- The second: all that needs its VPCs, subnets and groups.
local function second_round(host)
    local vpcs = network.vpcs_of(host.interfaces)
    local in_vpcs = { Filters = { { Name = "vpc-id", Values = vpcs } } }
    return read_all {
        { "describe_vpcs", { VpcIds = vpcs } },
        { "describe_subnets", { SubnetIds = ids_of(host.interfaces, "subnet") }, optional = true },
        { "describe_route_tables", in_vpcs, optional = true },
        { "describe_vpc_endpoints", in_vpcs, optional = true },
        { "describe_security_groups", { GroupIds = carried_groups(host.interfaces) },
          optional = true },
    }
end

-- The instance, as isolation sees it:
--   id, name, state, instance (as EC2 describes it), hazards (code -> text)
--   interfaces   {id, vpc, subnet, public, elastic (the association's id, when the address is an
--                Elastic IP), v6, groups = {{id, name}}, managed, ...}, in order
--   vpcs         id -> {id, cidr, v6};  subnets  id -> {cidr, zone}
--   routes       subnet id -> {{kind, id, to, v6}}; nil when they could not be read
--   endpoints    the VPCs' endpoints, as EC2 describes them
--   current      the groups it carries now, by id, as EC2 describes them; nil when not readable
--   given        the groups of options.groups, by id
--   carriers     who carries the group options.carriers_of, as EC2 describes it
function network.read(id, options)
    local instances, interfaces, groups, carriers = first_round(id, options or {})
    local instance = the_instance(instances, id)
    local host = { id = id, instance = instance, name = network.name_of(instance),
                   state = (instance.State or {}).Name, hazards = network.hazards(instance),
                   interfaces = describe_interfaces(interfaces.NetworkInterfaces),
                   given = lists.by(groups.SecurityGroups, "GroupId"),
                   carriers = carriers.NetworkInterfaces or {} }
    if #host.interfaces == 0 then
        error(("%s has no network interface (it is %s): there is nothing to cut off"):format(
            id, host.state or "in a state not known"), 0)
    end
    local vpcs, subnets, routes, endpoints, current = table.unpack(second_round(host))
    host.vpcs = vpc_tables(vpcs)
    host.subnets = {}
    for _, subnet in ipairs(subnets.Subnets or {}) do
        host.subnets[subnet.SubnetId] = { cidr = subnet.CidrBlock, zone = subnet.AvailabilityZone }
    end
    host.routes = not routes.unread and subnet_routes(routes, host.interfaces) or nil
    host.endpoints = endpoints.VpcEndpoints or {}
    host.current = not current.unread and lists.by(current.SecurityGroups, "GroupId") or nil
    return host
end

return network
