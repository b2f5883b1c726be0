-- sim_world_test.lua - a world forks, remembers, indexes and comes back from records.
local builder = require "sim_builder"
local check = require "check"
local default_world = require "sim_default_world"
local filter_paths = require "sim_filter_paths"
local filters = require "sim_filters"
local helper = require "sim_helper"
local kinds = require "sim_kinds"
local model_shapes = require "model_shapes"
local ec2 = require "sim_ec2"
local sim = require "sim"
local sim_clock = require "sim_clock"
local sim_world = require "sim_world"
local values = require "sim_values"

local call = helper.call

local function default() return builder.new(default_world.new()) end

local function named(w, name)
    return call(w, "describe_instances", { Filters = helper.filter("tag:Name", name) })
        .Reservations[1].Instances[1]
end

return {
    { "the same seed gives the same ids, in AWS's form", function()
        local first, second = default_world.new(), default_world.new()
        check.equal(first.resources, second.resources)
        for id in pairs(first.resources.SecurityGroups) do
            check.ok(id:find("^sg%-0%x+$") and #id == 20, id)
        end
        check.ok(not values.equal(first.resources, default_world.new { seed = 2 }.resources))
    end },
    { "what a saved world still waits for happens, whatever modules are loaded", function()
        for _, effect in ipairs { "nat-available", "nat-deleted", "route-propagated",
                                  "snapshot-completed", "instance-running", "instance-stopped",
                                  "instance-terminated", "instance-forgotten" } do
            local lua = io.popen(("lua5.4 -e 'package.path = \"stdlib/host/?.lua\" "
                .. "print(type(require(\"sim_clock\").effects[\"%s\"]))'"):format(effect))
            check.equal(lua:read("l"), "function", effect)
            lua:close()
        end
    end },
    { "a fork does not see its parent's changes, nor the parent its fork's", function()
        local w = default()
        local before = helper.resources(w)
        local copy = builder.new(sim_world.fork(w.world))
        local instance = named(copy, "web-7")
        call(copy, "terminate_instances", { InstanceIds = { instance.InstanceId } })
        sim_clock.advance(copy.world, 60)
        check.equal(helper.resources(w), before, "the parent")
        local after = helper.resources(copy)
        call(w, "create_tags", { Resources = { instance.InstanceId },
                                 Tags = { { Key = "a", Value = "b" } } })
        check.equal(helper.resources(copy), after, "the fork")
        helper.check_indices(w.world)
        helper.check_indices(copy.world)
    end },
    { "a world comes back from its records as it was, with what is still to come", function()
        local w = default()
        call(w, "send_message",
             { QueueUrl = "https://sqs.eu-west-1.amazonaws.com/111122223333/findings",
                                  MessageBody = "{}" }, "sqs")
        local volume = next(w.world.resources.Volumes)
        local id = call(w, "create_snapshot", { VolumeId = volume }).SnapshotId
        local back = sim_world.restore(sim_world.save(w.world))
        check.equal(back.resources, w.world.resources)
        check.equal(back.queues, w.world.queues)
        helper.check_indices(back)
        sim_clock.advance(back, 100)
        check.equal(back.resources.Snapshots[id].State, "completed")
        check.equal(sim_world.new_id(back, "sg"), sim_world.new_id(w.world, "sg"), "ids go on")
    end },
    { "records that are none are refused in words", function()
        for _, bad in ipairs { {}, { { kind = "Vpcs" } }, { { world = { version = 9 } } },
                               { { world = { version = 1 } }, { kind = "Cars", resource = {} } },
                               { { world = { version = 1 } }, { kind = "names", resource = {} } },
                               { { world = { version = 1 } }, { kind = "Vpcs",
                                                                resource = {} } } } do
            local ok, message = pcall(sim_world.restore, bad)
            check.ok(not ok and type(message) == "string" and not message:find("%.lua:"),
                     tostring(message))
        end
    end },
    { "describe results of a real account load as they are", function()
        local w, real = helper.new(), default()
        for operation in pairs(kinds.by_describe) do
            sim_world.load(w.world, operation, call(real, operation, {}))
        end
        for _, kind in ipairs(kinds.names) do
            if not kinds[kind].hidden then
                check.equal(w.world.resources[kind], real.world.resources[kind], kind)
            end
        end
        helper.check_indices(w.world)
    end },
    { "groups without their rules get rules; the real ones take their place", function()
        local w, real = helper.new(), default()
        sim_world.load(w.world, "describe_security_groups", call(real, "describe_security_groups"))
        local rules = call(w, "describe_security_group_rules").SecurityGroupRules
        check.equal(#rules, #call(real, "describe_security_group_rules").SecurityGroupRules)
        check.equal(w.world.resources.SecurityGroups, real.world.resources.SecurityGroups)
        sim_world.load(w.world, "describe_security_group_rules",
                       call(real, "describe_security_group_rules"))
        check.equal(w.world.resources.SecurityGroupRules, real.world.resources.SecurityGroupRules)
        check.equal(w.world.resources.SecurityGroups, real.world.resources.SecurityGroups)
    end },
    { "derived rules have the same ids in every world, and no two groups share one", function()
        local real, groups = default(), {}
        for _, group in ipairs(call(real, "describe_security_groups").SecurityGroups) do
            local w = helper.new()
            sim_world.load(w.world, "describe_security_groups", { SecurityGroups = { group } })
            for id, rule in pairs(w.world.resources.SecurityGroupRules) do
                check.ok(not groups[id], "an id twice")
                groups[id] = rule.GroupId
            end
        end
        local all = helper.new()
        sim_world.load(all.world, "describe_security_groups",
                       call(real, "describe_security_groups"))
        for id, group in pairs(groups) do
            check.equal(all.world.resources.SecurityGroupRules[id].GroupId, group)
        end
    end },
    { "a group that names groups and lists of elsewhere loads", function()
        local w = helper.new()
        sim_world.load(w.world, "describe_security_groups", { SecurityGroups = { {
            GroupId = "sg-0000000000000000a", GroupName = "x", VpcId = "vpc-1",
            OwnerId = w.world.account,
            IpPermissionsEgress = {}, IpPermissions = { { IpProtocol = "-1",
                UserIdGroupPairs = { { GroupId = "sg-0000000000000000b", UserId = "1" } },
                PrefixListIds = { { PrefixListId = "pl-1" } } } } } } })
        check.equal(#call(w, "describe_security_group_rules").SecurityGroupRules, 2)
    end },
    { "an operation that fails half-way changes nothing", function()
        local w = default()
        local before, later = helper.resources(w), #w.world.later
        local ok = pcall(sim_world.atomically, w.world, function()
            for id in pairs(w.world.resources.Instances) do
                sim_world.remove(w.world, "Instances", id)
            end
            sim_clock.after(w.world, 1, "instance-stopped", "i-1")
            error("half-way", 0)
        end)
        check.ok(not ok)
        check.equal(helper.resources(w), before)
        check.equal(#w.world.later, later)
        helper.check_indices(w.world)
    end },
    { "in a rehearsal new ids are planned ones, and are found", function()
        local w = default()
        local copy = builder.new(sim_world.fork(w.world))
        copy.world.planned = {}
        local vpc = next(w.world.resources.Vpcs)
        local id = call(copy, "create_security_group", { VpcId = vpc, GroupName = "n",
                                                         Description = "d" }).GroupId
        check.equal(id, "sg-(planned-1)")
        check.equal(helper.group(copy, id).GroupName, "n")
        helper.fails(copy, "describe_security_groups", { GroupIds = { "sg-(planned-2)" } },
                     "InvalidGroup.NotFound")
        call(copy, "create_tags", { Resources = { id }, Tags = { { Key = "a", Value = "b" } } })
        check.equal(#call(copy, "describe_tags",
                          { Filters = helper.filter("resource-id", id) }).Tags, 1)
    end },
    { "DryRun and ClientToken are known where the API model has them", function()
        for _, one in ipairs(sim.modelled()) do
            local line = model_shapes.operation(one.service, one.operation)
            check.ok(line, one.operation .. " is no operation")
            if one.service == "ec2" then
                check.equal(ec2.no_dry_run[one.operation] ~= true, line:find(" dryrun") ~= nil,
                            one.operation .. " DryRun")
                if not line:find("^%S+ read") then
                    check.equal(ec2.client_token[one.operation] == true,
                                model_shapes.takes(one.service, one.operation, "ClientToken"),
                                one.operation .. " ClientToken")
                end
            end
        end
    end },
    { "filters of the tables belong to kinds that exist", function()
        for kind, names in pairs(filter_paths.INDEXED) do
            for _, name in ipairs(names) do
                check.ok(filters.of({}, kinds[kind], name), kind .. "/" .. name)
            end
        end
    end },
    { "ten thousand instances: built, forked, found and changed in time that does not grow",
      function()
        local w = helper.new()
        local vpc = w:vpc { cidr = "10.0.0.0/16" }
        local group = vpc:group { name = "fleet" }
        local subnet = vpc:subnet { cidr = "10.0.0.0/18" }
        local started = os.clock()
        local last
        for i = 1, 10000 do last = subnet:instance { groups = { group }, name = "n" .. i } end
        local built = os.clock() - started
        started = os.clock()
        local copy = builder.new(sim_world.fork(w.world))
        check.ok(os.clock() - started < 0.02, "the fork")
        started = os.clock()
        for _ = 1, 50 do
            check.equal(call(copy, "describe_instances",
                             { InstanceIds = { last.id } }).Reservations[1]
                .Instances[1].InstanceId, last.id)
            local eni = call(copy, "describe_network_interfaces",
                             { Filters = helper.filter("attachment.instance-id",
                                                       last.id) }).NetworkInterfaces[1]
            call(copy, "modify_network_interface_attribute",
                 { NetworkInterfaceId = eni.NetworkInterfaceId,
                                                               Groups = { group.id } })
        end
        local changed = os.clock() - started
        check.ok(built < 20 and changed < 1,
                 ("built in %.1f s, 50 rounds in %.2f s"):format(built, changed))
    end },
}
