-- sim_ec2_acls.lua - network ACLs: made, deleted, entries, associations.
local access = require "sim_access"
local acls = require "sim_acls"
local errors = require "sim_errors"
local sim_rules = require "sim_rules"
local sim_world = require "sim_world"
local values = require "sim_values"

local operations = {}

function operations.create_network_acl(world, params)
    local vpc = access.named(world, "Vpcs", params)
    if #sim_world.ids_by(world, "NetworkAcls", "vpc-id",
                         vpc.VpcId) >= world.quotas.acls_per_vpc then
        errors.raise("NetworkAclLimitExceeded",
                     "The maximum number of network acls has been reached.")
    end
    local acl = acls.make(world, vpc, false, access.created_tags(world, params, "network-acl"))
    return { NetworkAcl = acl, ClientToken = params.ClientToken }
end

function operations.delete_network_acl(world, params)
    local acl = access.named(world, "NetworkAcls", params)
    if acl.IsDefault then
        errors.invalid("cannot delete default network ACL %s", acl.NetworkAclId)
    elseif #(acl.Associations or {}) > 0 then
        errors.depends("The networkAcl '%s' has dependencies and cannot be deleted.",
                       acl.NetworkAclId)
    end
    sim_world.remove(world, "NetworkAcls", acl.NetworkAclId)
    return {}
end

-- ---- entries ------------------------------------------------------------------------------

local PROTOCOLS = { tcp = "6", udp = "17", icmp = "1", icmpv6 = "58", all = "-1" }

local function protocol_of(text)
    local protocol = PROTOCOLS[tostring(text):lower()] or tostring(text)
    local number = math.tointeger(tonumber(protocol))
    if not number or number < -1 or number > 255 then
        errors.bad_value("protocol", text, "Unknown protocol.")
    end
    return protocol
end

local function check_number(number)
    if not number then errors.missing("ruleNumber") end
    if number < 1 or number > acls.LAST - 1 then
        errors.bad_value("ruleNumber", number, "The rule number must be from 1 to 32766.")
    end
end

local function port_range(protocol, range)
    if protocol ~= "6" and protocol ~= "17" then return nil end
    if not range then errors.missing("portRange") end
    local from, to = range.From, range.To
    if not from or not to or from < 0 or to > 65535 or from > to then
        errors.bad_value("portRange", ("%s-%s"):format(from, to), "It must be from 0 to 65535.")
    end
    return { From = from, To = to }
end

local function icmp_of(protocol, code)
    if protocol ~= "1" and protocol ~= "58" then return nil end
    if not code then errors.missing("icmpTypeCode") end
    return { Type = code.Type or -1, Code = code.Code or -1 }
end

-- The entry that a request describes.
local function entry_of(params)
    access.need(params, "Protocol", "RuleAction")
    check_number(params.RuleNumber)
    if params.Egress == nil then errors.missing("egress") end
    if params.RuleAction ~= "allow" and params.RuleAction ~= "deny" then
        errors.bad_value("ruleAction", params.RuleAction, "Valid values are allow and deny.")
    elseif not params.CidrBlock == not params.Ipv6CidrBlock then
        errors.raise(params.CidrBlock and "InvalidParameterCombination" or "MissingParameter",
                     "Either 'cidrBlock' or 'ipv6CidrBlock' should be provided.")
    end
    local protocol = protocol_of(params.Protocol)
    return { RuleNumber = params.RuleNumber, Egress = params.Egress, RuleAction = params.RuleAction,
             Protocol = protocol, PortRange = port_range(protocol, params.PortRange),
             IcmpTypeCode = icmp_of(protocol, params.IcmpTypeCode),
             CidrBlock = params.CidrBlock and sim_rules.cidr(params.CidrBlock, "v4"),
             Ipv6CidrBlock = params.Ipv6CidrBlock and sim_rules.cidr(params.Ipv6CidrBlock, "v6") }
end

local function position(acl, number, egress)
    for i, one in ipairs(acl.Entries or {}) do
        if one.RuleNumber == number and one.Egress == egress then return i end
    end
    return nil
end

local function set_entries(world, acl, entries)
    sim_world.change(world, "NetworkAcls", acl.NetworkAclId, { Entries = acls.sorted(entries) })
    return {}
end

-- The quota counts the entries of one direction and one family, the default deny among them.
local function check_room(world, acl, wanted)
    local count, v6 = 0, wanted.Ipv6CidrBlock ~= nil
    for _, one in ipairs(acl.Entries or {}) do
        if one.Egress == wanted.Egress and (one.Ipv6CidrBlock ~= nil) == v6 then
            count = count + 1
        end
    end
    if count >= world.quotas.entries_per_acl then
        errors.raise("NetworkAclEntryLimitExceeded",
                     "The maximum number of network acl entries has been reached.")
    end
end

function operations.create_network_acl_entry(world, params)
    local acl = access.named(world, "NetworkAcls", params)
    local entry = entry_of(params)
    if position(acl, entry.RuleNumber, entry.Egress) then
        errors.raise("NetworkAclEntryAlreadyExists",
                     "The network acl entry identified by %d already exists.", entry.RuleNumber)
    end
    check_room(world, acl, entry)
    return set_entries(world, acl, values.appended(acl.Entries, entry))
end

local function existing(acl, number, egress)
    local at = position(acl, number, egress)
    if not at then
        errors.raise("InvalidNetworkAclEntry.NotFound", "no %s entry with number %d",
                     egress and "egress" or "ingress", number)
    end
    return at
end

function operations.replace_network_acl_entry(world, params)
    local acl = access.named(world, "NetworkAcls", params)
    local entry = entry_of(params)
    local at = existing(acl, entry.RuleNumber, entry.Egress)
    return set_entries(world, acl, values.replaced(acl.Entries, at, entry))
end

function operations.delete_network_acl_entry(world, params)
    local acl = access.named(world, "NetworkAcls", params)
    check_number(params.RuleNumber)
    if params.Egress == nil then errors.missing("egress") end
    local at = existing(acl, params.RuleNumber, params.Egress)
    return set_entries(world, acl, values.replaced(acl.Entries, at, nil))
end

-- ---- associations -------------------------------------------------------------------------

function operations.replace_network_acl_association(world, params)
    access.need(params, "AssociationId", "NetworkAclId")
    local acl = access.get(world, "NetworkAcls", params.NetworkAclId)
    local old = sim_world.one_by(world, "NetworkAcls", "association.association-id",
                                 params.AssociationId)
    if not old then
        errors.raise("InvalidAssociationID.NotFound", "The association ID '%s' does not exist",
                     params.AssociationId)
    elseif old.VpcId ~= acl.VpcId then
        errors.invalid("Network ACL %s and the subnet belong to different networks",
                       acl.NetworkAclId)
    end
    local subnet = values.find(old.Associations, "NetworkAclAssociationId",
                               params.AssociationId).SubnetId
    return { NewAssociationId = acls.associate(world, acl.NetworkAclId, subnet) }
end

return operations
