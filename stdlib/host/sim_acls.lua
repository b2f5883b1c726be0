-- sim_acls.lua - network ACLs in a world: entries in order, defaults, the association of a subnet.
local sim_world = require "sim_world"
local values = require "sim_values"
local vpcs = require "sim_vpcs"

local acls = { LAST = 32767, LAST_IPV6 = 32768 }

-- Outbound first, as EC2 lists them, then by number.
function acls.sorted(entries)
    local list = table.move(entries, 1, #entries, 1, {})
    table.sort(list, function(a, b)
        if a.Egress ~= b.Egress then return a.Egress == true end
        return a.RuleNumber < b.RuleNumber
    end)
    return list
end

local function entry(number, egress, action, member, cidr)
    return { RuleNumber = number, Egress = egress, Protocol = "-1", RuleAction = action,
             [member] = cidr }
end

-- The denies that end every list; `open`: with the allows that a default ACL starts with.
function acls.first_entries(vpc, open)
    local list = {}
    for _, egress in ipairs { true, false } do
        if open then list[#list + 1] = entry(100, egress, "allow", "CidrBlock", "0.0.0.0/0") end
        list[#list + 1] = entry(acls.LAST, egress, "deny", "CidrBlock", "0.0.0.0/0")
        if vpcs.has_ipv6(vpc) then
            if open then list[#list + 1] = entry(101, egress, "allow", "Ipv6CidrBlock", "::/0") end
            list[#list + 1] = entry(acls.LAST_IPV6, egress, "deny", "Ipv6CidrBlock", "::/0")
        end
    end
    return acls.sorted(list)
end

function acls.make(world, vpc, is_default, tags)
    return sim_world.put(world, "NetworkAcls", {
        NetworkAclId = sim_world.new_id(world, "acl"), VpcId = vpc.VpcId, OwnerId = world.account,
        IsDefault = is_default, Associations = {}, Tags = tags or {},
        Entries = acls.first_entries(vpc, is_default) })
end

function acls.default_of(world, vpc_id)
    for _, acl in ipairs(sim_world.by(world, "NetworkAcls", "vpc-id", vpc_id)) do
        if acl.IsDefault then return acl end
    end
    return nil
end

-- Gives the subnet that ACL, away from the one it has. The new association's id.
function acls.associate(world, acl_id, subnet_id)
    local old = sim_world.one_by(world, "NetworkAcls", "association.subnet-id", subnet_id)
    if old then
        local left = values.without(old.Associations,
                                    function(one) return one.SubnetId == subnet_id end)
        sim_world.change(world, "NetworkAcls", old.NetworkAclId, { Associations = left })
    end
    local id = sim_world.new_id(world, "aclassoc")
    local acl = world.resources.NetworkAcls[acl_id]
    sim_world.change(world, "NetworkAcls", acl_id,
                     { Associations = values.appended(acl.Associations, {
        NetworkAclAssociationId = id, NetworkAclId = acl_id, SubnetId = subnet_id }) })
    return id
end

return acls
