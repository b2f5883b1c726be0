-- sim_describe_test.lua - ids, filters and pages of describe operations are EC2's.
local builder = require "sim_builder"
local check = require "check"
local default_world = require "sim_default_world"
local helper = require "sim_helper"
local kinds = require "sim_kinds"
local sim_world = require "sim_world"

local call, fails, filter = helper.call, helper.fails, helper.filter

local function default() return builder.new(default_world.new()) end

local function names(w, filters)
    local list = {}
    for _, reservation in ipairs(call(w, "describe_instances",
                                      { Filters = filters }).Reservations) do
        for _, instance in ipairs(reservation.Instances) do
            for _, tag in ipairs(instance.Tags) do
                if tag.Key == "Name" then list[#list + 1] = tag.Value end
            end
        end
    end
    table.sort(list)
    return table.concat(list, " ")
end

return {
    { "filters: wildcards, several values, several filters, tags, states", function()
        local w = default()
        check.equal(names(w, filter("tag:Name", "web-*")), "web-6 web-7 web-8")
        check.equal(names(w, filter("tag:Name", "web-?")), "web-6 web-7 web-8")
        check.equal(names(w, filter("tag:Name", "web-\\*")), "")
        check.equal(names(w, filter("tag:Name", "WEB-*")), "", "case counts")
        check.equal(names(w, filter("tag:Name", "web-7", "app-1")), "app-1 web-7")
        check.equal(names(w, filter("instance-lifecycle", "spot")), "batch-1")
        check.equal(names(w, filter("tag-key", "aws:autoscaling:groupName")), "web-8")
        check.equal(names(w, filter("tag:aws:autoscaling:groupName", "web-fleet")), "web-8")
        check.equal(names(w, { { Name = "tag:Name", Values = { "*" } },
                               { Name = "instance-type", Values = { "t3.*" } } }),
                               "app-1 app-2 batch-1")
        check.equal(names(w, filter("instance-state-code", "16")),
                    "app-1 app-2 batch-1 db-1 web-6 web-7 web-8")
        check.equal(names(w, filter("network-interface.group-name", "app")),
                    "app-1 app-2 batch-1 web-7")
        check.equal(names(w, filter("owner-id", w.world.account, "1")):len() > 0, true)
    end },
    { "a filter that EC2 does not know, or has no values, is refused", function()
        local w = default()
        for _, operation in ipairs { "describe_instances", "describe_network_interfaces",
                                     "describe_vpcs",
                                     "describe_security_groups", "describe_tags",
                                     "describe_route_tables" } do
            fails(w, operation, { Filters = filter("no-such-thing", "x") }, "InvalidParameterValue",
                  "The filter 'no-such-thing' is invalid")
        end
        fails(w, "describe_security_group_rules", { Filters = filter("vpc-id", "x") },
              "InvalidParameterValue")
        local many = {}
        for i = 1, 201 do many[i] = "x" .. i end
        fails(w, "describe_vpcs", { Filters = { { Name = "vpc-id", Values = many } } },
              "FilterLimitExceeded")
        -- However many stars: looked at once, never tried again and again.
        local matches = require("sim_filters").matcher { ("*a"):rep(200) .. "b" }
        check.equal(matches { ("a"):rep(5000) }, false)
    end },
    { "an indexed filter finds what a walk finds", function()
        local w = default()
        for _, interface in pairs(w.world.resources.NetworkInterfaces) do
            local instance = (interface.Attachment or {}).InstanceId
            if instance then
                local list = call(w, "describe_network_interfaces",
                                  { Filters = filter("attachment.instance-id",
                                                     instance) }).NetworkInterfaces
                local found = false
                for _, one in ipairs(list) do
                    check.equal(one.Attachment.InstanceId, instance)
                    found = found or one.NetworkInterfaceId == interface.NetworkInterfaceId
                end
                check.ok(found)
                check.equal(#call(w, "describe_network_interfaces", { Filters = filter(
                    "attachment.instance-id", instance:sub(1, -2)
                        .. "?") }).NetworkInterfaces >= #list, true)
            end
        end
    end },
    { "an id that is not there, and one that is none", function()
        local w = default()
        for _, name in ipairs(kinds.names) do
            local kind = kinds[name]
            if kind.ids and kind.missing and kind.describe then
                local absent = kind.prefix .. "-0123456789abcdef0"
                fails(w, kind.describe, { [kind.ids] = { absent } }, kind.missing[1], absent)
                fails(w, kind.describe, { [kind.ids] = { "nonsense" } }, kind.malformed)
            end
        end
        local answer = fails(w, "describe_instances",
                             { InstanceIds = { "i-0123456789abcdef0", "i-12345678" } },
                             "InvalidInstanceID.NotFound")
        check.equal(answer.message,
                    "The instance IDs 'i-0123456789abcdef0, i-12345678' do not exist")
        check.equal(answer.status, 400)
        fails(w, "describe_addresses", { PublicIps = { "192.0.2.1" } }, "InvalidAddress.NotFound")
        fails(w, "describe_security_groups", { GroupNames = { "web" } }, "InvalidGroup.NotFound")
    end },
    { "pages: all of them together are the whole list", function()
        local w = helper.new()
        local vpc = w:vpc {}
        for i = 1, 23 do vpc:group { name = "g" .. i } end
        local seen, token, pages = {}, nil, 0
        repeat
            local page = call(w, "describe_security_groups", { MaxResults = 5, NextToken = token })
            for _, group in ipairs(page.SecurityGroups) do
                check.ok(not seen[group.GroupId], "twice")
                seen[group.GroupId] = true
            end
            token, pages = page.NextToken, pages + 1
        until not token
        check.equal(pages, 5)
        for id in pairs(w.world.resources.SecurityGroups) do check.ok(seen[id], "left out") end
    end },
    { "pages: what EC2 refuses", function()
        local w = default()
        local id = next(w.world.resources.Instances)
        fails(w, "describe_instances", { InstanceIds = { id }, MaxResults = 5 },
              "InvalidParameterCombination",
              "The parameter instancesSet cannot be used with the parameter maxResults")
        fails(w, "describe_instances", { MaxResults = 4 }, "InvalidParameterValue", "maxResults")
        fails(w, "describe_instances", { MaxResults = 1001 }, "InvalidParameterValue", "maxResults")
        fails(w, "describe_route_tables", { MaxResults = 101 }, "InvalidParameterValue",
              "maxResults")
        fails(w, "describe_instances", { NextToken = "zzz" }, "InvalidParameterValue", "token")
        local token = call(w, "describe_instances", { MaxResults = 5 }).NextToken
        fails(w, "describe_network_interfaces", { NextToken = token }, "InvalidParameterValue",
              "token")
    end },
    { "instances come in reservations, without the world's own members", function()
        local w = helper.new()
        local vpc = w:vpc {}
        local subnet = vpc:subnet { cidr = "10.0.1.0/24" }
        call(w, "run_instances", { ImageId = "ami-12345678", MinCount = 3, MaxCount = 3,
                                   SubnetId = subnet.id })
        subnet:instance {}
        local list = call(w, "describe_instances").Reservations
        check.equal(#list, 2)
        check.equal(#list[1].Instances + #list[2].Instances, 4)
        check.equal(list[1].OwnerId, w.world.account)
    end },
    { "every describe operation answers in its shape", function()
        local w = default()
        for operation in pairs(kinds.by_describe) do call(w, operation, {}) end
        for _, operation in ipairs { "describe_regions", "describe_availability_zones",
                                     "describe_tags",
                                     "describe_instance_status" } do
            check.ok(next(call(w, operation, {})), operation)
        end
    end },
    { "attributes, console, tags", function()
        local w = default()
        local id = call(w, "describe_instances", { Filters = filter("tag:Name", "db-1") })
            .Reservations[1].Instances[1].InstanceId
        local function attribute(name)
            return call(w, "describe_instance_attribute", { InstanceId = id, Attribute = name })
        end
        check.equal(attribute("disableApiTermination").DisableApiTermination.Value, true)
        check.equal(attribute("instanceInitiatedShutdownBehavior").InstanceInitiatedShutdownBehavior.Value, "stop")
        check.equal(attribute("groupSet").Groups[1].GroupName, "database")
        for _, name in ipairs { "instanceType", "userData", "blockDeviceMapping", "sourceDestCheck",
                                "kernel",
                                "ramdisk", "rootDeviceName", "ebsOptimized", "enaSupport",
                                "productCodes",
                                "sriovNetSupport", "disableApiStop", "enclaveOptions" } do
            check.equal(attribute(name).InstanceId, id)
        end
        fails(w, "describe_instance_attribute", { InstanceId = id, Attribute = "nothing" },
              "InvalidParameterValue")
        local web = call(w, "describe_instances", { Filters = filter("tag:Name", "web-7") })
            .Reservations[1].Instances[1].InstanceId
        check.has(call(w, "get_console_output", { InstanceId = web }).Output, "web login:")
        check.equal(call(w, "get_console_screenshot", { InstanceId = web }).InstanceId, web)
        check.equal(call(w, "describe_tags", { Filters = filter("resource-id", web) }).Tags,
                    { { Key = "Name", Value = "web-7", ResourceId = web,
                        ResourceType = "instance" } })
        check.equal(#call(w, "describe_tags", { Filters = { { Name = "key", Values = { "Name" } },
            { Name = "resource-type", Values = { "subnet" } } } }).Tags, 3)
    end },
    { "prefix lists and their entries", function()
        local w = helper.new()
        sim_world.load(w.world, "describe_managed_prefix_lists", { PrefixLists = { {
            PrefixListId = "pl-12345678", PrefixListName = "x", MaxEntries = 10 } } })
        sim_world.load(w.world, "get_managed_prefix_list_entries",
                       { Entries = { { Cidr = "10.0.0.0/8" } } },
                       { PrefixListId = "pl-12345678" })
        check.equal(call(w, "get_managed_prefix_list_entries",
                         { PrefixListId = "pl-12345678" }).Entries,
                    { { Cidr = "10.0.0.0/8" } })
        check.equal(call(w, "describe_prefix_lists").PrefixLists[1].Cidrs, { "10.0.0.0/8" })
    end },
}
