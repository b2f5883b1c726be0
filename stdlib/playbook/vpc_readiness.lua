-- vpc_readiness.lua - could an instance of this VPC be isolated tonight?
--
-- Owns: reading a VPC for `prepare-vpc`, judging its two prepared groups, and what would make an
-- isolation hard. It changes nothing and decides nothing: it gives findings, as texts.
local group_rules = require "group_rules"
local network = require "instance_network"
local nitro = require "nitro"
local permissions = require "permissions"

local readiness = {}

-- AWS's default quota of entries in a NACL, per direction. An account may have more: said as
-- "by default".
local ENTRIES = 20

local function of_vpc(id)
    return { Filters = { { Name = "vpc-id", Values = { id } } } }
end

local READS = {
    { "describe_security_groups", "SecurityGroups" }, { "describe_subnets", "Subnets" },
    { "describe_network_interfaces", "NetworkInterfaces" }, { "describe_network_acls", "NetworkAcls" },
    { "describe_instances", "Reservations" },
}

local function there(reservations)
    local list = {}
    for _, raw in ipairs(network.instances_in(reservations)) do
        if (raw.State or {}).Name ~= "terminated" then list[#list + 1] = raw end
    end
    table.sort(list, function(a, b) return a.InstanceId < b.InstanceId end)
    return list
end

-- Reads the VPC. Group names are unique in a VPC, whatever the case.
function readiness.read(id)
    local results = parallel(READS, function(read) return ec2[read[1]](of_vpc(id))[read[2]] or {} end)
    local vpc = ec2.describe_vpcs { VpcIds = { id } }.Vpcs[1]
    local state = { id = id, v6 = network.has_v6(vpc), groups = {}, subnets = results[2],
                    interfaces = results[3], acls = results[4], instances = there(results[5]) }
    for _, group in ipairs(results[1]) do state.groups[group.GroupName:lower()] = group end
    return state
end

function readiness.group(state, name)
    return state.groups[name:lower()]
end

-- Interfaces that carry a group.
function readiness.carriers(state, group_id)
    local ids = {}
    for _, interface in ipairs(state.interfaces) do
        for _, group in ipairs(interface.Groups or {}) do
            if group.GroupId == group_id then ids[#ids + 1] = interface.NetworkInterfaceId end
        end
    end
    table.sort(ids)
    return ids
end

-- ---- the groups -------------------------------------------------------------------------

-- What is wrong with the group that lets everything through: nobody may be on it.
function readiness.faults_of_step1(state, name)
    local group = readiness.group(state, name)
    if not group then return { name .. " does not exist" } end
    local faults = {}
    local open, why = group_rules.is_open(group, state.v6)
    if not open then faults[1] = why end
    local carriers = readiness.carriers(state, group.GroupId)
    if #carriers > 0 then
        faults[#faults + 1] = ("%s lets everything through, and %s carry it"):format(
            group.GroupId, table.concat(carriers, ", "))
    end
    return faults
end

-- What is wrong with the group without rules. Isolated instances may be on it.
function readiness.faults_of_step2(state, name)
    local group = readiness.group(state, name)
    if not group then return { name .. " does not exist" } end
    local blank, why = group_rules.is_blank(group)
    return blank and {} or { why }
end

-- ---- what would be hard -----------------------------------------------------------------

local function entries_of(acl, egress)
    local list = {}
    for _, entry in ipairs(acl.Entries or {}) do
        if entry.Egress == egress and entry.RuleNumber < 32767 then list[#list + 1] = entry end
    end
    return list
end

local function subnets_of(acl)
    local ids = {}
    for i, association in ipairs(acl.Associations or {}) do ids[i] = association.SubnetId end
    table.sort(ids)
    return ids
end

local function room_in(notes, acl, needed)
    for _, egress in ipairs { false, true } do
        local entries = entries_of(acl, egress)
        local direction = egress and "outbound" or "inbound"
        if #entries + needed > ENTRIES then
            notes[#notes + 1] = ("%s has %d %s entries: by default %d are possible, isolating with it "
                .. "would have to delete one"):format(acl.NetworkAclId, #entries, direction, ENTRIES)
        end
        for _, entry in ipairs(entries) do
            if entry.RuleNumber == 1 then
                notes[#notes + 1] = ("%s: %s rule 1 is taken, isolating with it would have to replace "
                    .. "it"):format(acl.NetworkAclId, direction)
            end
        end
    end
end

-- NACLs that serve several subnets, are full, or have their first rule taken.
function readiness.acl_notes(state)
    local notes = {}
    table.sort(state.acls, function(a, b) return a.NetworkAclId < b.NetworkAclId end)
    for _, acl in ipairs(state.acls) do
        local subnets = subnets_of(acl)
        if #subnets > 1 then
            notes[#notes + 1] = ("%s serves %d subnets (%s): a deny in it hits them all, isolate with "
                .. "a new one"):format(acl.NetworkAclId, #subnets, table.concat(subnets, ", "))
        end
        if #subnets > 0 then room_in(notes, acl, state.v6 and 2 or 1) end
    end
    return notes
end

local HAZARDS = {
    asg = "in an Auto Scaling group: hold it first, or it is replaced",
    beanstalk = "managed by Elastic Beanstalk",
    eks = "an EKS node: the CNI puts its groups back",
    spot = "Spot: EC2 may take it at any time",
}

local function reasons_of(raw)
    local reasons = {}
    for code in pairs(network.hazards(raw)) do reasons[#reasons + 1] = HAZARDS[code] end
    if nitro.is_on(raw.InstanceType) == false then
        reasons[#reasons + 1] = raw.InstanceType .. " is not on Nitro: no idle time-out can be set"
    end
    table.sort(reasons)
    return reasons
end

-- Instances that would be hard to isolate, and why: one text each.
function readiness.instance_notes(state)
    local notes = {}
    for _, raw in ipairs(state.instances) do
        local reasons = reasons_of(raw)
        if #reasons > 0 then
            notes[#notes + 1] = ("%s%s: %s"):format(raw.InstanceId,
                network.name_of(raw) and (' "%s"'):format(network.name_of(raw)) or "",
                table.concat(reasons, "; "))
        end
    end
    return notes
end

-- ---- permissions ------------------------------------------------------------------------

-- The calls of an isolation, on something that is there.
local function calls_of(state)
    local group = { GroupName = "cordon-permission", Description = "asked with DryRun", VpcId = state.id }
    local calls = { { "create_security_group", group } }
    local function add(operation, params) calls[#calls + 1] = { operation, params } end
    for _, any in pairs(state.groups) do
        add("authorize_security_group_ingress",
            { GroupId = any.GroupId, IpPermissions = group_rules.all_traffic("v4") })
        add("revoke_security_group_egress",
            { GroupId = any.GroupId, IpPermissions = group_rules.all_traffic("v4") })
        add("delete_security_group", { GroupId = any.GroupId })
        break
    end
    for _, interface in ipairs(state.interfaces) do
        if not interface.RequesterManaged and (interface.Attachment or {}).InstanceId then
            add("modify_network_interface_attribute",
                { NetworkInterfaceId = interface.NetworkInterfaceId,
                  Groups = { interface.Groups[1].GroupId } })
            add("create_tags", { Resources = { interface.Attachment.InstanceId },
                                 Tags = { { Key = "cordon:run", Value = "asked with DryRun" } } })
            add("create_snapshots",
                { InstanceSpecification = { InstanceId = interface.Attachment.InstanceId } })
            break
        end
    end
    return calls
end

-- {operation, state, why} for what an isolation with groups does.
function readiness.permissions(state)
    return permissions.ask(calls_of(state))
end

return readiness
