-- sim_profiles.lua - IAM instance profiles on instances, in a world.
local sim_world = require "sim_world"
local values = require "sim_values"

local profiles = {}

local NAME_SEED = 7

-- {Arn, Id} of what a request names by Name or Arn. IAM itself is not simulated: any name is one.
function profiles.profile(world, wanted)
    local arn = wanted.Arn
        or ("arn:aws:iam::%s:instance-profile/%s"):format(world.account, wanted.Name)
    local digits = ("%016X"):format(values.mix(values.hash(arn), NAME_SEED))
    return { Arn = arn, Id = "AIPA" .. digits .. "X" }
end

function profiles.of_instance(world, instance_id)
    for _, one in ipairs(sim_world.by(world, "IamInstanceProfileAssociations", "instance-id",
                                      instance_id)) do
        if one.State == "associated" or one.State == "associating" then return one end
    end
    return nil
end

function profiles.associate(world, instance_id, wanted)
    local profile = profiles.profile(world, wanted)
    sim_world.change(world, "Instances", instance_id, { IamInstanceProfile = profile })
    return sim_world.put(world, "IamInstanceProfileAssociations", {
        AssociationId = sim_world.new_id(world, "iip-assoc"), InstanceId = instance_id,
        IamInstanceProfile = profile, State = "associated" })
end

function profiles.remove(world, association)
    sim_world.remove(world, "IamInstanceProfileAssociations", association.AssociationId)
    if world.resources.Instances[association.InstanceId] then
        sim_world.change(world, "Instances", association.InstanceId,
                         { IamInstanceProfile = values.NONE })
    end
end

function profiles.forget(world, instance_id)
    for _, one in ipairs(sim_world.by(world, "IamInstanceProfileAssociations", "instance-id",
                                      instance_id)) do
        sim_world.remove(world, "IamInstanceProfileAssociations", one.AssociationId)
    end
end

return profiles
