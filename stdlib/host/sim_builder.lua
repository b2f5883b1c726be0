-- sim_builder.lua - building worlds in a few words, for drills and the default world.
--
-- Owns: w:vpc, vpc:subnet, vpc:group, subnet:instance and the like. All of it goes through the
-- simulator's own operations, so that what is built has AWS's defaults; only what no request can
-- make (a requester-managed interface, a console's text) is put in directly.
local instances = require "sim_instances"
local interfaces = require "sim_interfaces"
local services = require "sim_builder_services"
local sim = require "sim"
local sim_clock = require "sim_clock"
local sim_world = require "sim_world"
local values = require "sim_values"

local builder = {}

local World, Vpc, Subnet, Group, Instance = {}, {}, {}, {}, {}
for _, class in ipairs { World, Vpc, Subnet, Group, Instance } do class.__index = class end

local function tags_of(options)
    local list = {}
    if options.name then list[1] = { Key = "Name", Value = options.name } end
    for _, key in ipairs(values.sorted_keys(options.tags or {})) do
        list[#list + 1] = { Key = key, Value = options.tags[key] }
    end
    return list
end

-- Sets tags without asking whether a request might: "aws:autoscaling:groupName" is AWS's own.
local function set_tags(world, kind, id, options, member)
    local list = tags_of(options)
    if #list > 0 then sim_world.change(world, kind, id, { [member or "Tags"] = list }) end
end

local function ids_of(list)
    local ids = {}
    for i, one in ipairs(list or {}) do ids[i] = type(one) == "table" and one.id or one end
    return ids
end

function builder.new(world)
    return setmetatable({ world = world }, World)
end

function World:call(operation, params, service)
    return sim.call(self.world, operation, params, service)
end

-- Anything else, in the shape of its describe operation: endpoints, peerings, attachments.
function World:put(kind, resource)
    return sim_world.put(self.world, kind, resource)
end

-- ---- rules in words -----------------------------------------------------------------------

local function peer_of(text, group)
    if text == "self" then return { UserIdGroupPairs = { { GroupId = group.id } } } end
    if text:find("^sg%-") then return { UserIdGroupPairs = { { GroupId = text } } } end
    if text:find("^pl%-") then return { PrefixListIds = { { PrefixListId = text } } } end
    if text:find(":", 1, true) then return { Ipv6Ranges = { { CidrIpv6 = text } } } end
    return { IpRanges = { { CidrIp = text } } }
end

-- "tcp 22 203.0.113.0/24", "udp 1000-2000 10.0.0.0/8", "icmp 0.0.0.0/0", "all ::/0",
-- "tcp 443 self"; {"tcp 443", group} names a group of the builder's.
local function permission_of(rule, group)
    local other = type(rule) == "table" and rule[2].id
    local words = {}
    for word in (other and rule[1] .. " " .. other or rule):gmatch("%S+") do
        words[#words + 1] = word
    end
    local protocol, peer = words[1], words[#words]
    local permission = peer_of(peer, group)
    permission.IpProtocol = protocol == "all" and "-1" or protocol
    if #words == 3 then
        local from, to = words[2]:match("^(%d+)%-(%d+)$")
        permission.FromPort = math.tointeger(tonumber(from or words[2]))
        permission.ToPort = math.tointeger(tonumber(to or words[2]))
    elseif protocol == "tcp" or protocol == "udp" then
        permission.FromPort, permission.ToPort = 0, 65535
    end
    return permission
end

local function permissions_of(rules, group)
    local list = {}
    for i, rule in ipairs(rules) do list[i] = permission_of(rule, group) end
    return list
end

-- ---- VPCs ---------------------------------------------------------------------------------

-- options: cidr, name, ipv6 (an Amazon block), internet (a gateway and the main table's route),
-- default.
function World:vpc(options)
    local id = self:call("create_vpc", { CidrBlock = options.cidr or "10.0.0.0/16",
                                         AmazonProvidedIpv6CidrBlock = options.ipv6 }).Vpc.VpcId
    set_tags(self.world, "Vpcs", id, options)
    if options.default then sim_world.change(self.world, "Vpcs", id, { IsDefault = true }) end
    local vpc = setmetatable({ id = id, w = self, ipv6 = options.ipv6, subnets = 0 }, Vpc)
    if options.internet then vpc:internet() end
    return vpc
end

function Vpc:call(...) return self.w:call(...) end

function Vpc:main_table()
    return sim_world.by(self.w.world, "RouteTables", "vpc-id", self.id)[1].RouteTableId
end

function Vpc:internet()
    self.gateway = self:call("create_internet_gateway", {}).InternetGateway.InternetGatewayId
    self:call("attach_internet_gateway", { InternetGatewayId = self.gateway, VpcId = self.id })
    local main = self:main_table()
    self:call("create_route", { RouteTableId = main, DestinationCidrBlock = "0.0.0.0/0",
                                GatewayId = self.gateway })
    if self.ipv6 then
        self:call("create_route", { RouteTableId = main, DestinationIpv6CidrBlock = "::/0",
                                    GatewayId = self.gateway })
    end
end

-- A table of its own; routes: list of create_route's parameters without RouteTableId.
function Vpc:route_table(options)
    local id = self:call("create_route_table", { VpcId = self.id }).RouteTable.RouteTableId
    set_tags(self.w.world, "RouteTables", id, options)
    for _, route in ipairs(options.routes or {}) do
        self:call("create_route", values.with(route, { RouteTableId = id }))
    end
    return { id = id }
end

-- The /64 of the VPC's IPv6 block with that number.
local function ipv6_of(world, vpc, number)
    local block = (world.resources.Vpcs[vpc.id].Ipv6CidrBlockAssociationSet or {})[1]
    local a, b, c = block.Ipv6CidrBlock:match("^(%x+):(%x+):(%x+)::")
    return ("%s:%s:%s:%x::/64"):format(a, b, c, number)
end

-- options: cidr, name, zone ("a"), public (instances get public addresses), table (route_table),
-- ipv6 (false: none although the VPC has it).
function Vpc:subnet(options)
    local params = { VpcId = self.id, CidrBlock = options.cidr,
                     AvailabilityZone = self.w.world.region .. (options.zone or "a") }
    self.subnets = self.subnets + 1
    if self.ipv6 and options.ipv6 ~= false then
        params.Ipv6CidrBlock = ipv6_of(self.w.world, self, self.subnets)
    end
    local id = self:call("create_subnet", params).Subnet.SubnetId
    set_tags(self.w.world, "Subnets", id, options)
    if options.public then
        self:call("modify_subnet_attribute", { SubnetId = id,
                                               MapPublicIpOnLaunch = { Value = true } })
    end
    if options.table then
        self:call("associate_route_table", { SubnetId = id, RouteTableId = options.table.id })
    end
    return setmetatable({ id = id, vpc = self, w = self.w }, Subnet)
end

-- options: name, ingress, egress (lists of rules in words; egress nil: as AWS makes it).
function Vpc:group(options)
    self.groups = (self.groups or 0) + 1
    local name = options.name or ("group-%d"):format(self.groups)
    local id = self:call("create_security_group", { VpcId = self.id, GroupName = name,
                                                    Description = options.description
                                                        or name }).GroupId
    local group = setmetatable({ id = id, name = name, w = self.w }, Group)
    set_tags(self.w.world, "SecurityGroups", id, { tags = options.tags })
    if options.egress then
        self:call("revoke_security_group_egress", { GroupId = id,
            IpPermissions = self.w.world.resources.SecurityGroups[id].IpPermissionsEgress })
        group:allow("egress", options.egress)
    end
    group:allow("ingress", options.ingress or {})
    return group
end

function Group:allow(direction, rules)
    if #rules == 0 then return end
    self.w:call("authorize_security_group_" .. direction,
                { GroupId = self.id, IpPermissions = permissions_of(rules, self) })
end

-- sim_builder_services.lua says what their options are.
World.role = services.role
World.settle = services.settle
Vpc.load_balancer = services.load_balancer
Vpc.target_group = services.target_group
Vpc.auto_scaling_group = services.auto_scaling_group

-- ---- subnets and what is in them ----------------------------------------------------------

-- options: name, groups, private_ip, public, ipv6 (count), type, tags, profile (name), spot,
-- shutdown, protected, console, volumes (extra), asg (an Auto Scaling group's name).
function Subnet:instance(options)
    local world = self.w.world
    local subnet = world.resources.Subnets[self.id]
    local ipv6 = options.ipv6 or (#subnet.Ipv6CidrBlockAssociationSet > 0 and 1 or 0)
    local instance = sim_world.atomically(world, instances.launch, world, {
        subnet = subnet, groups = ids_of(options.groups), private_ip = options.private_ip,
        public = options.public, ipv6 = options.ipv6 == false and 0 or ipv6, type = options.type,
        profile = options.profile and { Name = options.profile }, spot = options.spot,
        shutdown = options.shutdown, protected = options.protected, console = options.console })
    local id = instance.InstanceId
    local tags = values.with(options.tags or {}, { ["aws:autoscaling:groupName"] = options.asg })
    set_tags(world, "Instances", id, { name = options.name, tags = tags })
    for i = 1, options.volumes or 0 do
        instances.add_volume(world, id, "/dev/sd" .. ("fghij"):sub(i, i), 100)
    end
    return setmetatable({ id = id, name = options.name, w = self.w, subnet = self }, Instance)
end

-- An instance that is there already.
function builder.instance(w, id)
    return setmetatable({ id = id, w = w }, Instance)
end

-- A second interface of an instance, in another subnet. options: subnet, groups, index, public.
function Instance:interface(options)
    local world = self.w.world
    local subnet = world.resources.Subnets[options.subnet.id]
    local id = self.w:call("create_network_interface", { SubnetId = subnet.SubnetId,
        Groups = #ids_of(options.groups) > 0 and ids_of(options.groups) or nil,
        PrivateIpAddress = options.private_ip,
        Ipv6AddressCount = options.ipv6 }).NetworkInterface.NetworkInterfaceId
    local index = options.index or #world.resources.Instances[self.id].NetworkInterfaces
    self.w:call("attach_network_interface", { NetworkInterfaceId = id, InstanceId = self.id,
                                              DeviceIndex = index })
    return { id = id }
end

function Instance:interfaces()
    return interfaces.of_instance(self.w.world, self.id)
end

-- An Elastic IP on the first interface.
function Instance:elastic_ip()
    local allocation = self.w:call("allocate_address", {}).AllocationId
    self.w:call("associate_address", {
        AllocationId = allocation, NetworkInterfaceId = self:interfaces()[1].NetworkInterfaceId })
    return { id = allocation }
end

-- A NAT gateway in this (public) subnet, available at once.
function Subnet:nat(options)
    local allocation = self.w:call("allocate_address", {}).AllocationId
    local id = self.w:call("create_nat_gateway", {
        SubnetId = self.id, AllocationId = allocation }).NatGateway.NatGatewayId
    sim_clock.effects["nat-available"](self.w.world, id)
    set_tags(self.w.world, "NatGateways", id, options or {})
    return { id = id, address = allocation }
end

-- An interface that a service runs, like a load balancer's. options: description, groups,
-- requester.
function Subnet:managed_interface(options)
    local world = self.w.world
    local subnet = world.resources.Subnets[self.id]
    local interface = interfaces.make(world, subnet, {
        groups = interfaces.group_list(world, ids_of(options.groups), subnet.VpcId),
        description = options.description,
        more = { RequesterManaged = true, RequesterId = options.requester or "amazon-elb",
                 Status = "in-use", InterfaceType = options.type or "interface" } })
    return { id = interface.NetworkInterfaceId }
end

return builder
