-- sim_ec2_rules.lua - authorize, revoke, modify: the rules of security groups.
--
-- Owns: the checks in EC2's order, all or nothing. Reading rules is in sim_rules.lua.
local access = require "sim_access"
local errors = require "sim_errors"
local sim_rules = require "sim_rules"
local sim_world = require "sim_world"
local values = require "sim_values"
local vpcs = require "sim_vpcs"

local operations = {}

-- The permissions of a request, the old flat members included.
local function permissions_of(params)
    if params.IpPermissions and #params.IpPermissions > 0 then return params.IpPermissions end
    local permission = { IpProtocol = params.IpProtocol, FromPort = params.FromPort,
                         ToPort = params.ToPort }
    if params.CidrIp then
        permission.IpRanges = { { CidrIp = params.CidrIp } }
    elseif params.SourceSecurityGroupName then
        permission.IpProtocol = params.IpProtocol or "-1"
        permission.UserIdGroupPairs = { { GroupName = params.SourceSecurityGroupName,
                                          UserId = params.SourceSecurityGroupOwnerId } }
    else
        return nil
    end
    return { permission }
end

local function check_quota(world, group_id, is_egress, added)
    local list = {}
    for _, rule in pairs(sim_rules.by_key(world, group_id, is_egress)) do list[#list + 1] = rule end
    for _, rule in ipairs(added) do list[#list + 1] = rule end
    for _, family in ipairs { "v4", "v6" } do
        if sim_rules.counted(world, list, family) > world.quotas.rules_per_group then
            errors.raise("RulesPerSecurityGroupLimitExceeded",
                         "The maximum number of rules per security group has been reached.")
        end
    end
end

local function authorize(is_egress)
    return function(world, params)
        local group = vpcs.named_group(world, params)
        local permissions = permissions_of(params)
        if not permissions then errors.missing("IpPermissions") end
        local wanted = sim_rules.read(world, group, is_egress, permissions)
        if #wanted == 0 then errors.missing("IpPermissions.IpRanges") end
        local present, asked = sim_rules.by_key(world, group.GroupId, is_egress), {}
        for _, rule in ipairs(wanted) do
            local key = sim_rules.key(rule)
            if asked[key] then
                errors.invalid("The same permission must not appear multiple times")
            elseif present[key] then
                errors.raise("InvalidPermission.Duplicate",
                             'the specified rule "%s" already exists', sim_rules.text(rule))
            end
            asked[key] = true
        end
        check_quota(world, group.GroupId, is_egress, wanted)
        local tags = access.created_tags(world, params, "security-group-rule")
        return { Return = true, SecurityGroupRules = sim_rules.add(world, wanted, tags) }
    end
end

local function revoked(rule)
    local item = values.with(rule, { Tags = values.NONE, SecurityGroupRuleArn = values.NONE,
                                     GroupOwnerId = values.NONE,
                                     ReferencedGroupInfo = values.NONE })
    item.ReferencedGroupId = (rule.ReferencedGroupInfo or {}).GroupId
    return item
end

local function by_ids(world, group, is_egress, ids)
    local list = access.get_all(world, "SecurityGroupRules", ids)
    for _, rule in ipairs(list) do
        if rule.GroupId ~= group.GroupId or rule.IsEgress ~= is_egress then
            errors.raise("InvalidSecurityGroupRuleId.NotFound",
                         "The security group rule ID '%s' does not exist", rule.SecurityGroupRuleId)
        end
    end
    return list
end

-- The rules that permissions name, and what names none. A default VPC answers the latter, any
-- other refuses all.
local function by_permissions(world, group, is_egress, permissions)
    local present, list, unknown = sim_rules.by_key(world, group.GroupId, is_egress), {}, {}
    for _, rule in ipairs(sim_rules.read(world, group, is_egress, permissions)) do
        local found = present[sim_rules.key(rule)]
        if found then list[#list + 1] = found else unknown[#unknown + 1] = rule end
    end
    local vpc = world.resources.Vpcs[group.VpcId] or {}
    if #unknown > 0 and not vpc.IsDefault then
        errors.raise("InvalidPermission.NotFound",
                     "The specified rule does not exist in this security group.")
    end
    return list, unknown
end

local function revoke(is_egress)
    return function(world, params)
        local group = vpcs.named_group(world, params)
        local list, unknown
        if params.SecurityGroupRuleIds then
            if params.IpPermissions then
                errors.raise("InvalidParameterCombination", "The parameters ipPermissions and "
                             .. "securityGroupRuleIds may not be used together")
            end
            list = by_ids(world, group, is_egress, params.SecurityGroupRuleIds)
        else
            local permissions = permissions_of(params)
            if not permissions then errors.missing("IpPermissions") end
            list, unknown = by_permissions(world, group, is_egress, permissions)
        end
        local gone = {}
        for i, rule in ipairs(list) do
            gone[i] = revoked(rule)
            sim_world.remove(world, "SecurityGroupRules", rule.SecurityGroupRuleId)
        end
        if #gone > 0 then sim_rules.refresh(world, group.GroupId) end
        return { Return = true, RevokedSecurityGroupRules = gone,
                 UnknownIpPermissions = unknown and #unknown > 0 and sim_rules.permissions(unknown)
                     or nil }
    end
end

-- ---- in place -----------------------------------------------------------------------------

local function request_permission(request)
    return { IpProtocol = request.IpProtocol, FromPort = request.FromPort, ToPort = request.ToPort,
             IpRanges = request.CidrIpv4 and { { CidrIp = request.CidrIpv4 } },
             Ipv6Ranges = request.CidrIpv6 and { { CidrIpv6 = request.CidrIpv6 } },
             PrefixListIds = request.PrefixListId and { { PrefixListId = request.PrefixListId } },
             UserIdGroupPairs = request.ReferencedGroupId
                 and { { GroupId = request.ReferencedGroupId } } }
end

-- A rule as its modification asks; it cannot change its kind of peer.
local function modified(world, group, old, request)
    local new = sim_rules.read(world, group, old.IsEgress, { request_permission(request) })
    if #new ~= 1 then
        errors.invalid("Exactly one of cidrIpv4, cidrIpv6, prefixListId and referencedGroupId "
                       .. "must be given")
    end
    for _, member in ipairs { "CidrIpv4", "CidrIpv6", "PrefixListId", "ReferencedGroupInfo" } do
        if (old[member] == nil) ~= (new[1][member] == nil) then
            errors.invalid("You may not change the type of the source or destination of a rule")
        end
    end
    new[1].Description = request.Description
    return values.with(new[1], { SecurityGroupRuleId = old.SecurityGroupRuleId, Tags = old.Tags,
                                 SecurityGroupRuleArn = old.SecurityGroupRuleArn })
end

function operations.modify_security_group_rules(world, params)
    local group = access.named(world, "SecurityGroups", params)
    access.need(params, "SecurityGroupRules")
    for _, update in ipairs(params.SecurityGroupRules) do
        access.need(update, "SecurityGroupRuleId", "SecurityGroupRule")
        local old = access.get(world, "SecurityGroupRules", update.SecurityGroupRuleId)
        by_ids(world, group, old.IsEgress, { old.SecurityGroupRuleId })
        local new = modified(world, group, old, update.SecurityGroupRule)
        local same = sim_rules.by_key(world, group.GroupId, old.IsEgress)[sim_rules.key(new)]
        if same and same.SecurityGroupRuleId ~= old.SecurityGroupRuleId then
            errors.raise("InvalidPermission.Duplicate", 'the specified rule "%s" already exists',
                         sim_rules.text(new))
        end
        sim_world.put(world, "SecurityGroupRules", new)
    end
    sim_rules.refresh(world, group.GroupId)
    return { Return = true }
end

local function described_rules(world, group, is_egress, params)
    local list = {}
    for _, item in ipairs(params.SecurityGroupRuleDescriptions or {}) do
        access.need(item, "SecurityGroupRuleId")
        local rule = by_ids(world, group, is_egress, { item.SecurityGroupRuleId })[1]
        list[#list + 1] = { rule = rule, description = item.Description }
    end
    local present = sim_rules.by_key(world, group.GroupId, is_egress)
    for _, wanted in ipairs(sim_rules.read(world, group, is_egress, params.IpPermissions or {})) do
        local rule = present[sim_rules.key(wanted)]
        if not rule then
            errors.raise("InvalidPermission.NotFound",
                         "The specified rule does not exist in this security group.")
        end
        list[#list + 1] = { rule = rule, description = wanted.Description }
    end
    return list
end

local function describe_rules_anew(is_egress)
    return function(world, params)
        local group = vpcs.named_group(world, params)
        local list = described_rules(world, group, is_egress, params)
        if #list == 0 then errors.missing("IpPermissions") end
        for _, item in ipairs(list) do
            sim_world.put(world, "SecurityGroupRules",
                          values.with(item.rule, { Description = item.description or values.NONE }))
        end
        sim_rules.refresh(world, group.GroupId)
        return { Return = true }
    end
end

for direction, is_egress in pairs { ingress = false, egress = true } do
    operations["authorize_security_group_" .. direction] = authorize(is_egress)
    operations["revoke_security_group_" .. direction] = revoke(is_egress)
    operations["update_security_group_rule_descriptions_"
               .. direction] = describe_rules_anew(is_egress)
end

return operations
