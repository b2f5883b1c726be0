-- facts_evidence.lua - calls that only collect evidence.
--
-- Owns: which they are. They change nothing of what is isolated, undo leaves what they made, and
-- nobody is hit by them. Pure.
local function evidence(sign, what, made)
    return { facts = function() return {} end, kept = "evidence: undo leaves it",
             made = made, evidence = made,
             sign = function(call) return sign, what(call) end }
end

local function instance_of(call)
    return (call.params.InstanceSpecification or {}).InstanceId or call.params.InstanceId
end

local function ids_of(result)
    local ids = {}
    for i, one in ipairs(result.Snapshots or {}) do ids[i] = one.SnapshotId end
    return ids
end

local function one_id(result) return { result.SnapshotId } end

local screenshot = evidence("+", function(call) return instance_of(call), "console screenshot" end,
                            function() return {} end)
-- WakeUp is a keystroke on the instance.
screenshot.knows = { "InstanceId" }

-- What is shared can be copied by the other account at once: nothing takes that back.
local share = evidence("+", function(call)
    local accounts = table.concat(call.params.UserIds or {}, ", ")
    return call.params.SnapshotId, "shared with " .. accounts
end, function() return {} end)
share.knows = { "SnapshotId", "Attribute", "OperationType", "UserIds" }

function share.understands(call)
    return call.params.Attribute == "createVolumePermission" and call.params.OperationType == "add"
end

return { kinds = {}, mutations = {
    ["ec2.create_snapshot"] = evidence("+", function(call)
        return call.params.VolumeId, "snapshot"
    end, one_id),
    ["ec2.create_snapshots"] = evidence("+", function(call)
        return instance_of(call), "snapshots of its volumes"
    end, ids_of),
    ["ec2.copy_snapshot"] = evidence("+", function(call)
        return call.params.SourceSnapshotId, "copy"
    end, one_id),
    ["ec2.get_console_screenshot"] = screenshot,
    ["ec2.modify_snapshot_attribute"] = share,
} }
