-- flow_simulator_test.lua - the flow engine on the simulator's own world, changed by calls only.
local blast = require "blast"
local check = require "check"
local default_world = require "sim_default_world"
local engine = require "flow_engine"
local reach = require "reach"
local sim = require "sim"
local sim_clock = require "sim_clock"
local sim_world = require "sim_world"

local function named(world, name)
    for id, instance in pairs(world.resources.Instances) do
        for _, tag in ipairs(instance.Tags or {}) do
            if tag.Key == "Name" and tag.Value == name then return id end
        end
    end
    error("there is no instance named " .. name)
end

local function call(world, operation, params)
    local answer = sim.answer(world, { service = "ec2", operation = operation, params = params })
    check.ok(answer.value, operation .. ": " .. check.show(answer.error))
    return answer.value
end

local function interfaces_of(world, instance)
    return call(world, "describe_network_interfaces", { Filters = {
        { Name = "attachment.instance-id", Values = { instance } } } }).NetworkInterfaces
end

local function blank_group(world, vpc, name)
    local id = call(world, "create_security_group", { GroupName = name, Description = name,
                                                      VpcId = vpc }).GroupId
    local group = call(world, "describe_security_groups", { GroupIds = { id } }).SecurityGroups[1]
    call(world, "revoke_security_group_egress",
         { GroupId = id, IpPermissions = group.IpPermissionsEgress })
    return id
end

local OPEN = { { IpProtocol = "-1", IpRanges = { { CidrIp = "0.0.0.0/0" } },
                 Ipv6Ranges = { { CidrIpv6 = "::/0" } } } }

local function begin()
    local world = default_world.new {}
    local flows = engine.new(world, { move_to = sim_clock.move_to })
    local web = named(world, "web-7")
    flows:add { name = "c2", from = web, to = "198.51.100.7", port = 4444 }
    flows:add { name = "ssh", from = "203.0.113.9", to = web, port = 22 }
    flows:add { name = "asleep", from = web, to = "198.51.100.7", port = 4445,
                activity = "dormant" }
    flows:add { name = "neighbour", from = named(world, "web-8"), to = "198.51.100.7", port = 443 }
    for _, name in ipairs { "c2", "ssh", "asleep", "neighbour" } do
        check.equal((flows:state(name)), "alive", name)
    end
    return world, flows, web, interfaces_of(world, web)
end

local function wear(world, interfaces, group)
    for _, interface in ipairs(interfaces) do
        call(world, "modify_network_interface_attribute",
             { NetworkInterfaceId = interface.NetworkInterfaceId, Groups = { group } })
    end
end

return {
    { "the conversion, by calls: the C2 dies, the dormant flow and the neighbour live", function()
        local world, flows, web, interfaces = begin()
        local vpc = interfaces[1].VpcId
        local opening, final = blank_group(world, vpc, "opening"), blank_group(world, vpc, "final")
        call(world, "authorize_security_group_ingress", { GroupId = opening, IpPermissions = OPEN })
        call(world, "authorize_security_group_egress", { GroupId = opening, IpPermissions = OPEN })
        wear(world, interfaces, opening)
        flows:advance(5)
        wear(world, interfaces, final)
        check.equal((flows:state "c2"), "cut")
        check.equal((flows:state "ssh"), "cut")
        check.equal((flows:state "asleep"), "alive")
        check.equal((flows:state "neighbour"), "alive")
        check.equal(reach.of(world, web).entries, {})
    end },
    { "the naive swap, by calls: the tracked C2 lives", function()
        local world, flows, _, interfaces = begin()
        wear(world, interfaces, blank_group(world, interfaces[1].VpcId, "final"))
        check.equal((flows:state "c2"), "alive")
    end },
    { "a NACL entry, by call, pauses; deleted, flows go on; who else is hit is named", function()
        local world, flows, web, interfaces = begin()
        local subnet = interfaces[1].SubnetId
        local acl = call(world, "describe_network_acls", { Filters = {
            { Name = "association.subnet-id", Values = { subnet } } } }).NetworkAcls[1].NetworkAclId
        check.ok(#blast.of(world, { { kind = "NetworkAcls", id = acl } }, { except = web }) > 2)
        call(world, "create_network_acl_entry", { NetworkAclId = acl, RuleNumber = 1, Egress = true,
            Protocol = "-1", RuleAction = "deny", CidrBlock = "0.0.0.0/0" })
        local state, why = flows:state "c2"
        check.equal(state, "paused")
        check.has(why, acl .. " entry 1")
        call(world, "delete_network_acl_entry",
             { NetworkAclId = acl, RuleNumber = 1, Egress = true })
        check.equal((flows:state "c2"), "alive")
    end },
    { "an Elastic IP taken away pauses, termination cuts; a fork is on its own", function()
        local world, flows, web = begin()
        local fork = sim_world.fork(world)
        local rehearsed = flows:fork(fork)
        for _, address in pairs(fork.resources.Addresses) do
            if address.InstanceId == web then
                call(fork, "disassociate_address", { AssociationId = address.AssociationId })
            end
        end
        check.equal((rehearsed:state "c2"), "paused")
        call(fork, "terminate_instances", { InstanceIds = { web } })
        rehearsed:advance(120)
        check.equal((rehearsed:state "c2"), "cut")
        check.equal((flows:state "c2"), "alive")
    end },
}
