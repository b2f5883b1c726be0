-- sim_network_test.lua - ACLs, route tables, gateways, addresses behave as EC2's do.
local check = require "check"
local helper = require "sim_helper"
local sim_clock = require "sim_clock"
local sim_world = require "sim_world"

local call, fails = helper.call, helper.fails

local function setup(options)
    local w = helper.new()
    local vpc = w:vpc(options or { internet = true })
    return w, vpc, vpc:subnet { cidr = "10.0.1.0/24", public = true }
end

local function acl(w, id)
    return helper.one(w, "describe_network_acls", "NetworkAcls", "NetworkAclIds", id)
end
local function rtb(w, id)
    return helper.one(w, "describe_route_tables", "RouteTables", "RouteTableIds", id)
end

local function acl_of(w, subnet)
    return call(w, "describe_network_acls",
                { Filters = helper.filter("association.subnet-id", subnet.id) }).NetworkAcls[1]
end

local function entry(id, number, more)
    local params = { NetworkAclId = id, RuleNumber = number, Protocol = "-1", RuleAction = "deny",
                     Egress = false,
                     CidrBlock = "0.0.0.0/0" }
    for key, value in pairs(more or {}) do params[key] = value end
    return params
end

return {
    { "a new ACL denies everything, in both families where the VPC has both", function()
        local w, vpc = setup { ipv6 = true }
        local entries = call(w, "create_network_acl", { VpcId = vpc.id }).NetworkAcl.Entries
        local text = {}
        for i, one in ipairs(entries) do
            text[i] = ("%d %s %s %s"):format(one.RuleNumber, one.Egress and "out" or "in",
                                             one.RuleAction,
                                             one.CidrBlock or one.Ipv6CidrBlock)
        end
        check.equal(text, { "32767 out deny 0.0.0.0/0", "32768 out deny ::/0",
                            "32767 in deny 0.0.0.0/0",
                            "32768 in deny ::/0" })
        local w4, vpc4 = setup()
        check.equal(#call(w4, "create_network_acl", { VpcId = vpc4.id }).NetworkAcl.Entries, 2)
    end },
    { "entries: taken numbers, ranges, what is missing", function()
        local w, _, subnet = setup()
        local id = acl_of(w, subnet).NetworkAclId
        call(w, "create_network_acl_entry", entry(id, 1))
        fails(w, "create_network_acl_entry", entry(id, 1), "NetworkAclEntryAlreadyExists",
              "The network acl entry identified by 1 already exists.")
        call(w, "create_network_acl_entry", entry(id, 1, { Egress = true }))
        for _, number in ipairs { 0, 32767, 32768 } do
            fails(w, "create_network_acl_entry", entry(id, number), "InvalidParameterValue",
                  "ruleNumber")
        end
        fails(w, "create_network_acl_entry", entry(id, 2, { Protocol = "6" }), "MissingParameter",
              "portRange")
        fails(w, "create_network_acl_entry", entry(id, 2, { RuleAction = "maybe" }),
              "InvalidParameterValue")
        fails(w, "create_network_acl_entry", entry(id, 2, { Ipv6CidrBlock = "::/0" }),
              "InvalidParameterCombination")
        call(w, "create_network_acl_entry", entry(id, 2, { Protocol = "tcp",
                                                           PortRange = { From = 1, To = 2 },
                                                           CidrBlock = "10.0.0.5/8" }))
        check.equal(acl(w, id).Entries[#acl(w, id).Entries - 2].CidrBlock, "10.0.0.0/8")
        fails(w, "delete_network_acl_entry", { NetworkAclId = id, RuleNumber = 9, Egress = false },
              "InvalidNetworkAclEntry.NotFound", "no ingress entry with number 9")
        fails(w, "replace_network_acl_entry", entry(id, 9), "InvalidNetworkAclEntry.NotFound")
        fails(w, "delete_network_acl_entry", { NetworkAclId = id, RuleNumber = 32767,
                                               Egress = false },
              "InvalidParameterValue")
    end },
    { "twenty entries per direction and family with the default; put back it is as before",
      function()
        local w, _, subnet = setup()
        local id = acl_of(w, subnet).NetworkAclId
        for number = 1, 18 do call(w, "create_network_acl_entry", entry(id, number)) end
        fails(w, "create_network_acl_entry", entry(id, 50), "NetworkAclEntryLimitExceeded")
        call(w, "create_network_acl_entry", entry(id, 50, { Egress = true }))
        local v6 = entry(id, 51, { Ipv6CidrBlock = "::/0" })
        v6.CidrBlock = nil
        call(w, "create_network_acl_entry", v6)
        local before = acl(w, id)
        call(w, "delete_network_acl_entry", { NetworkAclId = id, RuleNumber = 100, Egress = false })
        call(w, "create_network_acl_entry", entry(id, 50))
        call(w, "delete_network_acl_entry", { NetworkAclId = id, RuleNumber = 50, Egress = false })
        call(w, "create_network_acl_entry", entry(id, 100, { RuleAction = "allow" }))
        check.equal(acl(w, id), before)
        call(w, "replace_network_acl_entry", entry(id, 100))
        call(w, "replace_network_acl_entry", entry(id, 100, { RuleAction = "allow" }))
        check.equal(acl(w, id), before)
    end },
    { "a subnet has exactly one ACL; the association's id changes with every move", function()
        local w, vpc, subnet = setup()
        local old = acl_of(w, subnet)
        local first = old.Associations[1].NetworkAclAssociationId
        local new = call(w, "create_network_acl", { VpcId = vpc.id }).NetworkAcl.NetworkAclId
        local second = call(w, "replace_network_acl_association",
                            { AssociationId = first, NetworkAclId = new }).NewAssociationId
        check.ok(first ~= second)
        check.equal(acl_of(w, subnet).NetworkAclId, new)
        check.equal(#acl(w, old.NetworkAclId).Associations, 0)
        fails(w, "replace_network_acl_association", { AssociationId = first, NetworkAclId = new },
              "InvalidAssociationID.NotFound")
        fails(w, "delete_network_acl", { NetworkAclId = new }, "DependencyViolation")
        fails(w, "delete_network_acl", { NetworkAclId = old.NetworkAclId }, "InvalidParameterValue",
              "default")
        call(w, "replace_network_acl_association", { AssociationId = second,
                                                     NetworkAclId = old.NetworkAclId })
        call(w, "delete_network_acl", { NetworkAclId = new })
    end },
    { "routes: the local one stays, destinations are exact, targets must be there", function()
        local w, vpc = setup()
        local id = vpc:main_table()
        fails(w, "delete_route", { RouteTableId = id, DestinationCidrBlock = "10.0.0.0/16" },
              "InvalidParameterValue",
              "cannot remove local route 10.0.0.0/16 in route table " .. id)
        fails(w, "delete_route", { RouteTableId = id, DestinationCidrBlock = "10.5.0.0/16" },
              "InvalidRoute.NotFound",
              "no route with destination-cidr-block 10.5.0.0/16 in route table " .. id)
        fails(w, "create_route", { RouteTableId = id, DestinationCidrBlock = "0.0.0.0/0",
                                   GatewayId = vpc.gateway },
              "RouteAlreadyExists", "The route identified by 0.0.0.0/0 already exists.")
        local function to(target)
            target.RouteTableId, target.DestinationCidrBlock = id, "10.9.0.0/16" return target
        end
        fails(w, "create_route", to { GatewayId = "igw-12345678" }, "InvalidGatewayID.NotFound")
        fails(w, "create_route", to { NatGatewayId = "nat-12345678" },
              "InvalidNatGatewayID.NotFound")
        fails(w, "create_route", to { NetworkInterfaceId = "eni-12345678" },
              "InvalidNetworkInterfaceID.NotFound")
        fails(w, "create_route", to { VpcPeeringConnectionId = "pcx-12345678" },
              "InvalidVpcPeeringConnectionID.NotFound")
        fails(w, "create_route", to {}, "MissingParameter")
        local before = helper.resources(w)
        call(w, "delete_route", { RouteTableId = id, DestinationCidrBlock = "0.0.0.0/0" })
        call(w, "create_route", { RouteTableId = id, DestinationCidrBlock = "0.0.0.0/0",
                                  GatewayId = vpc.gateway })
        check.equal(helper.resources(w), before)
    end },
    { "the local route's target is replaced and set back", function()
        local w, vpc, subnet = setup()
        local id, before = vpc:main_table(), rtb(w, vpc:main_table())
        local eni = call(w, "create_network_interface",
                         { SubnetId = subnet.id }).NetworkInterface.NetworkInterfaceId
        call(w, "replace_route", { RouteTableId = id, DestinationCidrBlock = "10.0.0.0/16",
                                   NetworkInterfaceId = eni })
        check.equal(rtb(w, id).Routes[1].NetworkInterfaceId, eni)
        call(w, "replace_route", { RouteTableId = id, DestinationCidrBlock = "10.0.0.0/16",
                                   LocalTarget = true })
        check.equal(rtb(w, id), before)
        fails(w, "replace_route", { RouteTableId = id, DestinationCidrBlock = "10.9.0.0/16",
                                    GatewayId = vpc.gateway },
              "InvalidParameterValue", "Use CreateRoute instead")
    end },
    { "endpoint routes stay, propagated ones come back", function()
        local w, vpc = setup()
        local id = vpc:main_table()
        local routes = { rtb(w, id).Routes[1],
            { DestinationPrefixListId = "pl-1", GatewayId = "vpce-12345678", Origin = "CreateRoute",
              State = "active" },
            { DestinationCidrBlock = "192.168.0.0/16", GatewayId = "vgw-1",
              Origin = "EnableVgwRoutePropagation",
              State = "active" } }
        sim_world.change(w.world, "RouteTables", id, { Routes = routes })
        fails(w, "delete_route", { RouteTableId = id, DestinationPrefixListId = "pl-1" },
              "InvalidParameterValue",
              "cannot remove VPC endpoint route")
        call(w, "delete_route", { RouteTableId = id, DestinationCidrBlock = "192.168.0.0/16" })
        check.equal(#rtb(w, id).Routes, 2)
        sim_clock.advance(w.world, 60)
        check.equal(#rtb(w, id).Routes, 3)
    end },
    { "tables: explicit, main, and what is in use", function()
        local w, vpc, subnet = setup()
        local id = call(w, "create_route_table", { VpcId = vpc.id }).RouteTable.RouteTableId
        check.equal(#rtb(w, id).Routes, 1)
        local association = call(w, "associate_route_table", { RouteTableId = id,
                                                               SubnetId = subnet.id }).AssociationId
        fails(w, "associate_route_table", { RouteTableId = vpc:main_table(), SubnetId = subnet.id },
              "Resource.AlreadyAssociated", "conflicts with an existing association")
        fails(w, "delete_route_table", { RouteTableId = id }, "DependencyViolation",
              "has dependencies")
        local other = call(w, "create_route_table", { VpcId = vpc.id }).RouteTable.RouteTableId
        local moved = call(w, "replace_route_table_association",
                           { AssociationId = association, RouteTableId = other }).NewAssociationId
        check.ok(moved ~= association)
        fails(w, "disassociate_route_table", { AssociationId = association },
              "InvalidAssociationID.NotFound")
        call(w, "disassociate_route_table", { AssociationId = moved })
        call(w, "delete_route_table", { RouteTableId = id })
    end },
    { "the main association cannot go, only move", function()
        local w, vpc = setup()
        local main = vpc:main_table()
        local association = rtb(w, main).Associations[1].RouteTableAssociationId
        fails(w, "disassociate_route_table", { AssociationId = association },
              "InvalidParameterValue",
              "cannot disassociate the main route table association")
        local other = call(w, "create_route_table", { VpcId = vpc.id }).RouteTable.RouteTableId
        call(w, "replace_route_table_association", { AssociationId = association,
                                                     RouteTableId = other })
        check.equal(call(w, "describe_route_tables",
                         { Filters = { { Name = "association.main", Values = { "true" } },
            { Name = "vpc-id", Values = { vpc.id } } } }).RouteTables[1].RouteTableId, other)
        call(w, "delete_route_table", { RouteTableId = main })
    end },
    { "an internet gateway stays while anything has a public address; then its routes are blackholes", function()
        local w, vpc, subnet = setup()
        local instance = subnet:instance {}
        local detach = { InternetGatewayId = vpc.gateway, VpcId = vpc.id }
        fails(w, "detach_internet_gateway", detach, "DependencyViolation",
              "has some mapped public address(es)")
        call(w, "modify_network_interface_attribute", { AssociatePublicIpAddress = false,
            NetworkInterfaceId = instance:interfaces()[1].NetworkInterfaceId })
        local before = helper.resources(w)
        call(w, "detach_internet_gateway", detach)
        check.equal(rtb(w, vpc:main_table()).Routes[2].State, "blackhole")
        fails(w, "detach_internet_gateway", detach, "Gateway.NotAttached")
        call(w, "attach_internet_gateway", detach)
        check.equal(helper.resources(w), before)
        fails(w, "attach_internet_gateway", detach, "Resource.AlreadyAssociated")
        fails(w, "delete_internet_gateway", { InternetGatewayId = vpc.gateway },
              "DependencyViolation")
        local second = call(w, "create_internet_gateway", {}).InternetGateway.InternetGatewayId
        fails(w, "attach_internet_gateway", { InternetGatewayId = second, VpcId = vpc.id },
              "InvalidParameterValue")
        call(w, "delete_internet_gateway", { InternetGatewayId = second })
    end },
    { "Elastic IPs: associated, moved only when asked, let go, given back", function()
        local w, _, subnet = setup()
        local first, second = subnet:instance { public = false }, subnet:instance { public = false }
        local id = first:elastic_ip().id
        local address = helper.one(w, "describe_addresses", "Addresses", "AllocationIds", id)
        check.equal({ helper.instance(w, first.id).PublicIpAddress, address.InstanceId },
                    { address.PublicIp, first.id })
        fails(w, "release_address", { AllocationId = id }, "InvalidIPAddress.InUse")
        fails(w, "associate_address", { AllocationId = id, InstanceId = second.id },
              "Resource.AlreadyAssociated")
        call(w, "associate_address", { AllocationId = id, InstanceId = second.id,
                                       AllowReassociation = true })
        check.equal(helper.instance(w, first.id).PublicIpAddress, nil)
        address = helper.one(w, "describe_addresses", "Addresses", "AllocationIds", id)
        check.equal(address.InstanceId, second.id)
        call(w, "disassociate_address", { AssociationId = address.AssociationId })
        check.equal(helper.instance(w, second.id).PublicIpAddress, nil)
        fails(w, "disassociate_address", { AssociationId = address.AssociationId },
              "InvalidAssociationID.NotFound")
        call(w, "release_address", { AllocationId = id })
        fails(w, "associate_address", { AllocationId = id, InstanceId = second.id },
              "InvalidAllocationID.NotFound")
        second:interface { subnet = subnet }
        local other = call(w, "allocate_address", {}).AllocationId
        fails(w, "associate_address", { AllocationId = other, InstanceId = second.id },
              "InvalidInstanceID")
    end },
    { "a NAT gateway's interface and address are its own", function()
        local w, vpc, subnet = setup()
        local nat = subnet:nat()
        local gateway = helper.one(w, "describe_nat_gateways", "NatGateways", "NatGatewayIds",
                                   nat.id)
        local eni = helper.eni(w, gateway.NatGatewayAddresses[1].NetworkInterfaceId)
        check.equal({ eni.InterfaceType, eni.RequesterManaged, gateway.State },
                    { "nat_gateway", true, "available" })
        fails(w, "disassociate_address",
              { AssociationId = gateway.NatGatewayAddresses[1].AssociationId }, "AuthFailure")
        fails(w, "detach_internet_gateway", { InternetGatewayId = vpc.gateway, VpcId = vpc.id },
              "DependencyViolation")
        local id = vpc:route_table { routes = { { DestinationCidrBlock = "0.0.0.0/0",
                                                  NatGatewayId = nat.id } } }.id
        call(w, "delete_nat_gateway", { NatGatewayId = nat.id })
        check.equal(rtb(w, id).Routes[2].State, "blackhole")
        sim_clock.advance(w.world, 120)
        call(w, "release_address", { AllocationId = nat.address })
        call(w, "detach_internet_gateway", { InternetGatewayId = vpc.gateway, VpcId = vpc.id })
    end },
    { "egress-only gateways", function()
        local w, vpc = setup { ipv6 = true }
        local id = call(w, "create_egress_only_internet_gateway", { VpcId = vpc.id })
            .EgressOnlyInternetGateway.EgressOnlyInternetGatewayId
        call(w, "create_route", { RouteTableId = vpc:main_table(),
                                  DestinationIpv6CidrBlock = "::/0",
                                  EgressOnlyInternetGatewayId = id })
        check.equal(call(w, "delete_egress_only_internet_gateway",
                         { EgressOnlyInternetGatewayId = id }),
                    { ReturnCode = true })
        check.equal(rtb(w, vpc:main_table()).Routes[3].State, "blackhole")
    end },
    { "VPCs and subnets go only when they are empty", function()
        local w, vpc, subnet = setup {}
        local instance = subnet:instance { public = false }
        fails(w, "delete_subnet", { SubnetId = subnet.id }, "DependencyViolation")
        call(w, "terminate_instances", { InstanceIds = { instance.id } })
        sim_clock.advance(w.world, 60)
        fails(w, "delete_vpc", { VpcId = vpc.id }, "DependencyViolation")
        call(w, "delete_subnet", { SubnetId = subnet.id })
        call(w, "delete_vpc", { VpcId = vpc.id })
        check.equal({ next(w.world.resources.SecurityGroups), next(w.world.resources.NetworkAcls) },
                    {})
        fails(w, "create_vpc", { CidrBlock = "10.0.0.0/8" }, "InvalidVpc.Range")
    end },
}
