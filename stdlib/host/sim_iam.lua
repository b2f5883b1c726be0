-- sim_iam.lua - IAM: roles with their policies, and instance profiles.
--
-- Owns: the checks of requests and the answers; nobody's permissions follow from them here.
-- Codes are the API's: NoSuchEntity, EntityAlreadyExists, DeleteConflict, LimitExceeded,
-- MalformedPolicyDocument. Policy documents come URL-encoded, as IAM gives them.
local errors = require "sim_errors"
local pages = require "sim_pages"
local sim_world = require "sim_world"
local values = require "sim_values"

local iam = { operations = {} }
local operations = iam.operations

local LONGEST_POLICIES = 10240  -- characters of all inline policies of a role

local function need(params, ...)
    for _, name in ipairs { ... } do
        if params[name] == nil or params[name] == "" then
            errors.raise("ValidationError", "1 validation error detected: Value null at '%s' "
                         .. "failed to satisfy constraint: Member must not be null",
                         name:sub(1, 1):lower() .. name:sub(2))
        end
    end
end

local function not_found(message, ...)
    local failure = errors.make("NoSuchEntity", message:format(...), 404)
    error(failure, 0)
end

local function conflict(code, message, ...)
    error(errors.make(code, message:format(...), 409), 0)
end

local function role_named(world, params)
    need(params, "RoleName")
    return world.resources.Roles[params.RoleName]
        or not_found("The role with name %s cannot be found.", params.RoleName)
end

local function profile_named(world, params)
    need(params, "InstanceProfileName")
    return world.resources.InstanceProfiles[params.InstanceProfileName]
        or not_found("Instance Profile %s cannot be found.", params.InstanceProfileName)
end

local function encoded(document)
    return (document:gsub("[^%w%-%._~]", function(char)
        return ("%%%02X"):format(char:byte())
    end))
end

-- What is kept besides: policies by name, attached ones.
local function shown_role(role)
    return values.with(role, { Policies = values.NONE, Attached = values.NONE,
                               AssumeRolePolicyDocument = encoded(role.AssumeRolePolicyDocument) })
end

local function shown_profile(world, profile)
    local roles = {}
    for i, name in ipairs(profile.RoleNames) do
        roles[i] = shown_role(world.resources.Roles[name])
    end
    return values.with(profile, { RoleNames = values.NONE, Roles = roles })
end

local function paged(operation, list, member, params)
    local page, marker = pages.page(operation, list, params.Marker, params.MaxItems or 100,
                                    "ValidationError")
    return { [member] = page, IsTruncated = marker ~= nil, Marker = marker }
end

-- ---- roles --------------------------------------------------------------------------------

function operations.get_role(world, params)
    return { Role = shown_role(role_named(world, params)) }
end

function operations.list_attached_role_policies(world, params)
    return paged("attached", role_named(world, params).Attached, "AttachedPolicies", params)
end

function operations.list_role_policies(world, params)
    local names = values.sorted_keys(role_named(world, params).Policies)
    return paged("inline", names, "PolicyNames", params)
end

local function policy_named(role, params)
    need(params, "PolicyName")
    return role.Policies[params.PolicyName]
        or not_found("The role policy with name %s cannot be found.", params.PolicyName)
end

function operations.get_role_policy(world, params)
    local role = role_named(world, params)
    return { RoleName = role.RoleName, PolicyName = params.PolicyName,
             PolicyDocument = encoded(policy_named(role, params)) }
end

local function check_document(text)
    local statement = text:find('"Statement"', 1, true) and text:find('"Effect"', 1, true)
    if not text:find("^%s*{.*}%s*$") or not statement then
        errors.raise("MalformedPolicyDocument", "Syntax errors in policy.")
    end
end

function operations.put_role_policy(world, params)
    local role = role_named(world, params)
    need(params, "PolicyName", "PolicyDocument")
    check_document(params.PolicyDocument)
    local after, length = values.with(role.Policies, {
        [params.PolicyName] = params.PolicyDocument }), 0
    for _, document in pairs(after) do length = length + #document:gsub("%s", "") end
    if length > LONGEST_POLICIES then
        conflict("LimitExceeded", "Maximum policy size of %d bytes exceeded for role %s",
                 LONGEST_POLICIES, role.RoleName)
    end
    sim_world.change(world, "Roles", role.RoleName, { Policies = after })
    return {}
end

function operations.delete_role_policy(world, params)
    local role = role_named(world, params)
    policy_named(role, params)
    sim_world.change(world, "Roles", role.RoleName, {
        Policies = values.with(role.Policies, { [params.PolicyName] = values.NONE }) })
    return {}
end

-- ---- instance profiles --------------------------------------------------------------------

local function unique_id(world, prefix)
    return ("%s%016X"):format(prefix, sim_world.random(world, math.maxinteger))
end

function operations.get_instance_profile(world, params)
    return { InstanceProfile = shown_profile(world, profile_named(world, params)) }
end

function operations.list_instance_profiles_for_role(world, params)
    local role, list = role_named(world, params), {}
    for _, name in ipairs(sim_world.all_ids(world, "InstanceProfiles")) do
        local profile = world.resources.InstanceProfiles[name]
        if values.contains(profile.RoleNames, role.RoleName) then
            list[#list + 1] = shown_profile(world, profile)
        end
    end
    return paged("profiles", list, "InstanceProfiles", params)
end

function operations.create_instance_profile(world, params)
    need(params, "InstanceProfileName")
    local name, path = params.InstanceProfileName, params.Path or "/"
    if world.resources.InstanceProfiles[name] then
        conflict("EntityAlreadyExists", "Instance Profile %s already exists.", name)
    end
    local profile = sim_world.put(world, "InstanceProfiles", {
        Path = path, InstanceProfileName = name, InstanceProfileId = unique_id(world, "AIPA"),
        Arn = ("arn:aws:iam::%s:instance-profile%s%s"):format(world.account, path, name),
        CreateDate = sim_world.time(world), RoleNames = {}, Tags = params.Tags or {} })
    return { InstanceProfile = shown_profile(world, profile) }
end

function operations.delete_instance_profile(world, params)
    local profile = profile_named(world, params)
    if #profile.RoleNames > 0 then
        conflict("DeleteConflict", "Cannot delete entity, must remove roles from instance profile "
                 .. "first.")
    end
    sim_world.remove(world, "InstanceProfiles", profile.InstanceProfileName)
    return {}
end

local function set_roles(world, profile, names)
    sim_world.change(world, "InstanceProfiles", profile.InstanceProfileName, { RoleNames = names })
end

function operations.add_role_to_instance_profile(world, params)
    local profile, role = profile_named(world, params), role_named(world, params)
    if #profile.RoleNames > 0 then
        conflict("LimitExceeded", "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1")
    end
    set_roles(world, profile, { role.RoleName })
    return {}
end

function operations.remove_role_from_instance_profile(world, params)
    local profile, role = profile_named(world, params), role_named(world, params)
    if not values.contains(profile.RoleNames, role.RoleName) then
        not_found("Role with name %s cannot be found in instance profile %s.", role.RoleName,
                  profile.InstanceProfileName)
    end
    set_roles(world, profile, {})
    return {}
end

return iam
