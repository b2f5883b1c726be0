-- collect-evidence.lua - keep what an investigation of an instance needs.
--
-- Steps: Describe it, Snapshot its volumes, Screenshot, Share the snapshots (with account=), Copy
-- them (with kms_key=), Manifest. Nothing of it changes the instance, and undo leaves all of it.
-- A part that fails does not keep the others away: the run ends 3 and names it.
local evidence = require "evidence"
local isolate  = require "isolate"
local manifest = require "evidence_manifest"

local WARN = { on_failure = "warn" }
-- Snapshots of large volumes take hours; sharing needs none of that, copying does.
local COMPLETE = 3600

local function complete(ids)
    wait(function()
        for _, snapshot in ipairs(ec2.describe_snapshots { SnapshotIds = ids }.Snapshots) do
            if snapshot.State == "error" then
                error(snapshot.SnapshotId .. " failed: " .. (snapshot.StateMessage or "no reason given"), 0)
            end
            if snapshot.State ~= "completed" then return false end
        end
        return true
    end, { timeout = COMPLETE, interval = 15 })
end

local function share(snapshots, account)
    parallel(snapshots, function(one)
        ec2.modify_snapshot_attribute { SnapshotId = one.snapshot, Attribute = "createVolumePermission",
                                        OperationType = "add", UserIds = { account } }
    end)
end

-- AWS cannot share what is encrypted with its own key: a copy under a key that the other account
-- may use can be.
local function copy(snapshots, key, region)
    return parallel(snapshots, function(one)
        local made = ec2.copy_snapshot {
            SourceRegion = region, SourceSnapshotId = one.snapshot, Encrypted = true, KmsKeyId = key,
            Description = ("Copy of %s, evidence of %s"):format(one.snapshot, one.volume),
        }
        return { snapshot = made.SnapshotId, volume = one.volume }
    end)
end

return playbook {
    api     = 1,
    name    = "collect-evidence",
    summary = "Snapshot an instance's volumes and keep what the API says of it, with a manifest",

    args = {
        instance   = { type = "instance", required = true, help = "id or unique Name tag" },
        snapshots  = { type = "boolean", default = true, help = "snapshot all its volumes" },
        screenshot = { type = "boolean", default = true, help = "a picture of its console" },
        account    = { type = "string", help = "share the snapshots with this account, 12 digits" },
        kms_key    = { type = "string", help = "copy them first, under this KMS key" },
    },

    run = function(args, step)
        if args.account and not args.account:find("^%d%d%d%d%d%d%d%d%d%d%d%d$") then
            error("account: an AWS account has 12 digits, not " .. args.account, 0)
        end
        local host = isolate.instance(args.instance)
        local region = (host.instance.Placement or {}).AvailabilityZone or ""
        region = region:match("^(%a+%-[%a%-]+%-%d+)") or region
        local items, snapshots = {}, {}

        step("Describe it", WARN, function()
            items = manifest.read(host)
        end)
        step("Snapshot its volumes", { on_failure = "warn", when = args.snapshots }, function()
            snapshots = evidence.volumes(host)
            manifest.add(items, "snapshots", snapshots)
        end)
        step("Screenshot", { on_failure = "warn", when = args.screenshot }, function()
            manifest.add(items, "screenshot", evidence.screenshot(host))
        end)
        if args.kms_key then
            step("Copy the snapshots", WARN, function()
                local ids = {}
                for i, one in ipairs(snapshots) do ids[i] = one.snapshot end
                complete(ids)
                snapshots = copy(snapshots, args.kms_key, region)
                manifest.add(items, "copies", snapshots)
            end)
        end
        if args.account then
            step("Share the snapshots", WARN, function()
                share(snapshots, args.account)
            end)
        end
        step("Manifest", WARN, function()
            manifest.write(items)
        end)
    end,
}
