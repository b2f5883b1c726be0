-- sim_builder_services.lua - what is around instances in built worlds: load balancers, target
-- groups, Auto Scaling groups, roles.
--
-- Owns: w:role, vpc:load_balancer, vpc:target_group, vpc:auto_scaling_group for sim_builder.lua.
-- No operation of the simulator makes these: they are put in as the services describe them.
local scaling = require "sim_scaling"
local sim_world = require "sim_world"
local targets = require "sim_targets"
local values = require "sim_values"

local services = {}

local TRUST = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":'
    .. '"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}'

local function number(world)
    return ("%016x"):format(sim_world.random(world, math.maxinteger))
end

-- A role for instances and the instance profile of that name. options: name, policies (names of
-- AWS's own that are attached), inline (name -> document).
function services.role(w, options)
    local world, name = w.world, options.name
    local attached = {}
    for i, policy in ipairs(options.policies or {}) do
        attached[i] = { PolicyName = policy, PolicyArn = "arn:aws:iam::aws:policy/" .. policy }
    end
    sim_world.put(world, "Roles", {
        Path = "/", RoleName = name, RoleId = "AROA" .. number(world):upper() .. "X",
        Arn = ("arn:aws:iam::%s:role/%s"):format(world.account, name),
        CreateDate = sim_world.time(world), AssumeRolePolicyDocument = TRUST, Tags = {},
        MaxSessionDuration = 3600, Policies = options.inline or {}, Attached = attached })
    w:call("create_instance_profile", { InstanceProfileName = name }, "iam")
    w:call("add_role_to_instance_profile", { InstanceProfileName = name, RoleName = name }, "iam")
    return { id = name, name = name }
end

local function arn_of(world, kind, path)
    return ("arn:aws:elasticloadbalancing:%s:%s:%s/%s"):format(world.region, world.account, kind,
                                                               path)
end

-- options: name, subnets, groups, type ("application"), number (16 digits), interfaces (false:
-- they are there already).
function services.load_balancer(vpc, options)
    local world, type_of = vpc.w.world, options.type or "application"
    local short = type_of == "network" and "net" or "app"
    local path = ("%s/%s/%s"):format(short, options.name, options.number or number(world))
    local zones, groups = {}, {}
    for i, subnet in ipairs(options.subnets) do
        zones[i] = { SubnetId = subnet.id,
                     ZoneName = world.resources.Subnets[subnet.id].AvailabilityZone }
        if options.interfaces ~= false then
            subnet:managed_interface { description = "ELB " .. path, groups = options.groups }
        end
    end
    for i, group in ipairs(options.groups or {}) do groups[i] = group.id or group end
    local arn = arn_of(world, "loadbalancer", path)
    sim_world.put(world, "LoadBalancers", {
        LoadBalancerArn = arn, LoadBalancerName = options.name, Type = type_of, VpcId = vpc.id,
        DNSName = ("%s-1.%s.elb.amazonaws.com"):format(options.name, world.region),
        Scheme = "internet-facing", State = { Code = "active" }, AvailabilityZones = zones,
        SecurityGroups = groups, IpAddressType = "ipv4", CreatedTime = sim_world.time(world) })
    return { id = arn, name = options.name }
end

-- options: name, port, protocol ("HTTP"), balancer, targets (instances), type ("instance").
function services.target_group(vpc, options)
    local world = vpc.w.world
    local arn = arn_of(world, "targetgroup", options.name .. "/" .. number(world))
    local protocol = options.protocol or "HTTP"
    sim_world.put(world, "TargetGroups", {
        TargetGroupArn = arn, TargetGroupName = options.name, Protocol = protocol,
        Port = options.port, VpcId = vpc.id, TargetType = options.type or "instance",
        HealthCheckProtocol = protocol, HealthCheckPort = "traffic-port",
        HealthCheckEnabled = true, HealthCheckIntervalSeconds = 30, HealthCheckTimeoutSeconds = 5,
        HealthyThresholdCount = 5, UnhealthyThresholdCount = 2, IpAddressType = "ipv4",
        LoadBalancerArns = options.balancer and { options.balancer.id } or {}, Targets = {} })
    for _, target in ipairs(options.targets or {}) do
        targets.register(world, arn, { Id = target.id or target })
    end
    return { id = arn, name = options.name }
end

-- What it launches with: as its first member, where it has one.
local function settings_of(world, options)
    local like = options.instances and options.instances[1]
        and world.resources.Instances[options.instances[1].id] or {}
    local groups = {}
    for i, group in ipairs(like.SecurityGroups or {}) do groups[i] = group.GroupId end
    for i, group in ipairs(options.groups or {}) do groups[i] = group.id end
    return { AutoScalingGroupName = options.name, Groups = groups,
             SubnetId = options.subnet and options.subnet.id or like.SubnetId,
             InstanceType = like.InstanceType or "t3.micro",
             IamInstanceProfile = like.IamInstanceProfile
                 and { Arn = like.IamInstanceProfile.Arn },
             Tags = { { Key = "aws:autoscaling:groupName", Value = options.name } } }
end

local function put_group(world, options, settings)
    local name, count = options.name, #(options.instances or {})
    local subnet = world.resources.Subnets[settings.SubnetId] or {}
    local target_groups = {}
    for i, one in ipairs(options.target_groups or {}) do target_groups[i] = one.id end
    sim_world.put(world, "AutoScalingGroups", {
        AutoScalingGroupName = name,
        AutoScalingGroupARN = ("arn:aws:autoscaling:%s:%s:autoScalingGroup:%s:"
            .. "autoScalingGroupName/%s"):format(world.region, world.account, number(world), name),
        LaunchTemplate = { LaunchTemplateId = "lt-0" .. number(world), LaunchTemplateName = name,
                           Version = "$Default" },
        MinSize = options.min or count, MaxSize = options.max or math.max(count, 1),
        DesiredCapacity = options.desired or count, DefaultCooldown = 300,
        AvailabilityZones = { subnet.AvailabilityZone }, LoadBalancerNames = {},
        TargetGroupARNs = target_groups, HealthCheckType = options.health or "EC2",
        HealthCheckGracePeriod = 0, Instances = {}, CreatedTime = sim_world.time(world),
        SuspendedProcesses = {}, VPCZoneIdentifier = settings.SubnetId, EnabledMetrics = {},
        Tags = {}, TerminationPolicies = { "Default" }, NewInstancesProtectedFromScaleIn = false })
end

-- options: name, instances, min, max, desired, health ("EC2" or "ELB"), target_groups, subnet and
-- groups (for what it launches).
function services.auto_scaling_group(vpc, options)
    local world = vpc.w.world
    local settings = settings_of(world, options)
    put_group(world, options, settings)
    sim_world.put(world, "ScalingSettings", settings)
    for _, instance in ipairs(options.instances or {}) do
        scaling.add_member(world, options.name, instance.id)
    end
    return { id = options.name, name = options.name }
end

-- Registrations are long over when a world begins.
function services.settle(w)
    for _, key in ipairs(values.sorted_keys(w.world.resources.TargetStates)) do
        sim_world.remove(w.world, "TargetStates", key)
    end
end

return services
