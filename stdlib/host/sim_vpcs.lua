-- sim_vpcs.lua - what the operations know of VPCs and subnets.
--
-- Owns: the default VPC, IPv6 of a VPC, free private addresses, new groups with their first
-- rules. It answers no operation itself.
local access = require "sim_access"
local addresses = require "addresses"
local errors = require "sim_errors"
local sim_rules = require "sim_rules"
local sim_world = require "sim_world"

local vpcs = {}

-- The VPC named, or the default one.
function vpcs.named_or_default(world, id)
    if id then return access.get(world, "Vpcs", id) end
    for _, vpc_id in ipairs(sim_world.all_ids(world, "Vpcs")) do
        local vpc = world.resources.Vpcs[vpc_id]
        if vpc.IsDefault then return vpc end
    end
    errors.raise("VPCIdNotSpecified", "No default VPC for this user")
end

function vpcs.has_ipv6(vpc)
    for _, block in ipairs(vpc.Ipv6CidrBlockAssociationSet or {}) do
        local state = (block.Ipv6CidrBlockState or {}).State
        if state == nil or state == "associated" or state == "associating" then return true end
    end
    return false
end

-- All IPv4 blocks of a VPC.
function vpcs.cidrs(vpc)
    local list = {}
    for _, block in ipairs(vpc.CidrBlockAssociationSet or {}) do
        if (block.CidrBlockState or {}).State ~= "disassociated" then
            list[#list + 1] = block.CidrBlock
        end
    end
    if #list == 0 then list[1] = vpc.CidrBlock end
    return list
end

function vpcs.ipv6_cidrs(vpc)
    local list = {}
    for _, block in ipairs(vpc.Ipv6CidrBlockAssociationSet or {}) do
        if (block.Ipv6CidrBlockState or {}).State ~= "disassociated" then
            list[#list + 1] = block.Ipv6CidrBlock
        end
    end
    return list
end

function vpcs.arn(world, kind, id)
    return ("arn:aws:ec2:%s:%s:%s/%s"):format(world.region, world.account, kind, id)
end

-- Puts a group with the egress rules that EC2 gives every new one.
function vpcs.put_group(world, vpc, name, description, tags)
    local id = sim_world.new_id(world, "sg")
    local group = sim_world.put(world, "SecurityGroups", {
        GroupId = id, GroupName = name, Description = description, VpcId = vpc.VpcId,
        OwnerId = world.account, IpPermissions = {}, IpPermissionsEgress = {}, Tags = tags or {},
        SecurityGroupArn = vpcs.arn(world, "security-group", id) })
    local all = { IpProtocol = "-1", IpRanges = { { CidrIp = "0.0.0.0/0" } } }
    if vpcs.has_ipv6(vpc) then all.Ipv6Ranges = { { CidrIpv6 = "::/0" } } end
    sim_rules.add(world, sim_rules.read(world, group, true, { all }))
    return world.resources.SecurityGroups[id]
end

-- By id, or by name in the default VPC.
function vpcs.named_group(world, params)
    if params.GroupId then return access.get(world, "SecurityGroups", params.GroupId) end
    if not params.GroupName then errors.missing("GroupId") end
    local vpc = vpcs.named_or_default(world, nil)
    for _, group in ipairs(sim_world.by(world, "SecurityGroups", "vpc-id", vpc.VpcId)) do
        if group.GroupName == params.GroupName then return group end
    end
    errors.raise("InvalidGroup.NotFound", "The security group '%s' does not exist",
                 params.GroupName)
end

-- ---- private addresses --------------------------------------------------------------------

local function base_of(cidr)
    local a, b, c, d, prefix = cidr:match("^(%d+)%.(%d+)%.(%d+)%.(%d+)/(%d+)$")
    return (tonumber(a) << 24) | (tonumber(b) << 16) | (tonumber(c) << 8) | tonumber(d),
           1 << (32 - tonumber(prefix))
end

-- Does the IPv4 block hold the other one whole?
function vpcs.contains(block, other)
    local base, size = base_of(block)
    local first, count = base_of(other)
    return first >= base and first + count <= base + size
end

local function v4_text(number)
    return ("%d.%d.%d.%d"):format(number >> 24 & 255, number >> 16 & 255, number >> 8 & 255,
                                  number & 255)
end

local function is_taken(world, subnet, ip)
    for _, interface in ipairs(sim_world.by(world, "NetworkInterfaces", "private-ip-address",
                                            ip)) do
        if interface.SubnetId == subnet.SubnetId then return true end
    end
    return false
end

-- A free address of the subnet: the first four and the last are AWS's. Looks from where the
-- last one was found, so that filling a subnet stays linear.
function vpcs.free_address(world, subnet, wanted)
    local base, size = base_of(subnet.CidrBlock)
    if wanted then
        local network = addresses.cidr(wanted)
        local number = network and network.family == "v4" and base_of(wanted .. "/32") or -1
        if number < base or number >= base + size then
            errors.raise("InvalidParameterValue",
                         "Address does not fall within the subnet's address range")
        elseif is_taken(world, subnet, wanted) then
            errors.raise("InvalidIPAddress.InUse", "Address %s is in use.", wanted)
        end
        return wanted
    end
    local from = world.cursors[subnet.SubnetId] or 0
    for step = 0, size - 6 do
        local ip = v4_text(base + 4 + (from + step) % (size - 5))
        if not is_taken(world, subnet, ip) then
            world.cursors[subnet.SubnetId] = (from + step + 1) % (size - 5)
            return ip
        end
    end
    errors.raise("InsufficientFreeAddressesInSubnet",
                 "Insufficient free addresses in subnet '%s'.", subnet.SubnetId)
end

-- An IPv6 address of the subnet's block, from the seed.
function vpcs.free_ipv6(world, subnet)
    local block = (subnet.Ipv6CidrBlockAssociationSet or {})[1]
    if not block then
        errors.invalid("The subnet '%s' has no IPv6 CIDR block", subnet.SubnetId)
    end
    local words = {}
    for word in block.Ipv6CidrBlock:match("^(.-)::"):gmatch("%x+") do words[#words + 1] = word end
    while #words < 4 do words[#words + 1] = "0" end
    for i = 5, 8 do words[i] = ("%x"):format(1 + sim_world.random(world, 0xffff)) end
    return table.concat(words, ":")
end

-- A public address of AWS's, from a documentation range (203.0.113.0/24 is left to drills).
function vpcs.public_address(world)
    for _ = 1, 1000 do
        local ip = ("198.18.%d.%d"):format(sim_world.random(world, 256),
                                           1 + sim_world.random(world, 254))
        if #sim_world.ids_by(world, "NetworkInterfaces", "association.public-ip", ip) == 0
            and #sim_world.ids_by(world, "Addresses", "public-ip", ip) == 0 then
            return ip
        end
    end
    errors.raise("InsufficientAddressCapacity", "No public address is free.")
end

function vpcs.public_name(world, ip)
    return ("ec2-%s.%s.compute.amazonaws.com"):format(ip:gsub("%.", "-"), world.region)
end

return vpcs
