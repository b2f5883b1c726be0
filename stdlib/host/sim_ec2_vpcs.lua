-- sim_ec2_vpcs.lua - VPCs and subnets: made, deleted, changed.
local access = require "sim_access"
local acls = require "sim_acls"
local addresses = require "addresses"
local errors = require "sim_errors"
local instances = require "sim_instances"
local routes = require "sim_routes"
local sim_rules = require "sim_rules"
local sim_world = require "sim_world"
local values = require "sim_values"
local vpcs = require "sim_vpcs"

local operations = {}

local function size_checked(cidr, code)
    local block = sim_rules.cidr(cidr, "v4")
    local prefix = addresses.cidr(block).prefix
    if prefix < 16 or prefix > 28 then errors.raise(code, "The CIDR '%s' is invalid.", block) end
    return block
end

local function ipv6_block(world, id, block)
    return { { AssociationId = sim_world.new_id(world, id), Ipv6CidrBlock = block,
               Ipv6CidrBlockState = { State = "associated" } } }
end

-- The default group of a VPC: its members may reach each other, everything may go out.
local function default_group(world, vpc)
    local group = vpcs.put_group(world, vpc, "default", "default VPC security group")
    sim_rules.add(world, sim_rules.read(world, group, false, {
        { IpProtocol = "-1", UserIdGroupPairs = { { GroupId = group.GroupId } } } }))
end

local function amazon_block(world)
    return ("2001:db8:%x::/56"):format(0x1000 + (sim_world.random(world, 0x700) << 4))
end

function operations.create_vpc(world, params)
    access.need(params, "CidrBlock")
    local cidr = size_checked(params.CidrBlock, "InvalidVpc.Range")
    local ipv6 = params.Ipv6CidrBlock or params.AmazonProvidedIpv6CidrBlock and amazon_block(world)
    local vpc = sim_world.put(world, "Vpcs", {
        VpcId = sim_world.new_id(world, "vpc"), CidrBlock = cidr, State = "available",
        IsDefault = false,
        OwnerId = world.account, InstanceTenancy = "default",
        DhcpOptionsId = "dopt-0123456789abcdef0",
        CidrBlockAssociationSet = { { AssociationId = sim_world.new_id(world, "vpc-cidr-assoc"),
                                      CidrBlock = cidr,
                                      CidrBlockState = { State = "associated" } } },
        Ipv6CidrBlockAssociationSet = ipv6 and ipv6_block(world, "vpc-cidr-assoc", ipv6) or {},
        Tags = access.created_tags(world, params, "vpc") })
    default_group(world, vpc)
    acls.make(world, vpc, true)
    routes.make(world, vpc, true)
    return { Vpc = values.with(vpc, { State = "pending" }) }
end

local VPC_PARTS = { { "Subnets", "vpc-id" }, { "NetworkInterfaces", "vpc-id" },
                    { "InternetGateways", "attachment.vpc-id" } }

function operations.delete_vpc(world, params)
    local vpc = access.named(world, "Vpcs", params)
    local function refuse()
        errors.depends("The vpc '%s' has dependencies and cannot be deleted.", vpc.VpcId)
    end
    for _, part in ipairs(VPC_PARTS) do
        if #sim_world.ids_by(world, part[1], part[2], vpc.VpcId) > 0 then refuse() end
    end
    local groups = sim_world.by(world, "SecurityGroups", "vpc-id", vpc.VpcId)
    local tables = sim_world.by(world, "RouteTables", "vpc-id", vpc.VpcId)
    local lists = sim_world.by(world, "NetworkAcls", "vpc-id", vpc.VpcId)
    if #groups > 1 or #tables > 1 or #lists > 1 then refuse() end
    for _, group in ipairs(groups) do
        for _, id in ipairs(sim_world.ids_by(world, "SecurityGroupRules", "group-id",
                                             group.GroupId)) do
            sim_world.remove(world, "SecurityGroupRules", id)
        end
        sim_world.remove(world, "SecurityGroups", group.GroupId)
    end
    for _, rtb in ipairs(tables) do sim_world.remove(world, "RouteTables", rtb.RouteTableId) end
    for _, acl in ipairs(lists) do sim_world.remove(world, "NetworkAcls", acl.NetworkAclId) end
    sim_world.remove(world, "Vpcs", vpc.VpcId)
    return {}
