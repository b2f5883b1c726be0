-- flow_world.lua - small worlds for the flow tests, in the shapes of EC2's describe results.
--
-- Owns: a VPC 10.0.0.0/16 (2001:db8::/56) with a public subnet (10.0.1.0/24, internet gateway),
-- a private one (10.0.2.0/24, NAT gateway in the public one) and what tests put into it. Changes
-- are made in place: tests tell the engine what they touched, or let it look at everything.
local flow_world = {}

local ALL = { IpProtocol = "-1", IpRanges = { { CidrIp = "0.0.0.0/0" } },
              Ipv6Ranges = { { CidrIpv6 = "::/0" } } }
flow_world.ALL = ALL

local function entries()
    local list = {}
    for _, egress in ipairs { true, false } do
        list[#list + 1] = { CidrBlock = "0.0.0.0/0", Egress = egress, Protocol = "-1",
                            RuleAction = "allow", RuleNumber = 100 }
        list[#list + 1] = { Ipv6CidrBlock = "::/0", Egress = egress, Protocol = "-1",
                            RuleAction = "allow", RuleNumber = 101 }
        list[#list + 1] = { CidrBlock = "0.0.0.0/0", Egress = egress, Protocol = "-1",
                            RuleAction = "deny", RuleNumber = 32767 }
        list[#list + 1] = { Ipv6CidrBlock = "::/0", Egress = egress, Protocol = "-1",
                            RuleAction = "deny", RuleNumber = 32768 }
    end
    return list
end
flow_world.default_entries = entries

local function subnet(id, third)
    return { SubnetId = id, VpcId = "vpc-1", CidrBlock = ("10.0.%d.0/24"):format(third),
             AvailabilityZone = "eu-west-1a", Ipv6CidrBlockAssociationSet = {} }
end

local function route_table(id, associations, routes)
    table.insert(routes, 1, { DestinationCidrBlock = "10.0.0.0/16", GatewayId = "local",
                              State = "active", Origin = "CreateRouteTable" })
    table.insert(routes, 2, { DestinationIpv6CidrBlock = "2001:db8::/56", GatewayId = "local",
                              State = "active", Origin = "CreateRouteTable" })
    return { RouteTableId = id, VpcId = "vpc-1", Associations = associations, Routes = routes }
end

function flow_world.route(destination, member, id)
    local v6 = destination:find(":", 1, true)
    return { [v6 and "DestinationIpv6CidrBlock" or "DestinationCidrBlock"] = destination,
             [member] = id, State = "active", Origin = "CreateRoute" }
end

local function network()
    local route = flow_world.route
    return {
        Vpcs = { ["vpc-1"] = { VpcId = "vpc-1", CidrBlock = "10.0.0.0/16",
            Ipv6CidrBlockAssociationSet = { { Ipv6CidrBlock = "2001:db8::/56",
                Ipv6CidrBlockState = { State = "associated" } } } } },
        Subnets = { ["subnet-pub"] = subnet("subnet-pub", 1),
                    ["subnet-prv"] = subnet("subnet-prv", 2) },
        NetworkAcls = {
            ["acl-pub"] = { NetworkAclId = "acl-pub", VpcId = "vpc-1", IsDefault = true,
                Entries = entries(), Associations = { { NetworkAclAssociationId = "aclassoc-1",
                    NetworkAclId = "acl-pub", SubnetId = "subnet-pub" } } },
            ["acl-prv"] = { NetworkAclId = "acl-prv", VpcId = "vpc-1", IsDefault = false,
                Entries = entries(), Associations = { { NetworkAclAssociationId = "aclassoc-2",
                    NetworkAclId = "acl-prv", SubnetId = "subnet-prv" } } } },
        RouteTables = {
            ["rtb-main"] = route_table("rtb-main",
                { { RouteTableAssociationId = "rtbassoc-1", Main = true,
                    AssociationState = { State = "associated" } } },
                { route("0.0.0.0/0", "GatewayId", "igw-1"), route("::/0", "GatewayId", "igw-1") }),
            ["rtb-prv"] = route_table("rtb-prv",
                { { RouteTableAssociationId = "rtbassoc-2", Main = false, SubnetId = "subnet-prv",
                    AssociationState = { State = "associated" } } },
                { route("0.0.0.0/0", "NatGatewayId", "nat-1"),
                  route("::/0", "EgressOnlyInternetGatewayId", "eigw-1") }) },
        InternetGateways = { ["igw-1"] = { InternetGatewayId = "igw-1",
            Attachments = { { State = "available", VpcId = "vpc-1" } } } },
        EgressOnlyInternetGateways = { ["eigw-1"] = { EgressOnlyInternetGatewayId = "eigw-1",
            Attachments = { { State = "attached", VpcId = "vpc-1" } } } },
        NatGateways = { ["nat-1"] = { NatGatewayId = "nat-1", SubnetId = "subnet-pub",
            VpcId = "vpc-1", State = "available", ConnectivityType = "public",
            NatGatewayAddresses = { { PrivateIp = "10.0.1.200", PublicIp = "203.0.113.200" } } } },
        NetworkInterfaces = {}, Instances = {}, SecurityGroups = {}, Addresses = {},
    }
