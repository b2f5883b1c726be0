-- sim_ec2_profiles.lua - associating IAM instance profiles. None of these has DryRun.
local access = require "sim_access"
local errors = require "sim_errors"
local profiles = require "sim_profiles"
local values = require "sim_values"

local operations = {}

local function wanted_profile(params)
    local wanted = params.IamInstanceProfile or {}
    if not wanted.Name and not wanted.Arn then
        errors.raise("MissingParameter",
                     "The request must contain the parameter IamInstanceProfile")
    elseif wanted.Arn and not wanted.Arn:find("^arn:[%w%-]+:iam::%d+:instance%-profile/.+") then
        errors.raise("InvalidIamInstanceProfileArn.Malformed",
                     "Invalid IAM Instance Profile ARN: %s", wanted.Arn)
    end
    return wanted
end

local function shown(association, state)
    return { IamInstanceProfileAssociation = values.with(association, { State = state }) }
end

function operations.associate_iam_instance_profile(world, params)
    local instance = access.named(world, "Instances", params)
    local wanted = wanted_profile(params)
    if instance.State.Name == "terminated" or instance.State.Name == "shutting-down" then
        errors.raise("IncorrectInstanceState",
                     "The instance '%s' is not in the 'running' or 'stopped' "
                     .. "states.", instance.InstanceId)
    end
    if profiles.of_instance(world, instance.InstanceId) then
        errors.raise("IncorrectState", "There is an existing association for instance %s",
                     instance.InstanceId)
    end
    return shown(profiles.associate(world, instance.InstanceId, wanted), "associating")
end

local function named(world, params)
    access.need(params, "AssociationId")
    return access.get(world, "IamInstanceProfileAssociations", params.AssociationId)
end

function operations.disassociate_iam_instance_profile(world, params)
    local association = named(world, params)
    profiles.remove(world, association)
    return shown(association, "disassociating")
end

-- The new association has an id of its own.
function operations.replace_iam_instance_profile_association(world, params)
    local association = named(world, params)
    local wanted = wanted_profile(params)
    profiles.remove(world, association)
    return shown(profiles.associate(world, association.InstanceId, wanted), "associating")
end

return operations
