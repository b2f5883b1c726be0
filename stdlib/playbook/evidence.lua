-- evidence.lua - keeping what an investigation needs.
--
-- Owns: tagging what was isolated, snapshots of its volumes, what its console shows, and what
-- the API says of it. To be used after the cut: an instance may read its own tags, and nothing
-- may delay a containment. Undo leaves evidence.
local facts = require "run_facts"

local evidence = {}

local LONGEST_VALUE = 256
local CONSOLE_TIMEOUT = 10

-- The instance, and the final groups, network ACLs and route tables that this run made.
local function resources_of(host)
    local ids = table.move(host.made or {}, 1, #(host.made or {}), 2, { host.id })
    for _, group in ipairs(host.cut and host.cut.made or {}) do
        if group.kind == "final" then ids[#ids + 1] = group.id end
    end
    return ids
end

-- A value of at most 256 characters, never cut inside one.
local function shortened(text)
    local ends = utf8.len(text) and utf8.offset(text, LONGEST_VALUE + 1) or LONGEST_VALUE + 1
    return ends and text:sub(1, ends - 1) or text
end

-- cordon:run, cordon:isolated-at (when the run began) and cordon:ticket.
local function tags_now()
    local tags = { { Key = "cordon:run", Value = facts.id },
                   { Key = "cordon:isolated-at", Value = facts.began() } }
    if facts.ticket then
        tags[3] = { Key = "cordon:ticket", Value = shortened(facts.ticket) }
    end
    return tags
end

function evidence.tags(host)
    ec2.create_tags { Resources = resources_of(host), Tags = tags_now() }
    return true
end

-- The journal keeps what is read. Inside `wait` it is not read in a rehearsal: before the cut
-- it is worth nothing, and would only delay the prompt.
function evidence.console(host)
    wait(function()
        ec2.get_console_output { InstanceId = host.id }
        return true
    end, { timeout = CONSOLE_TIMEOUT })
    return true
end

-- Snapshots of all its volumes, of one moment (crash-consistent), with the volumes' own tags
-- beside cordon's. One call. Gives {{snapshot, volume}, ...}; they complete later.
function evidence.volumes(host)
    local made = ec2.create_snapshots {
        InstanceSpecification = { InstanceId = host.id }, CopyTagsFromSource = "volume",
        Description = ("Evidence of %s, cordon run %s"):format(host.id, facts.id),
        TagSpecifications = { { ResourceType = "snapshot", Tags = tags_now() } },
    }
    local list = {}
    for i, snapshot in ipairs(made.Snapshots or {}) do
        list[i] = { snapshot = snapshot.SnapshotId, volume = snapshot.VolumeId }
    end
    return list
end

-- A picture of its console as it is now, without waking it up: a JPEG in Base64.
function evidence.screenshot(host)
    return ec2.get_console_screenshot { InstanceId = host.id }.ImageData
end

-- Both at once. The host answers in order: what waits for no answer goes first.
function evidence.record(host)
    parallel({ evidence.console, evidence.tags }, function(part) return part(host) end)
end

return evidence