end

-- A subnet lies in one of the VPC's blocks and over no other subnet.
local function check_place(world, vpc, cidr)
    local inside = false
    for _, block in ipairs(vpcs.cidrs(vpc)) do inside = inside or vpcs.contains(block, cidr) end
    if not inside then errors.raise("InvalidSubnet.Range", "The CIDR '%s' is invalid.", cidr) end
    for _, other in ipairs(sim_world.by(world, "Subnets", "vpc-id", vpc.VpcId)) do
        if vpcs.contains(other.CidrBlock, cidr) or vpcs.contains(cidr, other.CidrBlock) then
            errors.raise("InvalidSubnet.Conflict", "The CIDR '%s' conflicts with another subnet",
                         cidr)
        end
    end
end

function operations.create_subnet(world, params)
    local vpc = access.named(world, "Vpcs", params)
    access.need(params, "CidrBlock")
    local cidr = size_checked(params.CidrBlock, "InvalidSubnet.Range")
    check_place(world, vpc, cidr)
    local prefix = addresses.cidr(cidr).prefix
    local id = sim_world.new_id(world, "subnet")
    local subnet = sim_world.put(world, "Subnets", {
        SubnetId = id, VpcId = vpc.VpcId, CidrBlock = cidr, State = "available",
        OwnerId = world.account,
        AvailabilityZone = params.AvailabilityZone or world.region .. "a",
        AvailabilityZoneId = world.region .. "-az1",
        AvailableIpAddressCount = (1 << (32 - prefix)) - 5,
        DefaultForAz = false, MapPublicIpOnLaunch = false, AssignIpv6AddressOnCreation = false,
        Ipv6CidrBlockAssociationSet = params.Ipv6CidrBlock
            and ipv6_block(world, "subnet-cidr-assoc", params.Ipv6CidrBlock) or {},
        SubnetArn = vpcs.arn(world, "subnet", id),
        Tags = access.created_tags(world, params, "subnet") })
    acls.associate(world, acls.default_of(world, vpc.VpcId).NetworkAclId, id)
    return { Subnet = subnet }
end

function operations.delete_subnet(world, params)
    local subnet = access.named(world, "Subnets", params)
    if #sim_world.ids_by(world, "NetworkInterfaces", "subnet-id", subnet.SubnetId) > 0 then
        errors.depends("The subnet '%s' has dependencies and cannot be deleted.", subnet.SubnetId)
    end
    local acl = sim_world.one_by(world, "NetworkAcls", "association.subnet-id", subnet.SubnetId)
    if acl then
        sim_world.change(world, "NetworkAcls", acl.NetworkAclId, { Associations = values.without(
            acl.Associations, function(one) return one.SubnetId == subnet.SubnetId end) })
    end
    local rtb = sim_world.one_by(world, "RouteTables", "association.subnet-id", subnet.SubnetId)
    if rtb then
        sim_world.change(world, "RouteTables", rtb.RouteTableId, { Associations = values.without(
            rtb.Associations, function(one) return one.SubnetId == subnet.SubnetId end) })
    end
    sim_world.remove(world, "Subnets", subnet.SubnetId)
    return {}
end

local SUBNET_ATTRIBUTES = { "MapPublicIpOnLaunch", "AssignIpv6AddressOnCreation" }

function operations.modify_subnet_attribute(world, params)
    local subnet = access.named(world, "Subnets", params)
    for _, name in ipairs(SUBNET_ATTRIBUTES) do
        if params[name] then
            sim_world.change(world, "Subnets", subnet.SubnetId,
                             { [name] = params[name].Value == true })
        end
    end
    return {}
end

function operations.modify_vpc_attribute(world, params)
    local vpc = access.named(world, "Vpcs", params)
    for _, name in ipairs { "EnableDnsSupport", "EnableDnsHostnames" } do
        if params[name] then
            instances.set_hidden(world, vpc.VpcId, { [name] = params[name].Value == true })
        end
    end
    return {}
end

return operations
