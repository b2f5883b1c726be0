-- sim_ec2_snapshots.lua - snapshots of volumes, and volumes themselves as far as evidence needs
-- them.
local access = require "sim_access"
local errors = require "sim_errors"
local sim_clock = require "sim_clock"
local sim_world = require "sim_world"
local values = require "sim_values"

local operations = {}

local SNAPSHOT_SECONDS = 40

local function snapshot_of(world, volume, description, tags)
    local snapshot = sim_world.put(world, "Snapshots", {
        SnapshotId = sim_world.new_id(world, "snap"), VolumeId = volume.VolumeId,
        VolumeSize = volume.Size, State = "pending", Progress = "0%", OwnerId = world.account,
        StartTime = sim_world.time(world), Description = description or "",
        Encrypted = volume.Encrypted or false, KmsKeyId = volume.KmsKeyId, StorageTier = "standard",
        Tags = tags })
    sim_clock.after(world, SNAPSHOT_SECONDS, "snapshot-completed", snapshot.SnapshotId)
    return snapshot
end

sim_clock.effects["snapshot-completed"] = function(world, id)
    if world.resources.Snapshots[id] then
        sim_world.change(world, "Snapshots", id, { State = "completed", Progress = "100%" })
    end
end

function operations.create_snapshot(world, params)
    local volume = access.named(world, "Volumes", params)
    return snapshot_of(world, volume, params.Description,
                       access.created_tags(world, params, "snapshot"))
end

local function is_wanted(instance, specification, volume)
    local device = volume.Attachments[1].Device
    if specification.ExcludeBootVolume and device == instance.RootDeviceName then return false end
    return not values.contains(specification.ExcludeDataVolumeIds, volume.VolumeId)
end

-- One of each volume of an instance, all of one moment.
function operations.create_snapshots(world, params)
    access.need(params, "InstanceSpecification")
    local specification = params.InstanceSpecification
    local instance = access.named(world, "Instances", specification, "InstanceId")
    local tags, list = access.created_tags(world, params, "snapshot"), {}
    for _, volume in ipairs(sim_world.by(world, "Volumes", "attachment.instance-id",
                                         instance.InstanceId)) do
        if is_wanted(instance, specification, volume) then
            local own = params.CopyTagsFromSource == "volume"
                and access.merged_tags(world, volume.Tags, tags) or tags
            list[#list + 1] = values.with(snapshot_of(world, volume, params.Description, own),
                                          { StorageTier = values.NONE, KmsKeyId = values.NONE })
        end
    end
    if #list == 0 then
        errors.invalid("The instance '%s' has no volumes to snapshot", instance.InstanceId)
    end
    return { Snapshots = list }
end

function operations.delete_snapshot(world, params)
    local snapshot = access.named(world, "Snapshots", params)
    sim_world.remove(world, "Snapshots", snapshot.SnapshotId)
    return {}
end

return operations
