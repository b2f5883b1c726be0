-- sim_faults_test.lua - dry runs, client tokens, permissions and injected faults.
local builder = require "sim_builder"
local check = require "check"
local default_world = require "sim_default_world"
local helper = require "sim_helper"
local sim = require "sim"
local sim_clock = require "sim_clock"
local sim_world = require "sim_world"

local call, fails = helper.call, helper.fails

local function setup(faults)
    local w = helper.new()
    local vpc = w:vpc {}
    local group = vpc:group { name = "g" }
    w.world.faults = faults or {}
    return w, vpc, group
end

local function create(w, vpc, name)
    return helper.answer(w, "create_security_group", { VpcId = vpc.id, GroupName = name,
                                                       Description = "d" })
end

return {
    { "a dry run is answered with EC2's error and changes nothing", function()
        local w, vpc, group = setup()
        local before = helper.resources(w)
        local answer = fails(w, "delete_security_group", { GroupId = group.id, DryRun = true },
                             "DryRunOperation",
                             "Request would have succeeded, but DryRun flag is set.")
        check.equal(answer.status, 412)
        w.world.denied = { "delete_*" }
        answer = fails(w, "delete_security_group", { GroupId = group.id, DryRun = true },
                       "UnauthorizedOperation",
                       "not authorized to perform: ec2:DeleteSecurityGroup")
        check.equal(answer.status, 403)
        fails(w, "delete_security_group", { GroupId = group.id }, "UnauthorizedOperation")
        check.equal(helper.resources(w), before)
        call(w, "describe_vpcs", { VpcIds = { vpc.id } })
    end },
    { "an operation without DryRun refuses it instead of doing the thing", function()
        local w = builder.new(default_world.new())
        local id = next(w.world.resources.IamInstanceProfileAssociations)
        local answer = sim.answer(w.world, { service = "ec2",
                                             operation = "disassociate_iam_instance_profile",
                                             params = { AssociationId = id, DryRun = true } })
        check.equal(answer.error.code, "UnknownParameter")
        check.ok(w.world.resources.IamInstanceProfileAssociations[id])
    end },
    { "the same client token is the same answer; other parameters are refused", function()
        local w, vpc = setup()
        local params = { VpcId = vpc.id, ClientToken = "t1" }
        local first = call(w, "create_network_acl", params)
        check.equal(call(w, "create_network_acl", params), first)
        check.equal(#call(w, "describe_network_acls",
                          { Filters = helper.filter("default", "false") }).NetworkAcls, 1)
        local other = w:vpc { cidr = "10.1.0.0/16" }
        fails(w, "create_network_acl", { VpcId = other.id, ClientToken = "t1" },
              "IdempotentParameterMismatch")
        fails(w, "create_network_acl", { VpcId = "vpc-12345678", ClientToken = "t2" },
              "InvalidVpcID.NotFound")
        call(w, "create_network_acl", { VpcId = other.id, ClientToken = "t2" })
    end },
    { "an error on the n-th call, and only there", function()
        local w, vpc = setup { { operation = "create_security_group", nth = 2,
                                 code = "RequestLimitExceeded" } }
        check.ok(create(w, vpc, "a").value)
        local second = create(w, vpc, "b").error
        check.equal({ second.code, second.status, second.retryable },
                    { "RequestLimitExceeded", 503, true })
        check.ok(create(w, vpc, "b").value)
    end },
    { "several in a row, by wildcard and by parameter", function()
        local w, vpc, group = setup { { operation = "authorize_*", nth = 1, times = 2,
                                        code = "Unavailable" },
            { operation = "delete_security_group", params = { GroupId = "sg-12345678" },
              code = "InternalError" } }
        local params = { GroupId = group.id,
                         IpPermissions = { { IpProtocol = "icmp",
                                             IpRanges = { { CidrIp = "10.0.0.0/8" } } } } }
        for _ = 1, 2 do
            check.equal(sim.answer(w.world, { service = "ec2",
                                              operation = "authorize_security_group_ingress",
                                              params = params }).error.code, "Unavailable")
        end
        call(w, "authorize_security_group_ingress", params)
        check.equal(sim.answer(w.world, { service = "ec2", operation = "delete_security_group",
                                          params = { GroupId = "sg-12345678" } }).error.status, 500)
        check.ok(call(w, "delete_security_group", { GroupId = group.id }))
        check.ok(vpc)
    end },
    { "a time-out after the change: the caller sees none, the world has it", function()
        local w, vpc = setup { { operation = "create_security_group", nth = 1, timeout = "after" },
                               { operation = "create_security_group", nth = 2,
                                 timeout = "before" } }
        local answer = create(w, vpc, "a")
        check.equal({ answer.unknown, answer.value, answer.error.code },
                    { true, nil, "RequestTimeout" })
        check.equal(create(w, vpc, "b").unknown, true)
        check.equal(create(w, vpc, "a").error.code, "InvalidGroup.Duplicate")
        check.ok(create(w, vpc, "b").value)
    end },
    { "latency is simulated time", function()
        local w, vpc = setup { { operation = "describe_vpcs", latency = 2.5 } }
        local before = w.world.now
        call(w, "describe_vpcs", { VpcIds = { vpc.id } })
        check.equal(w.world.now - before, 2500000)
        w.world.call_latency = 50000
        call(w, "describe_subnets", {})
        check.equal(w.world.now - before, 2550000)
    end },
    { "stale reads see the state before the latest change, so many times", function()
        local w, vpc = setup { { operation = "describe_security_groups", stale = 2 } }
        local id = create(w, vpc, "late").value.GroupId
        for _ = 1, 2 do
            fails(w, "describe_security_groups", { GroupIds = { id } }, "InvalidGroup.NotFound")
        end
        check.equal(helper.group(w, id).GroupName, "late")
        call(w, "create_tags", { Resources = { id }, Tags = { { Key = "a", Value = "b" } } })
        check.equal(#helper.group(w, id).Tags, 0)
        check.equal(#helper.group(w, id).Tags, 0)
        check.equal(#helper.group(w, id).Tags, 1)
    end },
    { "a colleague's change happens just before the call", function()
        local w, vpc, group = setup()
        w.world.faults = { { operation = "delete_security_group", nth = 1, change = { {
            operation = "authorize_security_group_ingress",
            params = { GroupId = vpc:group { name = "x" }.id,
                IpPermissions = { { IpProtocol = "-1",
                                    UserIdGroupPairs = { { GroupId = group.id } } } } } } } } }
        fails(w, "delete_security_group", { GroupId = group.id }, "DependencyViolation")
    end },
    { "the host killed before or after, a denied call half-way", function()
        local w, vpc = setup { { operation = "create_security_group", nth = 1, kill = "before" },
                               { operation = "create_security_group", nth = 2, kill = "after" },
                               { operation = "create_security_group", nth = 3, deny = true } }
        check.equal(create(w, vpc, "a"), { kill = true })
        check.equal(create(w, vpc, "a"), { kill = true, done = true })
        check.equal(create(w, vpc, "z").error.code, "UnauthorizedOperation")
        check.equal(create(w, vpc, "a").error.code, "InvalidGroup.Duplicate")
    end },
    { "what is not simulated says so", function()
        local w = setup()
        check.equal(sim.answer(w.world, { service = "ec2", operation = "describe_hosts",
                                          params = {} }), { not_modelled = true })
        check.equal(sim.answer(w.world, { service = "iam", operation = "list_roles", params = {} }),
                    { not_modelled = true })
        check.ok(sim.models("ec2", "describe_vpcs") and not sim.models("ec2", "describe_hosts"))
    end },
    { "a fork has its own count of faults", function()
        local w, vpc = setup { { operation = "create_security_group", nth = 1,
                                 code = "Unavailable" } }
        local copy = builder.new(sim_world.fork(w.world))
        check.equal(create(copy, vpc, "a").error.code, "Unavailable")
        check.ok(create(copy, vpc, "a").value)
        check.equal(create(w, vpc, "a").error.code, "Unavailable")
        sim_clock.advance(w.world, 1)
    end },
}
