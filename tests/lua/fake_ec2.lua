-- fake_ec2.lua - a very small EC2 in memory: security groups, interfaces, one or more instances.
--
-- Owns: answering the calls that isolation makes, errors as EC2 gives them. It keeps rules its
-- own way, so that stdlib's idea of rules is compared with another one.
local fake_ec2 = {}

local function fail(code, message)
    error({ code = code, message = message or code, status = 400, retryable = false }, 0)
end

local function copy(value)
    if type(value) ~= "table" then return value end
    local result = {}
    for key, inner in pairs(value) do result[key] = copy(inner) end
    return result
end

local KINDS = { { "IpRanges", "CidrIp" }, { "Ipv6Ranges", "CidrIpv6" },
                { "UserIdGroupPairs", "GroupId" }, { "PrefixListIds", "PrefixListId" } }

local function keys_of(permissions)
    local keys = {}
    for _, p in ipairs(permissions) do
        for _, kind in ipairs(KINDS) do
            for _, peer in ipairs(p[kind[1]] or {}) do
                keys[#keys + 1] = table.concat({ p.IpProtocol, tostring(p.FromPort),
                                                 tostring(p.ToPort), kind[1], peer[kind[2]] }, "|")
            end
        end
    end
    return keys
end

local function permissions_of(set)
    local keys, list = {}, {}
    for key in pairs(set) do keys[#keys + 1] = key end
    table.sort(keys)
    for _, key in ipairs(keys) do
        local protocol, from, to, kind, peer = key:match("^(.-)|(.-)|(.-)|(.-)|(.*)$")
        for _, k in ipairs(KINDS) do
            if k[1] == kind then
                list[#list + 1] = { IpProtocol = protocol, FromPort = math.tointeger(from),
                                    ToPort = math.tointeger(to), [kind] = { { [k[2]] = peer } } }
            end
        end
    end
    return list
end

local world = {}
world.__index = world

-- options: default_vpc (revoking an unknown rule is no error there), v6
function fake_ec2.new()
    return setmetatable({ vpcs = {}, groups = {}, interfaces = {}, instances = {}, subnets = {},
                          route_tables = {}, tags = {}, faults = {}, counts = {}, next_id = 1 },
                        world)
end

function world:id(prefix)
    self.next_id = self.next_id + 1
    return ("%s-%017x"):format(prefix, self.next_id)
end

function world:vpc(options)
    local id = self:id("vpc")
    options = options or {}
    self.vpcs[id] = { id = id, v6 = options.v6, default = options.default }
    return id
end

function world:subnet(vpc, routes)
    local id = self:id("subnet")
    self.subnets[id] = { SubnetId = id, VpcId = vpc, CidrBlock = "10.0.0.0/24",
                         AvailabilityZone = "eu-west-1a" }
    self.route_tables[#self.route_tables + 1] = {
        RouteTableId = self:id("rtb"), VpcId = vpc, Associations = { { SubnetId = id } },
        Routes = routes or { { DestinationCidrBlock = "0.0.0.0/0", GatewayId = "igw-1",
                               State = "active" } } }
    return id
end

function world:group(vpc, name, ingress, egress)
    local id = self:id("sg")
    local group = { id = id, name = name, vpc = vpc, ingress = {}, egress = {} }
    for _, key in ipairs(keys_of(ingress or {})) do group.ingress[key] = true end
    for _, key in ipairs(keys_of(egress or {})) do group.egress[key] = true end
    self.groups[id] = group
    return id
end

function world:instance(tags, more)
    local instance = { InstanceId = self:id("i"), State = { Name = "running" }, Tags = {} }
    for key, value in pairs(tags or {}) do
        instance.Tags[#instance.Tags + 1] = { Key = key, Value = value }
    end
    for key, value in pairs(more or {}) do instance[key] = value end
    self.instances[instance.InstanceId] = instance
    return instance.InstanceId
end

function world:interface(instance, subnet, groups, more)
    self.instances[instance].VpcId = self.subnets[subnet].VpcId
    local index = 0
    for _, one in pairs(self.interfaces) do
        if one.Attachment.InstanceId == instance then index = index + 1 end
    end
    local interface = { NetworkInterfaceId = self:id("eni"), SubnetId = subnet,
                        VpcId = self.subnets[subnet].VpcId, PrivateIpAddress = "10.0.0.9",
                        groups = groups, Ipv6Addresses = {}, Status = "in-use",
                        Attachment = { InstanceId = instance, DeviceIndex = index } }
    for key, value in pairs(more or {}) do interface[key] = value end
    self.interfaces[interface.NetworkInterfaceId] = interface
    return interface.NetworkInterfaceId
end

-- The `nth` call of an operation fails with `code`, or is answered by a function.
function world:fault(operation, nth, answer)
    self.faults[#self.faults + 1] = { operation = operation, nth = nth, answer = answer }
end

local function filter(params, name)
    for _, one in ipairs(params.Filters or {}) do
        if one.Name == name then return one.Values end
    end
end

local function contains(list, item)
    for _, one in ipairs(list or {}) do
        if one == item then return true end
    end
    return false
end

-- EC2 lists things in no order: here backwards in every second world.
local function ordered(map, backwards)
    local keys, list = {}, {}
    for key in pairs(map) do keys[#keys + 1] = key end
    table.sort(keys, function(a, b) return (a < b) ~= (backwards or false) end)
    for _, key in ipairs(keys) do list[#list + 1] = map[key] end
    return list
end

local operations = {}

function operations:describe_instances(p)
    local list = {}
    for _, id in ipairs(p.InstanceIds or {}) do
        if not self.instances[id] then fail("InvalidInstanceID.NotFound") end
        list[#list + 1] = copy(self.instances[id])
    end
    return { Reservations = { { Instances = list } } }
end

function world:shown_interface(interface)
    local shown = copy(interface)
    shown.groups = nil
    shown.Groups = {}
    for i, id in ipairs(interface.groups) do
        shown.Groups[i] = { GroupId = id, GroupName = self.groups[id] and self.groups[id].name }
    end
    return shown
end

function operations:describe_network_interfaces(p)
    local instances, groups, list = filter(p, "attachment.instance-id"), filter(p, "group-id"), {}
    for _, interface in ipairs(ordered(self.interfaces, self.backwards)) do
        local wanted = not instances or contains(instances, interface.Attachment.InstanceId)
        if p.NetworkInterfaceIds then
            wanted = contains(p.NetworkInterfaceIds, interface.NetworkInterfaceId)
        end
        for _, id in ipairs(groups or {}) do wanted = wanted and contains(interface.groups, id) end
        if wanted then list[#list + 1] = self:shown_interface(interface) end
    end
    return { NetworkInterfaces = list }
end

function operations:describe_vpcs(p)
    local list = {}
    for _, id in ipairs(p.VpcIds or filter(p, "vpc-id")) do
        local vpc = self.vpcs[id]
        list[#list + 1] = { VpcId = id, CidrBlock = "10.0.0.0/16", Ipv6CidrBlockAssociationSet =
            vpc.v6 and { { Ipv6CidrBlock = "2001:db8::/56",
                           Ipv6CidrBlockState = { State = "associated" } } } or {} }
    end
    return { Vpcs = list }
end

function operations:describe_subnets() return { Subnets = ordered(copy(self.subnets)) } end
function operations:describe_route_tables() return { RouteTables = copy(self.route_tables) } end
function operations:describe_vpc_endpoints()
    return { VpcEndpoints = copy(self.endpoints or {}) }
end

function operations:describe_security_groups(p)
    local list, of_vpc = {}, {}
    for id, group in pairs(self.groups) do
        if contains(filter(p, "vpc-id"), group.vpc) then of_vpc[#of_vpc + 1] = id end
    end
    for _, id in ipairs(p.GroupIds or of_vpc) do
        local group = self.groups[id]
        if not group then fail("InvalidGroup.NotFound", id .. " does not exist") end
        list[#list + 1] = { GroupId = id, GroupName = group.name, VpcId = group.vpc,
                            IpPermissions = permissions_of(group.ingress),
                            IpPermissionsEgress = permissions_of(group.egress) }
    end
    return { SecurityGroups = list }
end

function operations:describe_security_group_vpc_associations()
    return { SecurityGroupVpcAssociations = copy(self.associations or {}) }
end

function operations:get_console_output(p)
    return { InstanceId = p.InstanceId, Output = "booted" }
end

function operations:create_security_group(p)
    for _, group in pairs(self.groups) do
        if group.vpc == p.VpcId and group.name == p.GroupName then
            fail("InvalidGroup.Duplicate")
        end
    end
    local all = { { IpProtocol = "-1", IpRanges = { { CidrIp = "0.0.0.0/0" } } } }
    if self.vpcs[p.VpcId].v6 then all[1].Ipv6Ranges = { { CidrIpv6 = "::/0" } } end
    return { GroupId = self:group(p.VpcId, p.GroupName, {}, all) }
end

function operations:delete_security_group(p)
    for _, interface in pairs(self.interfaces) do
        if contains(interface.groups, p.GroupId) then fail("DependencyViolation") end
    end
    if not self.groups[p.GroupId] then fail("InvalidGroup.NotFound") end
    self.groups[p.GroupId] = nil
    return {}
end

local function authorize(direction)
    return function(self, p)
        local group = self.groups[p.GroupId]
        for _, key in ipairs(keys_of(p.IpPermissions)) do
            if group[direction][key] then fail("InvalidPermission.Duplicate") end
        end
        for _, key in ipairs(keys_of(p.IpPermissions)) do group[direction][key] = true end
        return { Return = true }
    end
end

local function revoke(direction)
    return function(self, p)
        local group = self.groups[p.GroupId]
        for _, key in ipairs(keys_of(p.IpPermissions)) do
            if not group[direction][key] then
                if not self.vpcs[group.vpc].default then fail("InvalidPermission.NotFound") end
                return { Return = true, UnknownIpPermissions = copy(p.IpPermissions) }
            end
        end
        for _, key in ipairs(keys_of(p.IpPermissions)) do group[direction][key] = nil end
        return { Return = true }
    end
end

for _, direction in ipairs { "ingress", "egress" } do
    operations["authorize_security_group_" .. direction] = authorize(direction)
    operations["revoke_security_group_" .. direction] = revoke(direction)
end

function operations:modify_network_interface_attribute(p)
    local interface = self.interfaces[p.NetworkInterfaceId]
    if not interface then fail("InvalidNetworkInterfaceID.NotFound") end
    if interface.RequesterManaged then fail("OperationNotPermitted") end
    for _, id in ipairs(p.Groups) do
        if not self.groups[id] then fail("InvalidGroup.NotFound", id) end
    end
    interface.groups = copy(p.Groups)
    return {}
end

function operations:create_tags(p)
    for _, resource in ipairs(p.Resources) do
        self.tags[resource] = self.tags[resource] or {}
        for _, tag in ipairs(p.Tags) do self.tags[resource][tag.Key] = tag.Value end
    end
    return {}
end

-- Answers one call, or raises an error table.
function world:call(operation, params)
    local count = (self.counts[operation] or 0) + 1
    self.counts[operation] = count
    for _, one in ipairs(self.faults) do
        if one.operation == operation and one.nth == count then
            if type(one.answer) == "string" then fail(one.answer) end
            return one.answer(self, params)
        end
    end
    local answer = operations[operation]
    if not answer then fail("InvalidAction", operation) end
    return answer(self, params)
end

return fake_ec2
