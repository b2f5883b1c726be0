-- sim_property_test.lua - random calls on random worlds keep what must always hold.
--
-- Each seed: a world with a hundred calls, right and wrong ones mixed. A call that fails leaves
-- the world as it was; none makes the simulator itself fail; every answer fits its shape.
local builder = require "sim_builder"
local check = require "check"
local default_world = require "sim_default_world"
local helper = require "sim_helper"
local kinds = require "sim_kinds"
local sim_clock = require "sim_clock"
local sim_rules = require "sim_rules"
local sim_world = require "sim_world"
local values = require "sim_values"

local SEEDS, CALLS = 100, 100

-- A drawing machine for one seed.
local function drawer(w, seed)
    local count = 0
    local d = {}
    function d.number(limit)
        count = count + 1
        return (values.mix(seed, count) >> 1) % limit + 1
    end
    function d.of(list) return list[d.number(#list)] end
    -- An id of a kind, one time in twenty one that is not there.
    function d.id(kind)
        local ids = sim_world.all_ids(w.world, kind)
        if #ids == 0 or d.number(20) == 1 then return kinds[kind].prefix .. "-0123456789abcdef0" end
        return d.of(ids)
    end
    function d.cidr()
        return d.of { "0.0.0.0/0", "10.0.0.0/8", "10.20.0.0/16", "203.0.113.0/24", "bad" }
    end
    return d
end

local function permissions(d)
    local peers = { { IpRanges = { { CidrIp = d.cidr() } } },
                    { Ipv6Ranges = { { CidrIpv6 = "::/0" } } },
                    { UserIdGroupPairs = { { GroupId = d.id "SecurityGroups" } } } }
    local permission = d.of(peers)
    permission.IpProtocol = d.of { "tcp", "udp", "-1", "icmp", "50" }
    permission.FromPort, permission.ToPort = d.of { 22, 80, 0 }, d.of { 22, 443, 65535 }
    return { permission }
end

local function association(d, kind, list, member)
    local resource = sim_world.get(d.world, kind, d.id(kind))
    local one = resource and (resource[list] or {})[1]
    return one and one[member] or "none-0123456789abcdef0"
end

local function acl_entry(d)
    return { NetworkAclId = d.id "NetworkAcls", RuleNumber = d.of { 1, 2, 100, 101, 32767 },
             Egress = d.of { true, false },
             Protocol = d.of { "-1", "6" }, RuleAction = d.of { "allow", "deny" },
             CidrBlock = d.cidr(),
             PortRange = { From = 1, To = 99 } }
end

local function route(d)
    local target = d.of { { GatewayId = d.id "InternetGateways" },
                          { NatGatewayId = d.id "NatGateways" },
                          { NetworkInterfaceId = d.id "NetworkInterfaces" } }
    target.RouteTableId, target.DestinationCidrBlock = d.id "RouteTables",
    d.of { "0.0.0.0/0", "10.20.0.0/16", "9.0.0.0/8" }
    return target
end

local CALLS_OF = {
    create_security_group = function(d)
        return { VpcId = d.id "Vpcs", GroupName = "g" .. d.number(30), Description = "d" }
    end,
    delete_security_group = function(d) return { GroupId = d.id "SecurityGroups" } end,
    authorize_security_group_ingress = function(d)
        return { GroupId = d.id "SecurityGroups", IpPermissions = permissions(d) }
    end,
    authorize_security_group_egress = function(d)
        return { GroupId = d.id "SecurityGroups", IpPermissions = permissions(d) }
    end,
    revoke_security_group_ingress = function(d)
        return { GroupId = d.id "SecurityGroups", IpPermissions = permissions(d) }
    end,
    revoke_security_group_egress = function(d)
        local rule = sim_world.get(d.world, "SecurityGroupRules", d.id "SecurityGroupRules") or {}
        return { GroupId = rule.GroupId or d.id "SecurityGroups",
                 SecurityGroupRuleIds = { rule.SecurityGroupRuleId or d.id "SecurityGroupRules" } }
    end,
    modify_network_interface_attribute = function(d)
        local members = d.of { { Groups = { d.id "SecurityGroups", d.id "SecurityGroups" } },
            { SourceDestCheck = { Value = d.of { true, false } } },
            { AssociatePublicIpAddress = d.of { true, false } },
            { ConnectionTrackingSpecification = { TcpEstablishedTimeout = d.of { 60, 10 } } } }
        members.NetworkInterfaceId = d.id "NetworkInterfaces"
        return members
    end,
    create_network_interface = function(d)
        return { SubnetId = d.id "Subnets", Groups = { d.id "SecurityGroups" } }
    end,
    delete_network_interface = function(d)
        return { NetworkInterfaceId = d.id "NetworkInterfaces" }
    end,
    attach_network_interface = function(d)
        return { NetworkInterfaceId = d.id "NetworkInterfaces", InstanceId = d.id "Instances",
                 DeviceIndex = d.number(4) - 1 }
    end,
    detach_network_interface = function(d)
        local eni = sim_world.get(d.world, "NetworkInterfaces", d.id "NetworkInterfaces") or {}
        return { AttachmentId = (eni.Attachment or {}).AttachmentId
                 or "eni-attach-0123456789abcdef0" }
    end,
    modify_instance_attribute = function(d)
        local members = d.of { { Groups = { d.id "SecurityGroups" } },
                               { DisableApiTermination = { Value = d.of { true, false } } },
            { InstanceInitiatedShutdownBehavior = { Value = d.of { "stop", "terminate" } } } }
        members.InstanceId = d.id "Instances"
        return members
    end,
    terminate_instances = function(d) return { InstanceIds = { d.id "Instances" } } end,
    stop_instances = function(d)
        return { InstanceIds = { d.id "Instances", d.id "Instances" } }
    end,
    start_instances = function(d) return { InstanceIds = { d.id "Instances" } } end,
    run_instances = function(d)
        return { ImageId = "ami-12345678", MinCount = 1, MaxCount = 2, SubnetId = d.id "Subnets" }
    end,
    create_tags = function(d) return { Resources = { d.id(d.of { "Instances", "SecurityGroups",
        "Subnets", "Volumes" }) },
                                       Tags = { { Key = d.of { "a", "b", "aws:c" },
                                                  Value = "v" } } } end,
    delete_tags = function(d)
        return { Resources = { d.id(d.of { "Instances", "SecurityGroups", "Subnets" }) } }
    end,
    create_network_acl = function(d) return { VpcId = d.id "Vpcs" } end,
    delete_network_acl = function(d) return { NetworkAclId = d.id "NetworkAcls" } end,
    create_network_acl_entry = acl_entry, replace_network_acl_entry = acl_entry,
    delete_network_acl_entry = function(d)
        return { NetworkAclId = d.id "NetworkAcls", RuleNumber = d.of { 1, 100 },
                 Egress = d.of { true, false } }
    end,
    replace_network_acl_association = function(d)
        return { NetworkAclId = d.id "NetworkAcls",
                 AssociationId = association(d, "NetworkAcls", "Associations",
                                             "NetworkAclAssociationId") }
    end,
    create_route_table = function(d) return { VpcId = d.id "Vpcs" } end,
    delete_route_table = function(d) return { RouteTableId = d.id "RouteTables" } end,
    create_route = route, replace_route = route,
    delete_route = function(d)
        return { RouteTableId = d.id "RouteTables",
                 DestinationCidrBlock = d.of { "0.0.0.0/0", "10.20.0.0/16" } }
    end,
    associate_route_table = function(d)
        return { RouteTableId = d.id "RouteTables", SubnetId = d.id "Subnets" }
    end,
    disassociate_route_table = function(d)
        return { AssociationId = association(d, "RouteTables", "Associations",
                                             "RouteTableAssociationId") }
    end,
    replace_route_table_association = function(d)
        return { RouteTableId = d.id "RouteTables",
                 AssociationId = association(d, "RouteTables", "Associations",
                                             "RouteTableAssociationId") }
    end,
    detach_internet_gateway = function(d)
        return { InternetGatewayId = d.id "InternetGateways", VpcId = d.id "Vpcs" }
    end,
    attach_internet_gateway = function(d)
        return { InternetGatewayId = d.id "InternetGateways", VpcId = d.id "Vpcs" }
    end,
    allocate_address = function() return {} end,
    associate_address = function(d)
        return { AllocationId = d.id "Addresses", NetworkInterfaceId = d.id "NetworkInterfaces",
                 AllowReassociation = d.of { true, false } }
    end,
    disassociate_address = function(d)
        local address = sim_world.get(d.world, "Addresses", d.id "Addresses") or {}
        return { AssociationId = address.AssociationId or "eipassoc-0123456789abcdef0" }
    end,
    release_address = function(d) return { AllocationId = d.id "Addresses" } end,
    delete_nat_gateway = function(d) return { NatGatewayId = d.id "NatGateways" } end,
    create_snapshots = function(d)
        return { InstanceSpecification = { InstanceId = d.id "Instances" } }
    end,
    associate_iam_instance_profile = function(d)
        return { InstanceId = d.id "Instances", IamInstanceProfile = { Name = "p" } }
    end,
    disassociate_iam_instance_profile = function(d)
        return { AssociationId = d.id "IamInstanceProfileAssociations" }
    end,
    replace_iam_instance_profile_association = function(d)
        return { AssociationId = d.id "IamInstanceProfileAssociations",
                 IamInstanceProfile = { Name = "q" } }
    end,
}
local NAMES = values.sorted_keys(CALLS_OF)

-- ---- what always holds --------------------------------------------------------------------

local function check_groups(world)
    for id, group in pairs(world.resources.SecurityGroups) do
        local rules = { [true] = {}, [false] = {} }
        for _, rule in ipairs(sim_world.by(world, "SecurityGroupRules", "group-id", id)) do
            table.insert(rules[rule.IsEgress], rule)
        end
        check.equal(group.IpPermissions, sim_rules.permissions(rules[false]))
        check.equal(group.IpPermissionsEgress, sim_rules.permissions(rules[true]))
    end
end

local function check_interfaces(world)
    for id, interface in pairs(world.resources.NetworkInterfaces) do
        check.ok(#interface.Groups > 0 or interface.RequesterManaged, id .. " without a group")
        for _, group in ipairs(interface.Groups) do
            check.ok(world.resources.SecurityGroups[group.GroupId], "a lost group")
        end
        local instance = world.resources.Instances[(interface.Attachment or {}).InstanceId or ""]
        if instance then
            local copy = assert(values.find(instance.NetworkInterfaces, "NetworkInterfaceId", id),
                                "no copy of " .. id)
            check.equal({ copy.Groups, copy.Status, copy.SourceDestCheck,
                          copy.ConnectionTrackingConfiguration,
                          (copy.Association or {}).PublicIp },
                        { interface.Groups, interface.Status, interface.SourceDestCheck,
                          interface.ConnectionTrackingConfiguration,
                          (interface.Association or {}).PublicIp }, id)
            if interface.Attachment.DeviceIndex == 0 then
                check.equal({ instance.SecurityGroups, instance.PublicIpAddress },
                            { interface.Groups, (interface.Association or {}).PublicIp },
                            instance.InstanceId)
            end
        end
    end
    for _, instance in pairs(world.resources.Instances) do
        for _, copy in ipairs(instance.NetworkInterfaces) do
            check.ok(world.resources.NetworkInterfaces[copy.NetworkInterfaceId],
                     "a copy of nothing")
        end
    end
end

local function check_network(world)
    for id, subnet in pairs(world.resources.Subnets) do
        check.equal(#sim_world.ids_by(world, "NetworkAcls", "association.subnet-id", id), 1,
                    "ACLs of " .. id)
        check.ok(#sim_world.ids_by(world, "RouteTables", "association.subnet-id", id) <= 1,
                 "tables of " .. id)
        check.ok(world.resources.Vpcs[subnet.VpcId])
    end
    for id in pairs(world.resources.Vpcs) do
        local mains = 0
        for _, rtb in ipairs(sim_world.by(world, "RouteTables", "vpc-id", id)) do
            check.equal(rtb.Routes[1].DestinationCidrBlock ~= nil, true)
            for _, one in ipairs(rtb.Associations) do mains = mains + (one.Main and 1 or 0) end
        end
        check.equal(mains, 1, "main tables of " .. id)
    end
    for id, address in pairs(world.resources.Addresses) do
        local interface = world.resources.NetworkInterfaces[address.NetworkInterfaceId or ""]
        if address.AssociationId then
            check.equal(interface.Association.AllocationId, id)
        else
            check.equal(address.NetworkInterfaceId, nil)
        end
    end
end

local function check_world(world)
    helper.check_indices(world)
    check_groups(world)
    check_interfaces(world)
    check_network(world)
end

-- ---- one seed -----------------------------------------------------------------------------

local function one_call(w, d, tally)
    local operation = d.of(NAMES)
    local params = CALLS_OF[operation](d)
    local before, revision = values.shallow(w.world.resources), w.world.revision
    for kind, map in pairs(before) do before[kind] = values.shallow(map) end
    local answer = helper.answer(w, operation, params)
    if answer.value then
        tally.done = tally.done + 1
    elseif w.world.revision ~= revision then
        for kind, map in pairs(before) do
            check.equal(w.world.resources[kind], map, operation .. " changed " .. kind)
        end
    end
    if answer.error then tally[answer.error.code] = true end
    if d.number(8) == 1 then sim_clock.advance(w.world, d.number(90)) end
end

local function run_seed(seed, tally)
    local w = builder.new(default_world.new())
    local d = drawer(w, seed)
    d.world = w.world
    for _ = 1, CALLS do one_call(w, d, tally) end
    check_world(w.world)
    local copy = sim_world.restore(sim_world.save(w.world))
    check.equal(copy.resources, w.world.resources)
end

return {
    { "random calls: all or nothing, in shape, and what holds holds", function()
        local tally = { done = 0 }
        for seed = 1, SEEDS do
            local ok, message = pcall(run_seed, seed, tally)
            if not ok then
                error(("seed %d: %s"):format(seed, type(message) == "table" and message.message
                                             or message), 0)
            end
        end
        check.ok(tally.done > SEEDS * CALLS / 4, ("only %d calls did something"):format(tally.done))
        for _, code in ipairs { "DependencyViolation", "InvalidGroup.NotFound",
                                "InvalidPermission.Duplicate",
                                "Resource.AlreadyAssociated", "RouteAlreadyExists",
                                "InvalidParameterValue",
                                "OperationNotPermitted", "NetworkAclEntryAlreadyExists" } do
            check.ok(tally[code], code .. " never came")
        end
    end },
    { "a fork that lives through the same calls ends the same, and its parent is untouched",
      function()
        for seed = 1, 5 do
            local parent = builder.new(default_world.new())
            local before = helper.resources(parent)
            local first, second = builder.new(sim_world.fork(parent.world)),
                builder.new(sim_world.fork(parent.world))
            for _, w in ipairs { first, second } do
                local d = drawer(w, seed)
                d.world = w.world
                for _ = 1, 60 do one_call(w, d, { done = 0 }) end
                check_world(w.world)
            end
            check.equal(helper.resources(first), helper.resources(second))
            check.equal(helper.resources(parent), before)
        end
    end },
}
