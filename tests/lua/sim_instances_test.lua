-- sim_instances_test.lua - instances over time, their attributes, tags, evidence, profiles.
local builder = require "sim_builder"
local check = require "check"
local default_world = require "sim_default_world"
local helper = require "sim_helper"
local instances = require "sim_instances"
local sim_clock = require "sim_clock"

local call, fails = helper.call, helper.fails

local function setup(options)
    local w = helper.new()
    local vpc = w:vpc { internet = true }
    local subnet = vpc:subnet { cidr = "10.0.1.0/24", public = true }
    options = options or {}
    options.name = options.name or "one"
    return w, subnet:instance(options), subnet
end

local function state(w, id) return helper.instance(w, id).State.Name end

local function modify(w, id, members)
    members.InstanceId = id
    return call(w, "modify_instance_attribute", members)
end

return {
    { "launched instances come up by themselves, with what goes with them", function()
        local w, _, subnet = setup()
        local params = { ImageId = "ami-12345678", MinCount = 2, MaxCount = 2,
                         InstanceType = "t3.small",
                         NetworkInterfaces = { { DeviceIndex = 0, SubnetId = subnet.id,
                                                 AssociatePublicIpAddress = true } },
                         TagSpecifications = { { ResourceType = "instance",
                                                 Tags = { { Key = "Name", Value = "n" } } } } }
        local list = call(w, "run_instances", params).Instances
        check.equal({ #list, list[1].State.Name, list[1].Tags[1].Value }, { 2, "pending", "n" })
        sim_clock.advance(w.world, 30)
        local one = helper.instance(w, list[2].InstanceId)
        check.equal({ one.State.Name, #one.NetworkInterfaces, #one.BlockDeviceMappings,
                      one.AmiLaunchIndex },
                    { "running", 1, 1, 1 })
        check.ok(one.PublicIpAddress)
        check.equal(one.SecurityGroups[1].GroupName, "default")
        fails(w, "run_instances", { ImageId = "ami-1", MinCount = 2, MaxCount = 1 },
              "InvalidParameterValue")
    end },
    { "stopping loses the assigned address, not an Elastic IP, and starting gets another",
      function()
        local w, one = setup()
        local before = helper.instance(w, one.id).PublicIpAddress
        check.equal(call(w, "stop_instances",
                         { InstanceIds = { one.id } }).StoppingInstances[1].CurrentState.Name,
                         "stopping")
        check.equal(state(w, one.id), "stopping")
        sim_clock.advance(w.world, 60)
        check.equal({ state(w, one.id), helper.instance(w, one.id).PublicIpAddress },
                    { "stopped", nil })
        call(w, "start_instances", { InstanceIds = { one.id } })
        sim_clock.advance(w.world, 60)
        check.equal(state(w, one.id), "running")
        check.ok(helper.instance(w, one.id).PublicIpAddress ~= before)
        one:elastic_ip()
        local elastic = helper.instance(w, one.id).PublicIpAddress
        call(w, "stop_instances", { InstanceIds = { one.id } })
        sim_clock.advance(w.world, 60)
        check.equal(helper.instance(w, one.id).PublicIpAddress, elastic)
    end },
    { "terminating takes interface and volumes along, and frees the address", function()
        local w, one = setup { volumes = 1, profile = "p" }
        local allocation = one:elastic_ip().id
        local kept = helper.instance(w, one.id).BlockDeviceMappings[2]
        modify(w, one.id, { BlockDeviceMappings = { { DeviceName = kept.DeviceName,
                                                      Ebs = { DeleteOnTermination = false } } } })
        call(w, "terminate_instances", { InstanceIds = { one.id } })
        check.equal(state(w, one.id), "shutting-down")
        sim_clock.advance(w.world, 60)
        check.equal({ state(w, one.id), next(w.world.resources.NetworkInterfaces) },
                    { "terminated" })
        check.equal(helper.one(w, "describe_volumes", "Volumes", "VolumeIds",
                               kept.Ebs.VolumeId).State, "available")
        check.equal(#call(w, "describe_volumes").Volumes, 1)
        check.equal(#call(w,
                          "describe_iam_instance_profile_associations").IamInstanceProfileAssociations, 0)
        call(w, "release_address", { AllocationId = allocation })
        call(w, "terminate_instances", { InstanceIds = { one.id } })
        fails(w, "stop_instances", { InstanceIds = { one.id } }, "IncorrectInstanceState")
        sim_clock.advance(w.world, 4000)
        fails(w, "describe_instances", { InstanceIds = { one.id } }, "InvalidInstanceID.NotFound")
    end },
    { "termination protection stops the API, not a shutdown from inside", function()
        local w, one = setup { shutdown = "terminate" }
        modify(w, one.id, { DisableApiTermination = { Value = true } })
        fails(w, "terminate_instances", { InstanceIds = { one.id } }, "OperationNotPermitted",
              "disableApiTermination")
        local copy = builder.new(require("sim_world").fork(w.world))
        instances.shut_down_inside(copy.world, one.id)
        sim_clock.advance(copy.world, 60)
        check.equal(state(copy, one.id), "terminated")
        modify(w, one.id, { InstanceInitiatedShutdownBehavior = { Value = "stop" } })
        instances.shut_down_inside(w.world, one.id)
        sim_clock.advance(w.world, 60)
        check.equal(state(w, one.id), "stopped")
    end },
    { "a Spot instance cannot be held that way", function()
        local w, one = setup { spot = true }
        fails(w, "modify_instance_attribute", { InstanceId = one.id,
            InstanceInitiatedShutdownBehavior = { Value = "stop" } }, "UnsupportedOperation")
        fails(w, "stop_instances", { InstanceIds = { one.id } }, "UnsupportedOperation")
    end },
    { "attributes: old and new form, one at a time, some only when stopped", function()
        local w, one = setup()
        modify(w, one.id, { Attribute = "instanceInitiatedShutdownBehavior", Value = "terminate" })
        check.equal(call(w, "describe_instance_attribute", { InstanceId = one.id,
            Attribute = "instanceInitiatedShutdownBehavior" }).InstanceInitiatedShutdownBehavior.Value, "terminate")
        fails(w, "modify_instance_attribute", { InstanceId = one.id,
                                                DisableApiStop = { Value = true },
              DisableApiTermination = { Value = true } }, "InvalidParameterCombination")
        fails(w, "modify_instance_attribute", { InstanceId = one.id },
              "InvalidParameterCombination")
        fails(w, "modify_instance_attribute", { InstanceId = one.id,
                                                InstanceType = { Value = "t3.large" } },
              "IncorrectInstanceState")
        fails(w, "modify_instance_attribute", { InstanceId = one.id,
            InstanceInitiatedShutdownBehavior = { Value = "explode" } }, "InvalidParameterValue")
    end },
    { "tags: set, replaced, removed by value, AWS's own left alone, fifty at most", function()
        local w, one, subnet = setup { asg = "fleet" }
        call(w, "create_tags", { Resources = { one.id, subnet.id },
                                 Tags = { { Key = "a", Value = "1" } } })
        call(w, "create_tags", { Resources = { one.id }, Tags = { { Key = "a", Value = "2" } } })
        check.equal(helper.instance(w, one.id).Tags, { { Key = "Name", Value = "one" },
                                                       { Key = "a", Value = "2" },
                    { Key = "aws:autoscaling:groupName", Value = "fleet" } })
        call(w, "delete_tags", { Resources = { one.id }, Tags = { { Key = "a", Value = "1" } } })
        check.equal(#helper.instance(w, one.id).Tags, 3)
        call(w, "delete_tags", { Resources = { one.id }, Tags = { { Key = "a" } } })
        check.equal(#helper.instance(w, one.id).Tags, 2)
        call(w, "delete_tags", { Resources = { one.id } })
        check.equal(helper.instance(w, one.id).Tags, { { Key = "aws:autoscaling:groupName",
                                                         Value = "fleet" } })
        local function refused(tags, code, words)
            fails(w, "create_tags", { Resources = { one.id }, Tags = tags }, code, words)
        end
        refused({ { Key = "aws:x", Value = "" } }, "InvalidParameterValue",
                "reserved for internal use")
        refused({ { Key = ("k"):rep(129), Value = "" } }, "InvalidParameterValue")
        refused({ { Key = "k", Value = ("v"):rep(257) } }, "InvalidParameterValue")
        refused({ { Key = "k", Value = "1" }, { Key = "k", Value = "2" } }, "InvalidParameterValue")
        fails(w, "delete_tags", { Resources = { one.id },
                                  Tags = { { Key = "aws:autoscaling:groupName" } } },
              "InvalidParameterValue")
        local many = {}
        for i = 1, 51 do many[i] = { Key = "k" .. i, Value = "" } end
        refused(many, "TagLimitExceeded")
        many[51] = nil
        call(w, "create_tags", { Resources = { one.id }, Tags = many })
        fails(w, "create_tags", { Resources = { "x" }, Tags = { { Key = "a", Value = "" } } },
              "InvalidID")
        fails(w, "create_tags", { Resources = { subnet.id, "i-12345678" },
                                  Tags = { { Key = "z", Value = "" } } },
              "InvalidInstanceID.NotFound")
        check.equal(helper.one(w, "describe_subnets", "Subnets", "SubnetIds", subnet.id).Tags,
                    { { Key = "a", Value = "1" } })
    end },
    { "snapshots: one, or all volumes at once; they complete as time passes", function()
        local w, one = setup { volumes = 2 }
        local list = call(w, "create_snapshots", { InstanceSpecification = { InstanceId = one.id },
                                                   Description = "IR-1",
            TagSpecifications = { { ResourceType = "snapshot",
                                    Tags = { { Key = "case", Value = "1" } } } } }).Snapshots
        check.equal({ #list, list[1].State, list[1].Tags[1].Value, list[1].Description },
                    { 3, "pending", "1", "IR-1" })
        check.equal(#call(w, "create_snapshots", { InstanceSpecification = { InstanceId = one.id,
                                                   ExcludeBootVolume = true } }).Snapshots, 2)
        sim_clock.advance(w.world, 100)
        check.equal(helper.one(w, "describe_snapshots", "Snapshots", "SnapshotIds",
                               list[1].SnapshotId).State, "completed")
        check.equal(#call(w, "describe_snapshots", { OwnerIds = { "self" } }).Snapshots, 5)
        check.equal(#call(w, "describe_snapshots", { OwnerIds = { "999999999999" } }).Snapshots, 0)
        fails(w, "create_snapshot", { VolumeId = "vol-12345678" }, "InvalidVolume.NotFound")
        call(w, "delete_snapshot", { SnapshotId = list[1].SnapshotId })
    end },
    { "instance profiles: one each, replaced under a new id, and the instance shows it", function()
        local w, one = setup()
        local function associate(name)
            return call(w, "associate_iam_instance_profile", { InstanceId = one.id,
                                                               IamInstanceProfile = { Name = name } })
                .IamInstanceProfileAssociation
        end
        local first = associate("web")
        check.has(helper.instance(w, one.id).IamInstanceProfile.Arn, ":instance-profile/web")
        fails(w, "associate_iam_instance_profile", { InstanceId = one.id,
                                                     IamInstanceProfile = { Name = "x" } },
              "IncorrectState", "There is an existing association for instance " .. one.id)
        local second = call(w, "replace_iam_instance_profile_association",
                            { AssociationId = first.AssociationId,
            IamInstanceProfile = { Name = "denied" } }).IamInstanceProfileAssociation
        check.ok(first.AssociationId ~= second.AssociationId)
        check.has(helper.instance(w, one.id).IamInstanceProfile.Arn, "denied")
        call(w, "disassociate_iam_instance_profile", { AssociationId = second.AssociationId })
        check.equal(helper.instance(w, one.id).IamInstanceProfile, nil)
        fails(w, "disassociate_iam_instance_profile", { AssociationId = second.AssociationId },
              "InvalidAssociationID.NotFound")
        check.equal(associate("web").IamInstanceProfile, first.IamInstanceProfile)
    end },
    { "the default world has what makes isolating hard", function()
        local w = builder.new(default_world.new())
        local function named(name)
            return call(w, "describe_instances",
                        { Filters = helper.filter("tag:Name", name) }).Reservations[1].Instances[1]
        end
        local victim = named("web-7")
        check.equal(#victim.NetworkInterfaces, 2)
        check.ok(victim.PublicIpAddress
                 and victim.NetworkInterfaces[1].SubnetId ~= victim.NetworkInterfaces[2].SubnetId)
        check.ok(#victim.NetworkInterfaces[1].Ipv6Addresses == 1, "IPv6")
        check.equal(named("web-6").SecurityGroups[1].GroupName, "quarantine")
        check.equal(#helper.group(w, named("web-6").SecurityGroups[1].GroupId).IpPermissionsEgress,
                    0)
        check.equal(#call(w, "describe_nat_gateways",
                          { Filter = helper.filter("state", "available") }).NatGateways, 1)
        check.equal(call(w, "get_caller_identity", {}, "sts").Account, w.world.account)
    end },
}
