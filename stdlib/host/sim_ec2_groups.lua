-- sim_ec2_groups.lua - security groups: made, deleted, associated with VPCs.
local access = require "sim_access"
local errors = require "sim_errors"
local sim_world = require "sim_world"
local vpcs = require "sim_vpcs"

local operations = {}

local CHARACTERS = "[^%w %._%-:/%(%)#,@%[%]%+=&;{}!%$%*]"

local function check_name(world, name, vpc)
    if name:find("^[sS][gG]%-") then
        errors.bad_value("groupName", name, "Group names may not be in the format sg-*.")
    elseif name:lower() == "default" then
        errors.raise("InvalidGroup.Reserved", "Cannot use reserved security group name: %s", name)
    elseif #name > 255 or name:find(CHARACTERS) then
        errors.bad_value("groupName", name, "Character sets beyond ASCII are not supported.")
    end
    local groups = sim_world.by(world, "SecurityGroups", "vpc-id", vpc.VpcId)
    for _, group in ipairs(groups) do
        if group.GroupName:lower() == name:lower() then
            errors.raise("InvalidGroup.Duplicate",
                         "The security group '%s' already exists for VPC '%s'", name, vpc.VpcId)
        end
    end
    if #groups >= world.quotas.groups_per_vpc then
        errors.raise("SecurityGroupLimitExceeded",
                     "The maximum number of security groups for VPC '%s' has been reached",
                     vpc.VpcId)
    end
end

-- A group with the rule that every new one has: everything may go out.
function operations.create_security_group(world, params)
    access.need(params, "GroupName")
    if not params.Description or params.Description == "" then
        errors.missing("GroupDescription")
    end
    if params.Description:find(CHARACTERS) or #params.Description > 255 then
        errors.bad_value("GroupDescription", params.Description,
                         "Character sets beyond ASCII are not supported.")
    end
    local vpc = vpcs.named_or_default(world, params.VpcId)
    local name = params.GroupName:gsub("%s+$", "")
    check_name(world, name, vpc)
    local tags = access.created_tags(world, params, "security-group")
    local group = vpcs.put_group(world, vpc, name, params.Description, tags)
    return { GroupId = group.GroupId, SecurityGroupArn = group.SecurityGroupArn,
             Tags = #tags > 0 and tags or nil }
end

local function is_used(world, id)
    if #sim_world.ids_by(world, "NetworkInterfaces", "group-id", id) > 0 then return true end
    for _, rule in ipairs(sim_world.by(world, "SecurityGroupRules", "referenced-group", id)) do
        if rule.GroupId ~= id then return true end
    end
    return #sim_world.ids_by(world, "SecurityGroupVpcAssociations", "group-id", id) > 0
end

function operations.delete_security_group(world, params)
    local group = vpcs.named_group(world, params)
    if group.GroupName == "default" then
        errors.raise("CannotDelete",
                     'the specified group: "%s" name: "default" cannot be deleted by a user',
                     group.GroupId)
    elseif is_used(world, group.GroupId) then
        errors.depends("resource %s has a dependent object", group.GroupId)
    end
    for _, id in ipairs(sim_world.ids_by(world, "SecurityGroupRules", "group-id", group.GroupId)) do
        sim_world.remove(world, "SecurityGroupRules", id)
    end
    sim_world.remove(world, "SecurityGroups", group.GroupId)
    return { Return = true, GroupId = group.GroupId }
end

-- ---- groups in other VPCs -----------------------------------------------------------------

function operations.associate_security_group_vpc(world, params)
    local group = access.named(world, "SecurityGroups", params)
    local vpc = access.named(world, "Vpcs", params)
    if vpc.VpcId == group.VpcId or group.GroupName == "default" then
        errors.invalid("Security group %s cannot be associated with VPC %s", group.GroupId,
                       vpc.VpcId)
    end
    sim_world.put(world, "SecurityGroupVpcAssociations", {
        AssociationKey = group.GroupId .. "/" .. vpc.VpcId, GroupId = group.GroupId,
        VpcId = vpc.VpcId, VpcOwnerId = vpc.OwnerId or world.account, State = "associated",
        GroupOwnerId = group.OwnerId or world.account })
    return { State = "associating" }
end

function operations.disassociate_security_group_vpc(world, params)
    access.need(params, "GroupId", "VpcId")
    local key = params.GroupId .. "/" .. params.VpcId
    if not world.resources.SecurityGroupVpcAssociations[key] then
        errors.raise("InvalidSecurityGroupVpcAssociation.NotFound",
                     "The security group %s is not associated with VPC %s", params.GroupId,
                     params.VpcId)
    end
    for _, interface in ipairs(sim_world.by(world, "NetworkInterfaces", "group-id",
                                            params.GroupId)) do
        if interface.VpcId == params.VpcId then
            errors.depends("resource %s has a dependent object", params.GroupId)
        end
    end
    sim_world.remove(world, "SecurityGroupVpcAssociations", key)
    return { State = "disassociating" }
end

function operations.describe_security_group_references(world, params)
    access.need(params, "GroupId")
    local list = {}
    for _, id in ipairs(params.GroupId) do
        access.get(world, "SecurityGroups", id)
        for _, rule in ipairs(sim_world.by(world, "SecurityGroupRules", "referenced-group", id)) do
            local peering = rule.ReferencedGroupInfo.VpcPeeringConnectionId
            local owner = world.resources.SecurityGroups[rule.GroupId]
            if peering then
                list[#list + 1] = { GroupId = id, ReferencingVpcId = owner.VpcId,
                                    VpcPeeringConnectionId = peering }
            end
        end
    end
    return { SecurityGroupReferenceSet = list }
end

return operations
