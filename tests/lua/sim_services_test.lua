-- sim_services_test.lua - Auto Scaling, load balancers and IAM in the simulator.
local check = require "check"
local helper = require "sim_helper"
local sim_clock = require "sim_clock"
local values = require "sim_values"

local tests = {}
local function test(name, fn) tests[#tests + 1] = { name, fn } end

local function scaling(w, operation, params) return helper.call(w, operation, params, "autoscaling") end
local function elb(w, operation, params) return helper.call(w, operation, params, "elbv2") end
local function iam(w, operation, params) return helper.call(w, operation, params, "iam") end

-- Two instances behind a load balancer, in a group that asks it about their health.
local function fleet(options)
    options = options or {}
    local w = helper.new()
    local vpc = w:vpc { cidr = "10.0.0.0/16", internet = true }
    local subnet = vpc:subnet { cidr = "10.0.1.0/24", public = true }
    local front = vpc:group { ingress = { "tcp 443 0.0.0.0/0" } }
    local web = vpc:group { ingress = { { "tcp 80", front } } }
    local one = subnet:instance { name = "web-1", groups = { web } }
    local two = subnet:instance { name = "web-2", groups = { web } }
    local balancer = vpc:load_balancer { name = "front", subnets = { subnet }, groups = { front } }
    local targets = vpc:target_group { name = "web", port = 80, balancer = balancer }
    local group = vpc:auto_scaling_group { name = "fleet", instances = { one, two },
        min = options.min or 1, max = 4, health = options.health or "ELB",
        target_groups = { targets } }
    w:settle()
    return { w = w, vpc = vpc, subnet = subnet, one = one.id, two = two.id, group = group.id,
             targets = targets.id, blank = vpc:group { egress = {} } }
end

local function group_of(f)
    return scaling(f.w, "describe_auto_scaling_groups",
                   { AutoScalingGroupNames = { "fleet" } }).AutoScalingGroups[1]
end

local function state_of(f, id)
    local list = scaling(f.w, "describe_auto_scaling_instances",
                         { InstanceIds = { id } }).AutoScalingInstances
    return list[1] and list[1].LifecycleState
end

local function health_of(f, id)
    local list = elb(f.w, "describe_target_health", { TargetGroupArn = f.targets,
        Targets = { { Id = id } } }).TargetHealthDescriptions
    return list[1].TargetHealth.State, list[1].TargetHealth.Reason
end

local function isolate(f, id)
    helper.call(f.w, "modify_network_interface_attribute", {
        NetworkInterfaceId = helper.instance(f.w, id).NetworkInterfaces[1].NetworkInterfaceId,
        Groups = { f.blank.id } })
end

local function pass(f, seconds) sim_clock.advance(f.w.world, seconds) end

local function instance_state(f, id) return helper.instance(f.w, id).State.Name end

local function standby(f, id, decrement)
    return scaling(f.w, "enter_standby", { AutoScalingGroupName = "fleet", InstanceIds = { id },
                                           ShouldDecrementDesiredCapacity = decrement })
end

-- ---- what a group does by itself ----------------------------------------------------------

test("healthy members stay, and a quiet group looks no more", function()
    local f = fleet()
    check.equal(health_of(f, f.one), "healthy")
    helper.call(f.w, "create_tags", { Resources = { f.one }, Tags = { { Key = "a", Value = "b" } } })
    pass(f, 3600)
    check.equal({ instance_state(f, f.one), instance_state(f, f.two) }, { "running", "running" })
    check.equal(#f.w.world.later, 0)
end)

test("an isolated member is found unhealthy, terminated and replaced", function()
    local f = fleet()
    isolate(f, f.one)
    check.equal(health_of(f, f.one), "unhealthy")
    pass(f, 120)
    check.equal(instance_state(f, f.one), "terminated")
    local group = group_of(f)
    check.equal({ #group.Instances, group.DesiredCapacity }, { 2, 2 })
    check.equal(health_of(f, f.one), "draining")
    local texts = {}
    for i, one in ipairs(scaling(f.w, "describe_scaling_activities",
                                 { AutoScalingGroupName = "fleet" }).Activities) do
        texts[i] = one.Cause
    end
    check.has(table.concat(texts, "\n"), "ELB system health check failure")
end)

test("EC2's own status checks do not notice an isolation", function()
    local f = fleet { health = "EC2" }
    isolate(f, f.one)
    pass(f, 3600)
    check.equal(instance_state(f, f.one), "running")
end)

test("one that was deregistered by hand is terminated too", function()
    local f = fleet()
    elb(f.w, "deregister_targets", { TargetGroupArn = f.targets, Targets = { { Id = f.one } } })
    pass(f, 120)
    check.equal(instance_state(f, f.one), "terminated")
end)

test("Standby, detaching and suspending each keep an isolated instance", function()
    local f = fleet()
    standby(f, f.one, true)
    isolate(f, f.one)
    pass(f, 3600)
    check.equal({ instance_state(f, f.one), state_of(f, f.one) }, { "running", "Standby" })

    f = fleet()
    scaling(f.w, "detach_instances", { AutoScalingGroupName = "fleet", InstanceIds = { f.one },
                                       ShouldDecrementDesiredCapacity = true })
    isolate(f, f.one)
    pass(f, 3600)
    check.equal({ instance_state(f, f.one), state_of(f, f.one) }, { "running" })

    f = fleet()
    scaling(f.w, "suspend_processes", { AutoScalingGroupName = "fleet",
                                        ScalingProcesses = { "ReplaceUnhealthy" } })
    isolate(f, f.one)
    pass(f, 3600)
    check.equal({ instance_state(f, f.one), state_of(f, f.one) }, { "running", "InService" })
end)

test("termination protection does not hold Auto Scaling back", function()
    local f = fleet()
    helper.call(f.w, "modify_instance_attribute", { InstanceId = f.one,
                                                    DisableApiTermination = { Value = true } })
    isolate(f, f.one)
    pass(f, 120)
    check.equal(instance_state(f, f.one), "terminated")
end)

-- ---- Auto Scaling -------------------------------------------------------------------------

test("Standby at the minimum: refused with decrement, replaced without", function()
    local f = fleet { min = 2 }
    helper.fails(f.w, "enter_standby", { AutoScalingGroupName = "fleet", InstanceIds = { f.one },
                                         ShouldDecrementDesiredCapacity = true },
                 "ValidationError", "AutoScalingGroup fleet has min-size=2, max-size=4, and "
                 .. "desired-size=2. To place into standby 1 instance, please update the "
                 .. "AutoScalingGroup sizes appropriately.", "autoscaling")
    standby(f, f.one, false)
    pass(f, 120)
    check.equal({ #group_of(f).Instances, group_of(f).DesiredCapacity }, { 3, 2 })
    check.equal(state_of(f, f.one), "Standby")
end)

test("Standby takes it out of the target groups, and coming back undoes all of it", function()
    local f = fleet()
    local before = check.show({ group_of(f), f.w.world.resources.TargetGroups })
    standby(f, f.one, true)
    check.equal({ health_of(f, f.one) }, { "draining", "Target.DeregistrationInProgress" })
    helper.fails(f.w, "enter_standby", { AutoScalingGroupName = "fleet", InstanceIds = { f.one },
                                         ShouldDecrementDesiredCapacity = true },
                 "ValidationError", "The instance " .. f.one .. " is not in InService.",
                 "autoscaling")
    scaling(f.w, "exit_standby", { AutoScalingGroupName = "fleet", InstanceIds = { f.one } })
    check.equal(check.show({ group_of(f), f.w.world.resources.TargetGroups }), before)
    pass(f, 11)
    check.equal(health_of(f, f.one), "healthy")
end)

test("detached and attached again: the tag and the sizes follow", function()
    local f = fleet()
    local function tag() return check.show(helper.instance(f.w, f.one).Tags) end
    local before = tag()
    check.has(before, "aws:autoscaling:groupName")
    scaling(f.w, "detach_instances", { AutoScalingGroupName = "fleet", InstanceIds = { f.one },
                                       ShouldDecrementDesiredCapacity = true })
    check.ok(not tag():find("autoscaling", 1, true))
    check.equal(group_of(f).DesiredCapacity, 1)
    scaling(f.w, "attach_instances", { AutoScalingGroupName = "fleet", InstanceIds = { f.one } })
    check.equal({ tag(), group_of(f).DesiredCapacity }, { before, 2 })
    helper.fails(f.w, "attach_instances", { AutoScalingGroupName = "fleet",
                                            InstanceIds = { f.one } }, "ValidationError",
                 "is already part of AutoScalingGroup", "autoscaling")
end)

test("protection, processes and sizes", function()
    local f = fleet()
    scaling(f.w, "set_instance_protection", { AutoScalingGroupName = "fleet",
        InstanceIds = { f.one }, ProtectedFromScaleIn = true })
    scaling(f.w, "update_auto_scaling_group", { AutoScalingGroupName = "fleet", MinSize = 0,
                                                DesiredCapacity = 1 })
    pass(f, 120)
    check.equal({ instance_state(f, f.one), instance_state(f, f.two) },
                { "running", "terminated" })
    local before = check.show(group_of(f))
    scaling(f.w, "suspend_processes", { AutoScalingGroupName = "fleet" })
    check.equal(#group_of(f).SuspendedProcesses, 9)
    scaling(f.w, "resume_processes", { AutoScalingGroupName = "fleet" })
    check.equal(check.show(group_of(f)), before)
    for _, wrong in ipairs {
        { "update_auto_scaling_group", { MinSize = 5 }, "min bound" },
        { "update_auto_scaling_group", { DesiredCapacity = 9 }, "must be between" },
        { "enter_standby", { InstanceIds = { "i-0123456789abcdef0" },
                             ShouldDecrementDesiredCapacity = true }, "is not part of" },
        { "suspend_processes", { ScalingProcesses = { "Everything" } }, "process name" },
    } do
        helper.fails(f.w, wrong[1], values.with(wrong[2], { AutoScalingGroupName = "fleet" }),
                     "ValidationError", wrong[3], "autoscaling")
    end
    helper.fails(f.w, "exit_standby", { AutoScalingGroupName = "none", InstanceIds = { f.one } },
                 "ValidationError", "name not found", "autoscaling")
end)

-- ---- load balancers -----------------------------------------------------------------------

test("targets: registered, drained, and what cannot be registered", function()
    local f = fleet()
    local other = f.subnet:instance { name = "other" }
    elb(f.w, "register_targets", { TargetGroupArn = f.targets,
                                   Targets = { { Id = other.id, Port = 8080 } } })
    local list = elb(f.w, "describe_target_health",
                     { TargetGroupArn = f.targets }).TargetHealthDescriptions
    check.equal(#list, 3)
    local before = check.show(f.w.world.resources.TargetGroups)
    elb(f.w, "deregister_targets", { TargetGroupArn = f.targets, Targets = { { Id = other.id } } })
    elb(f.w, "deregister_targets", { TargetGroupArn = f.targets, Targets = { { Id = other.id } } })
    check.equal(#elb(f.w, "describe_target_health",
                     { TargetGroupArn = f.targets }).TargetHealthDescriptions, 3)
    elb(f.w, "register_targets", { TargetGroupArn = f.targets,
                                   Targets = { { Id = other.id, Port = 8080 } } })
    check.equal(check.show(f.w.world.resources.TargetGroups), before)
    for _, wrong in ipairs {
        { "register_targets", { TargetGroupArn = f.targets,
                                Targets = { { Id = "i-0123456789abcdef0" } } }, "InvalidTarget" },
        { "register_targets", { TargetGroupArn = "arn:none", Targets = { { Id = f.one } } },
          "TargetGroupNotFound" },
        { "describe_target_health", { TargetGroupArn = "arn:none" }, "TargetGroupNotFound" },
        { "describe_target_groups", { Names = { "none" } }, "TargetGroupNotFound" },
        { "describe_load_balancers", { Names = { "none" } }, "LoadBalancerNotFound" },
    } do
        helper.fails(f.w, wrong[1], wrong[2], wrong[3], nil, "elbv2")
    end
    local groups = elb(f.w, "describe_target_groups", {}).TargetGroups
    local balancers = elb(f.w, "describe_load_balancers", {}).LoadBalancers
    check.equal(groups[1].LoadBalancerArns[1], balancers[1].LoadBalancerArn)
end)

-- ---- IAM ----------------------------------------------------------------------------------

local POLICY = '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*",'
    .. '"Resource":"*"}]}'

test("a role's policies come and go", function()
    local w = helper.new()
    w:role { name = "web", policies = { "ReadOnlyAccess" } }
    check.equal(iam(w, "list_attached_role_policies", { RoleName = "web" }).AttachedPolicies[1]
                .PolicyName, "ReadOnlyAccess")
    local before = check.show(w.world.resources.Roles)
    iam(w, "put_role_policy", { RoleName = "web", PolicyName = "deny", PolicyDocument = POLICY })
    check.equal(iam(w, "list_role_policies", { RoleName = "web" }).PolicyNames, { "deny" })
    check.has(iam(w, "get_role_policy", { RoleName = "web", PolicyName = "deny" }).PolicyDocument,
              "%7B%22Version%22")
    iam(w, "delete_role_policy", { RoleName = "web", PolicyName = "deny" })
    check.equal(check.show(w.world.resources.Roles), before)
    local missing = { RoleName = "web", PolicyName = "deny" }
    for _, wrong in ipairs {
        { "delete_role_policy", missing, "NoSuchEntity" },
        { "get_role_policy", missing, "NoSuchEntity" },
        { "get_role", { RoleName = "none" }, "NoSuchEntity" },
        { "put_role_policy", { RoleName = "web", PolicyName = "x", PolicyDocument = "{" },
          "MalformedPolicyDocument" },
        { "put_role_policy", { RoleName = "web", PolicyName = "x",
                               PolicyDocument = POLICY:gsub("Deny", ("x"):rep(10240)) },
          "LimitExceeded" },
    } do
        helper.fails(w, wrong[1], wrong[2], wrong[3], nil, "iam")
    end
end)

test("instance profiles hold one role", function()
    local w = helper.new()
    w:role { name = "web" }
    w:role { name = "app" }
    local profile = iam(w, "get_instance_profile", { InstanceProfileName = "web" }).InstanceProfile
    check.equal(profile.Roles[1].RoleName, "web")
    helper.fails(w, "add_role_to_instance_profile",
                 { InstanceProfileName = "web", RoleName = "app" }, "LimitExceeded", nil, "iam")
    helper.fails(w, "delete_instance_profile", { InstanceProfileName = "web" }, "DeleteConflict",
                 nil, "iam")
    iam(w, "create_instance_profile", { InstanceProfileName = "empty" })
    helper.fails(w, "create_instance_profile", { InstanceProfileName = "empty" },
                 "EntityAlreadyExists", nil, "iam")
    iam(w, "add_role_to_instance_profile", { InstanceProfileName = "empty", RoleName = "app" })
    check.equal(#iam(w, "list_instance_profiles_for_role",
                     { RoleName = "app" }).InstanceProfiles, 2)
    iam(w, "remove_role_from_instance_profile", { InstanceProfileName = "empty", RoleName = "app" })
    helper.fails(w, "remove_role_from_instance_profile",
                 { InstanceProfileName = "empty", RoleName = "app" }, "NoSuchEntity", nil, "iam")
    iam(w, "delete_instance_profile", { InstanceProfileName = "empty" })
    helper.fails(w, "get_instance_profile", { InstanceProfileName = "empty" }, "NoSuchEntity", nil,
                 "iam")
end)

test("a denial has each service's code and prefix", function()
    local f = fleet()
    f.w.world.denied = {}
    for service, case in pairs {
        autoscaling = { "enter_standby", "AccessDenied", "autoscaling:EnterStandby" },
        elbv2 = { "deregister_targets", "AccessDenied", "elasticloadbalancing:DeregisterTargets" },
        ec2 = { "create_tags", "UnauthorizedOperation", "ec2:CreateTags" },
    } do
        local failure = require("sim_faults").denial(f.w.world, { service = service,
                                                                  operation = case[1] })
        check.equal(failure.code, case[2])
        check.has(failure.message, case[3])
    end
end)

return tests
