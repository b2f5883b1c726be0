-- snapshot_world.lua - a world made of one VPC's copy: what does not belong to it goes.
--
-- Owns: which resources that were read of the whole Region belong to the instances, interfaces
-- and groups of the copy. It reads nothing.
local kinds = require "sim_kinds"
local sim_world = require "sim_world"

local snapshot_world = {}

-- Kind -> function(world, resource): does it belong to the copy?
local BELONGS = {
    SecurityGroupRules = function(world, rule)
        return world.resources.SecurityGroups[rule.GroupId]
    end,
    Volumes = function(world, volume)
        for _, attachment in ipairs(volume.Attachments or {}) do
            if world.resources.Instances[attachment.InstanceId] then return true end
        end
        return false
    end,
    Addresses = function(world, address)
        return world.resources.NetworkInterfaces[address.NetworkInterfaceId or ""]
    end,
    IamInstanceProfileAssociations = function(world, association)
        return world.resources.Instances[association.InstanceId]
    end,
    VpcPeeringConnections = function(world, peering)
        local vpcs = world.resources.Vpcs
        return vpcs[(peering.RequesterVpcInfo or {}).VpcId or ""]
            or vpcs[(peering.AccepterVpcInfo or {}).VpcId or ""]
    end,
    EgressOnlyInternetGateways = function(world, gateway)
        return world.resources.Vpcs[((gateway.Attachments or {})[1] or {}).VpcId or ""]
    end,
}

function snapshot_world.prune(world)
    for _, kind in ipairs(kinds.names) do
        local belongs = BELONGS[kind]
        local gone = {}
        for id, resource in pairs(belongs and world.resources[kind] or {}) do
            if not belongs(world, resource) then gone[#gone + 1] = id end
        end
        for _, id in ipairs(gone) do sim_world.remove(world, kind, id) end
    end
    world.changes = {}
end

function snapshot_world.count(world)
    local count = 0
    for _, kind in ipairs(kinds.names) do count = count + #sim_world.all_ids(world, kind) end
    return count
end

return snapshot_world
