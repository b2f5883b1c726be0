-- sim_interfaces_test.lua - network interfaces: groups, attributes, attaching, and their instance.
local check = require "check"
local helper = require "sim_helper"

local call, fails = helper.call, helper.fails

local function setup()
    local w = helper.new()
    local vpc = w:vpc { internet = true, ipv6 = true }
    local subnet = vpc:subnet { cidr = "10.0.1.0/24", public = true }
    local web, other = vpc:group { name = "web" }, vpc:group { name = "other" }
    return w, vpc, subnet, web, other, subnet:instance { groups = { web } }
end

local function modify(w, id, members)
    members.NetworkInterfaceId = id
    return call(w, "modify_network_interface_attribute", members)
end

local function fails_modify(w, id, members, code, words)
    members.NetworkInterfaceId = id
    fails(w, "modify_network_interface_attribute", members, code, words)
end

return {
    { "groups are replaced, on the interface and on its instance", function()
        local w, _, _, _, other, instance = setup()
        local id = instance:interfaces()[1].NetworkInterfaceId
        modify(w, id, { Groups = { other.id } })
        check.equal(helper.eni(w, id).Groups, { { GroupId = other.id, GroupName = "other" } })
        local shown = helper.instance(w, instance.id)
        check.equal(shown.SecurityGroups, helper.eni(w, id).Groups)
        check.equal(shown.NetworkInterfaces[1].Groups, helper.eni(w, id).Groups)
    end },
    { "a change and its way back leave the same bytes", function()
        local w, _, _, web, other, instance = setup()
        local before = helper.resources(w)
        local id = instance:interfaces()[1].NetworkInterfaceId
        modify(w, id, { Groups = { other.id, web.id } })
        modify(w, id, { Groups = { web.id } })
        modify(w, id, { SourceDestCheck = { Value = false } })
        modify(w, id, { SourceDestCheck = { Value = true } })
        modify(w, id, { Description = { Value = "x" } })
        modify(w, id, { Description = { Value = "" } })
        check.equal(helper.resources(w), before)
    end },
    { "one attribute per call, and never none", function()
        local w, _, _, web, _, instance = setup()
        local id = instance:interfaces()[1].NetworkInterfaceId
        fails_modify(w, id, { Groups = { web.id }, SourceDestCheck = { Value = true } },
                     "InvalidParameterCombination", "multiple attribute types")
        fails_modify(w, id, {}, "InvalidParameterCombination", "No attributes specified")
        fails_modify(w, id, { Groups = {} }, "MissingParameter")
        fails_modify(w, "eni-12345678", { Groups = { web.id } },
                     "InvalidNetworkInterfaceID.NotFound")
    end },
    { "groups must exist, be of the VPC or associated with it, and at most five", function()
        local w, vpc, _, web, _, instance = setup()
        local id = instance:interfaces()[1].NetworkInterfaceId
        fails_modify(w, id, { Groups = { "sg-12345678" } }, "InvalidGroup.NotFound", "sg-12345678")
        local away = w:vpc { cidr = "10.7.0.0/16" }:group { name = "away" }
        fails_modify(w, id, { Groups = { away.id } }, "InvalidGroup.NotFound", "different networks")
        call(w, "associate_security_group_vpc", { GroupId = away.id, VpcId = vpc.id })
        modify(w, id, { Groups = { away.id } })
        fails(w, "disassociate_security_group_vpc", { GroupId = away.id, VpcId = vpc.id },
              "DependencyViolation")
        local many = { web.id }
        for i = 1, 5 do many[i + 1] = vpc:group { name = "m" .. i }.id end
        fails_modify(w, id, { Groups = many }, "SecurityGroupsPerInterfaceLimitExceeded")
        w.world.quotas.groups_per_interface = 16
        modify(w, id, { Groups = many })
    end },
    { "an interface of a service cannot be touched", function()
        local w, _, subnet, web = setup()
        local managed = subnet:managed_interface { description = "ELB app/x/1", groups = { web } }
        fails_modify(w, managed.id, { Groups = { web.id } }, "OperationNotPermitted")
        fails(w, "delete_network_interface", { NetworkInterfaceId = managed.id },
              "OperationNotPermitted")
    end },
    { "idle timeouts: their ranges, and they show on the instance too", function()
        local w, _, _, _, _, instance = setup()
        local id = instance:interfaces()[1].NetworkInterfaceId
        modify(w, id, { ConnectionTrackingSpecification = { TcpEstablishedTimeout = 60 } })
        check.equal(helper.eni(w, id).ConnectionTrackingConfiguration,
                    { TcpEstablishedTimeout = 60 })
        check.equal(helper.instance(w,
                                    instance.id).NetworkInterfaces[1].ConnectionTrackingConfiguration,
                    { TcpEstablishedTimeout = 60 })
        for _, bad in ipairs { { TcpEstablishedTimeout = 59 }, { TcpEstablishedTimeout = 432001 },
                               { UdpTimeout = 61 }, { UdpStreamTimeout = 59 } } do
            fails_modify(w, id, { ConnectionTrackingSpecification = bad }, "InvalidParameterValue")
        end
    end },
    { "an assigned public address goes for good, and a new one is another", function()
        local w, _, _, _, _, instance = setup()
        local id = instance:interfaces()[1].NetworkInterfaceId
        local first = helper.eni(w, id).Association.PublicIp
        check.equal(helper.instance(w, instance.id).PublicIpAddress, first)
        modify(w, id, { AssociatePublicIpAddress = false })
        check.equal(helper.instance(w, instance.id).PublicIpAddress, nil)
        check.equal(helper.eni(w, id).Association, nil)
        modify(w, id, { AssociatePublicIpAddress = true })
        check.ok(helper.instance(w, instance.id).PublicIpAddress ~= first)
    end },
    { "a second interface: made, attached, detached, deleted", function()
        local w, _, subnet, web, _, instance = setup()
        local made = call(w, "create_network_interface", { SubnetId = subnet.id,
                                                           Groups = { web.id } }).NetworkInterface
        local id = made.NetworkInterfaceId
        check.equal({ made.Status, helper.eni(w, id).Status }, { "pending", "available" })
        fails(w, "attach_network_interface", { NetworkInterfaceId = id, InstanceId = instance.id,
                                               DeviceIndex = 0 },
              "InvalidParameterValue", "device index '0'")
        local attachment = call(w, "attach_network_interface",
                                { NetworkInterfaceId = id, InstanceId = instance.id,
                                                                 DeviceIndex = 1 }).AttachmentId
        check.equal(#helper.instance(w, instance.id).NetworkInterfaces, 2)
        fails(w, "attach_network_interface", { NetworkInterfaceId = id, InstanceId = instance.id,
                                               DeviceIndex = 2 },
              "InvalidNetworkInterface.InUse")
        fails(w, "delete_network_interface", { NetworkInterfaceId = id }, "InvalidParameterValue",
              "currently in use")
        local primary = instance:interfaces()[1].Attachment.AttachmentId
        fails(w, "detach_network_interface", { AttachmentId = primary }, "OperationNotPermitted",
              "device index 0")
        call(w, "detach_network_interface", { AttachmentId = attachment })
        check.equal(#helper.instance(w, instance.id).NetworkInterfaces, 1)
        fails(w, "detach_network_interface", { AttachmentId = attachment },
              "InvalidAttachmentID.NotFound")
        call(w, "delete_network_interface", { NetworkInterfaceId = id })
        fails(w, "describe_network_interfaces", { NetworkInterfaceIds = { id } },
              "InvalidNetworkInterfaceID.NotFound")
    end },
    { "the instance shows the groups of its first interface; with two it refuses to set them",
      function()
        local w, _, subnet, web, other, instance = setup()
        call(w, "modify_instance_attribute", { InstanceId = instance.id, Groups = { other.id } })
        check.equal(helper.instance(w, instance.id).SecurityGroups[1].GroupId, other.id)
        local second = instance:interface { subnet = subnet, groups = { web } }
        modify(w, second.id, { Groups = { other.id, web.id } })
        check.equal(#helper.instance(w, instance.id).SecurityGroups, 1)
        fails(w, "modify_instance_attribute", { InstanceId = instance.id, Groups = { web.id } },
              "InvalidInstanceID",
              "There are multiple interfaces attached to instance '" .. instance.id .. "'")
    end },
    { "an address outside the subnet or taken is refused", function()
        local w, _, subnet = setup()
        fails(w, "create_network_interface", { SubnetId = subnet.id,
                                               PrivateIpAddress = "10.9.9.9" },
                                                   "InvalidParameterValue")
        call(w, "create_network_interface", { SubnetId = subnet.id,
                                              PrivateIpAddress = "10.0.1.50" })
        fails(w, "create_network_interface", { SubnetId = subnet.id,
                                               PrivateIpAddress = "10.0.1.50" },
                                                   "InvalidIPAddress.InUse")
        local small = subnet.vpc:subnet { cidr = "10.0.2.0/28" }
        for _ = 1, 11 do call(w, "create_network_interface", { SubnetId = small.id }) end
        fails(w, "create_network_interface", { SubnetId = small.id },
              "InsufficientFreeAddressesInSubnet")
    end },
}