end

function flow_world.new()
    return setmetatable({ now = 1000000000, resources = network() }, { __index = flow_world })
end

local function permission(text)
    local protocol, ports, peer = text:match("^(%S+) (%S+) (%S+)$")
    local from, to = ports:match("^(%-?%d+)%-(%d+)$")
    from = from or ports
    if protocol == "all" then protocol, from, to = "-1", nil, nil end
    local one = { IpProtocol = protocol, FromPort = tonumber(from),
                  ToPort = tonumber(to or from) }
    if peer:find("^sg%-") then
        one.UserIdGroupPairs = { { GroupId = peer } }
    elseif peer:find("^pl%-") then
        one.PrefixListIds = { { PrefixListId = peer } }
    elseif peer:find(":", 1, true) then
        one.Ipv6Ranges = { { CidrIpv6 = peer } }
    else
        one.IpRanges = { { CidrIp = peer } }
    end
    return one
end

local function permissions(list)
    local result = {}
    for i, item in ipairs(list or {}) do
        result[i] = type(item) == "string" and permission(item) or item
    end
    return result
end

-- group("sg-1", { "tcp 22 0.0.0.0/0" }, { "all - 0.0.0.0/0" }): in, out.
function flow_world:group(id, into, out)
    self.resources.SecurityGroups[id] = { GroupId = id, GroupName = id, VpcId = "vpc-1",
        IpPermissions = permissions(into), IpPermissionsEgress = permissions(out) }
    return id
end

-- An instance "i-NAME" with an interface "eni-NAME". `more`: subnet, public, v6, timeouts, type;
-- of: only an interface, the second one of that instance; managed, kind, description: only an
-- interface of a service.
function flow_world:instance(name, address, groups, more)
    more = more or {}
    local id, eni, list = "i-" .. name, "eni-" .. name, {}
    for i, group in ipairs(groups) do list[i] = { GroupId = group, GroupName = group } end
    local association = more.public and { PublicIp = more.public } or nil
    self.resources.NetworkInterfaces[eni] = {
        NetworkInterfaceId = eni, VpcId = "vpc-1", SubnetId = more.subnet or "subnet-pub",
        PrivateIpAddress = address, Association = association, Groups = list,
        InterfaceType = more.kind or "interface", RequesterManaged = more.managed or false,
        PrivateIpAddresses = { { PrivateIpAddress = address, Primary = true,
                                 Association = association } },
        Ipv6Addresses = more.v6 and { { Ipv6Address = more.v6 } } or {},
        Attachment = not more.managed and { InstanceId = more.of or id,
                                            DeviceIndex = more.of and 1 or 0 } or nil,
        ConnectionTrackingConfiguration = more.timeouts,
        Description = more.description }
    if not more.managed and not more.of then
        self.resources.Instances[id] = { InstanceId = id, VpcId = "vpc-1",
            State = { Name = "running" }, InstanceType = more.type or "m5.large",
            Tags = { { Key = "Name", Value = name } } }
    end
    return id
end

-- The groups of an interface replaced, as ModifyNetworkInterfaceAttribute does.
function flow_world:wear(name, ...)
    local list = {}
    for i, group in ipairs { ... } do list[i] = { GroupId = group, GroupName = group } end
    self.resources.NetworkInterfaces["eni-" .. name].Groups = list
    return { { kind = "NetworkInterfaces", id = "eni-" .. name } }
end

-- DENY ALL as entry 1, both directions, in the given family.
function flow_world:deny(acl, cidr)
    local member = cidr:find(":", 1, true) and "Ipv6CidrBlock" or "CidrBlock"
    for _, egress in ipairs { true, false } do
        table.insert(self.resources.NetworkAcls[acl].Entries,
                     { [member] = cidr, Egress = egress, Protocol = "-1", RuleAction = "deny",
                       RuleNumber = 1 })
    end
    return { { kind = "NetworkAcls", id = acl } }
end

function flow_world:lift(acl)
    self.resources.NetworkAcls[acl].Entries = entries()
    return { { kind = "NetworkAcls", id = acl } }
end

return flow_world
