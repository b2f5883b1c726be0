-- undo_world.lua - a small world that has one of everything that can be changed.
--
-- Owns: the world of the undo tests, and looking into it. `begin` is called when a case has set up
-- what it needs: the state from there on counts.
local builder = require "sim_builder"
local sim_clock = require "sim_clock"
local sim_world = require "sim_world"
local undo_run = require "undo_run"

local undo_world = {}
local Scene = {}
Scene.__index = Scene

local function network(s)
    local w = s.w
    local vpc = w:vpc { internet = true, ipv6 = true }
    s.vpc, s.igw = vpc.id, vpc.gateway
    s.other_vpc = w:vpc({ cidr = "10.7.0.0/16" }).id
    local front = vpc:subnet { cidr = "10.0.1.0/24", public = true }
    s.nat = front:nat().id
    s.eigw = w:call("create_egress_only_internet_gateway", { VpcId = vpc.id })
        .EgressOnlyInternetGateway.EgressOnlyInternetGatewayId
    s.rtb = vpc:route_table({}).id
    local back = vpc:subnet { cidr = "10.0.2.0/24", table = vpc:route_table {
        routes = { { DestinationCidrBlock = "0.0.0.0/0", NatGatewayId = s.nat } } } }
    s.subnet, s.back = front.id, back.id
    s.free_igw = w:call("create_internet_gateway", {}).InternetGateway.InternetGatewayId
    w:put("ManagedPrefixLists", { PrefixListId = "pl-6da54004", PrefixListName = "s3",
                                  MaxEntries = 3, Tags = {} })
    w:put("VpcPeeringConnections", { VpcPeeringConnectionId = "pcx-0123456789abcdef0", Tags = {} })
    w:put("VpcEndpoints", { VpcEndpointId = "vpce-0123456789abcdef0", VpcId = vpc.id, Tags = {},
                            VpcEndpointType = "GatewayLoadBalancer" })
    s.prefix_list, s.peering, s.endpoint = "pl-6da54004", "pcx-0123456789abcdef0",
                                           "vpce-0123456789abcdef0"
    return vpc, front, back
end

local function lists(s)
    local function entry(number, more)
        more.NetworkAclId, more.RuleNumber, more.Egress = s.acl, number, false
        s.w:call("create_network_acl_entry", more)
    end
    s.acl = sim_world.by(s.w.world, "NetworkAcls", "vpc-id", s.vpc)[1].NetworkAclId
    s.other_acl = s.w:call("create_network_acl", { VpcId = s.vpc }).NetworkAcl.NetworkAclId
    entry(90, { Protocol = "1", IcmpTypeCode = { Type = 3, Code = 4 }, RuleAction = "allow",
                CidrBlock = "192.0.2.0/24" })
    entry(91, { Protocol = "6", PortRange = { From = 1024, To = 65535 }, RuleAction = "allow",
                CidrBlock = "192.0.2.0/24" })
    entry(92, { Protocol = "58", IcmpTypeCode = { Type = -1, Code = -1 }, RuleAction = "deny",
                Ipv6CidrBlock = "2001:db8::/32" })
end

local function instances(s, vpc, front, back)
    local web, locked = vpc:group { name = "web", ingress = { "tcp 443 0.0.0.0/0" } },
                        vpc:group { name = "locked", egress = {} }
    s.web, s.locked = web.id, locked.id
    local one = front:instance { name = "one", groups = { web, locked }, profile = "web",
                                 tags = { Owner = "alice" }, volumes = 1 }
    s.instance, s.eni = one.id, one:interfaces()[1].NetworkInterfaceId
    s.second = one:interface({ subnet = back, groups = { web } }).id
    s.address = one:elastic_ip().id
    s.free_address = s.w:call("allocate_address", {}).AllocationId
    s.free = s.w:call("create_network_interface", { SubnetId = s.subnet })
        .NetworkInterface.NetworkInterfaceId
    local lone = back:instance { name = "lone", groups = { web } }
    s.lone, s.lone_eni = lone.id, lone:interfaces()[1].NetworkInterfaceId
    local stopped = back:instance { name = "stopped", groups = { web } }
    s.stopped = stopped.id
    s.w:call("stop_instances", { InstanceIds = { stopped.id } })
    local mapping = s:resource("Instances", s.instance).BlockDeviceMappings[1]
    s.device, s.volume = mapping.DeviceName, mapping.Ebs.VolumeId
end

-- `planned`: as in undo_run.new.
function undo_world.new(planned)
    local w = builder.new(sim_world.new { quotas = { addresses = 9, internet_gateways = 9 } })
    local s = setmetatable({ w = w }, Scene)
    instances(s, network(s))
    lists(s)
    s.queue = w:call("create_queue", { QueueName = "there", tags = { team = "one" } }, "sqs").QueueUrl
    s.run = undo_run.new(w, planned)
    s:wait(300)
    s:begin()
    return s
end

function Scene:begin() self.before = undo_run.state(self.w) end

function Scene:wait(seconds) sim_clock.advance(self.w.world, seconds) end

function Scene:resource(kind, id) return self.w.world.resources[kind][id] end

-- ---- associations -------------------------------------------------------------------------

local function association(s, kind, id_member, matches)
    for _, resource in pairs(s.w.world.resources[kind]) do
        for _, one in ipairs(resource.Associations or {}) do
            if matches(one, resource) then return one[id_member] end
        end
    end
end

function Scene:acl_association()
    return association(self, "NetworkAcls", "NetworkAclAssociationId",
                       function(one) return one.SubnetId == self.subnet end)
end

function Scene:table_association()
    return association(self, "RouteTables", "RouteTableAssociationId",
                       function(one) return one.SubnetId == self.back end)
end

function Scene:main_association()
    return association(self, "RouteTables", "RouteTableAssociationId",
                       function(one, rtb) return one.Main and rtb.VpcId == self.vpc end)
end

function Scene:profile_association()
    return sim_world.by(self.w.world, "IamInstanceProfileAssociations", "instance-id",
                        self.instance)[1].AssociationId
end

-- How many entries the list has when its inbound IPv4 side is full.
function Scene:full_acl()
    local count = 0
    for _, entry in ipairs(self:resource("NetworkAcls", self.acl).Entries) do
        if not entry.Egress and entry.CidrBlock then count = count + 1 end
    end
    return #self:resource("NetworkAcls", self.acl).Entries + self.w.world.quotas.entries_per_acl
        - count
end

-- A route target of every kind, as create_route's parameters.
function undo_world.targets(s)
    return { { GatewayId = s.igw }, { NatGatewayId = s.nat }, { NetworkInterfaceId = s.eni },
             { TransitGatewayId = "tgw-0123456789abcdef0" }, { VpcPeeringConnectionId = s.peering },
             { EgressOnlyInternetGatewayId = s.eigw }, { LocalGatewayId = "lgw-0123456789abcdef0" },
             { CarrierGatewayId = "cagw-0123456789abcdef0" }, { VpcEndpointId = s.endpoint },
             { CoreNetworkArn = "arn:aws:networkmanager::111122223333:core-network/core-network-1" },
             { InstanceId = s.lone } }
end

return undo_world
