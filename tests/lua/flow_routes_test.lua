-- flow_routes_test.lua - what is documented of routes, gateways and public addresses, as the
-- flow engine keeps it; and the ends of flows.
local check = require "check"
local engine = require "flow_engine"
local flow_world = require "flow_world"

local C2 = "198.51.100.7"
local route = flow_world.route

local function open_world()
    local w = flow_world.new()
    w:group("sg-a", { flow_world.ALL }, { flow_world.ALL })
    w:instance("one", "10.0.1.10", { "sg-a" }, { public = "198.18.0.1", v6 = "2001:db8::10" })
    w:instance("far", "10.0.2.10", { "sg-a" }, { subnet = "subnet-prv", v6 = "2001:db8::2:10" })
    return w, engine.new(w)
end

local function add(flows, name, from, to, more)
    local flow = { name = name, from = from, to = to, port = 4444 }
    for key, value in pairs(more or {}) do flow[key] = value end
    return flows:add(flow)
end

local function state(flows, name, expected, words)
    local actual, why = flows:state(name)
    check.equal(actual, expected, ("%s: %s"):format(name, why))
    if words then check.has(why, words) end
end

local function routes_of(w, id, list)
    w.resources.RouteTables[id].Routes = list
    return { { kind = "RouteTables", id = id } }
end

local LOCAL = { route("10.0.0.0/16", "GatewayId", "local"),
                route("2001:db8::/56", "GatewayId", "local") }

return {
    { "a subnet without an association uses the VPC's main table", function()
        local w, flows = open_world()
        add(flows, "one", "i-one", C2)
        add(flows, "far", "i-far", C2)
        flows:changed(routes_of(w, "rtb-main", LOCAL))
        state(flows, "one", "paused", "rtb-main has no route to 198.51.100.7")
        state(flows, "far", "paused", "nat-1 has no route")
    end },
    { "a new table is empty but for the local route: instances still reach each other", function()
        local w, flows = open_world()
        add(flows, "out", "i-one", C2)
        add(flows, "near", "i-one", "i-far")
        w.resources.RouteTables["rtb-new"] = { RouteTableId = "rtb-new", VpcId = "vpc-1",
            Routes = LOCAL, Associations = { { SubnetId = "subnet-pub", Main = false } } }
        flows:changed { { kind = "RouteTables", id = "rtb-new" } }
        state(flows, "out", "paused", "rtb-new has no route")
        state(flows, "near", "alive")
        w.resources.RouteTables["rtb-new"].Associations = {}
        flows:changed { { kind = "RouteTables", id = "rtb-new" } }
        state(flows, "out", "alive")
    end },
    { "longest prefix wins, over a blackhole and by one", function()
        local w, flows = open_world()
        add(flows, "c2", "i-one", C2)
        add(flows, "other", "i-one", "203.0.113.9")
        local dead = route("198.51.100.0/24", "NatGatewayId", "nat-gone")
        dead.State = "blackhole"
        table.insert(w.resources.RouteTables["rtb-main"].Routes, dead)
        flows:changed { { kind = "RouteTables", id = "rtb-main" } }
        state(flows, "c2", "paused", "rtb-main route 198.51.100.0/24 -> nat-gone (blackhole)")
        state(flows, "other", "alive")
    end },
    { "a prefix list as destination", function()
        local w, flows = open_world()
        add(flows, "c2", "i-one", C2)
        w.resources.PrefixLists = { ["pl-1"] = { PrefixListId = "pl-1",
                                                 Cidrs = { "198.51.100.0/24" } } }
        table.insert(w.resources.RouteTables["rtb-main"].Routes,
                     { DestinationPrefixListId = "pl-1", NetworkInterfaceId = "eni-far",
                       State = "active" })
        flows:changed()
        state(flows, "c2", "unknown", "what eni-far does with it is not known")
    end },
    { "the internet gateway needs a public address for IPv4, none for IPv6", function()
        local w, flows = open_world()
        w:instance("bare", "10.0.1.12", { "sg-a" }, { v6 = "2001:db8::12" })
        flows:changed()
        local answer, why = add(flows, "v4", "i-bare", C2)
        check.equal(answer, "never possible")
        check.has(why, "has no public address")
        check.equal((add(flows, "v6", "i-bare", "2001:db8:ffff::7")), "alive")
        check.equal((add(flows, "in6", "2001:db8:ffff::7", "i-bare")), "alive")
        check.equal((add(flows, "in4", C2, "i-bare")), "never possible")
    end },
    { "a detached internet gateway", function()
        local w, flows = open_world()
        add(flows, "c2", "i-one", C2)
        w.resources.InternetGateways["igw-1"].Attachments = {}
        flows:changed { { kind = "InternetGateways", id = "igw-1" } }
        state(flows, "c2", "paused", "igw-1 is not attached to vpc-1")
    end },
    { "NAT and egress-only gateways let nothing in", function()
        local _, flows = open_world()
        local answer, why = add(flows, "nat", C2, "i-far")
        check.equal(answer, "never possible")
        check.has(why, "the NAT gateway nat-1 lets nothing in")
        answer, why = add(flows, "v6", "2001:db8:ffff::7", "i-far")
        check.equal(answer, "never possible")
        check.has(why, "egress-only gateway eigw-1 lets nothing in")
    end },
    { "a deleted NAT gateway pauses what went through it", function()
        local w, flows = open_world()
        add(flows, "beacon", "i-far", C2)
        w.resources.NatGateways["nat-1"].State = "deleted"
        flows:changed { { kind = "NatGateways", id = "nat-1" } }
        state(flows, "beacon", "paused", "nat-1 is deleted")
    end },
    { "dropping the public address cuts: for good when it was auto-assigned", function()
        for elastic, expected in pairs { [true] = "paused", [false] = "cut" } do
            local w, flows = open_world()
            local eni = w.resources.NetworkInterfaces["eni-one"]
            eni.Association.IpOwnerId = elastic and "111122223333" or "amazon"
            flows:changed()
            if elastic then
                w.resources.Addresses["eipalloc-1"] = { AllocationId = "eipalloc-1",
                                                        PublicIp = "198.18.0.1" }
            end
            add(flows, "c2", "i-one", C2)
            eni.Association, eni.PrivateIpAddresses[1].Association = nil, nil
            flows:changed { { kind = "NetworkInterfaces", id = "eni-one" } }
            state(flows, "c2", expected)
            eni.Association = { PublicIp = "198.18.0.1" }
            flows:changed { { kind = "NetworkInterfaces", id = "eni-one" } }
            state(flows, "c2", elastic and "alive" or "cut")
        end
    end },
    { "another public address is another connection", function()
        local w, flows = open_world()
        add(flows, "c2", "i-one", C2)
        local eni = w.resources.NetworkInterfaces["eni-one"]
        eni.Association = { PublicIp = "198.18.0.99" }
        eni.PrivateIpAddresses[1].Association = eni.Association
        flows:changed { { kind = "NetworkInterfaces", id = "eni-one" } }
        state(flows, "c2", "cut")
    end },
    { "moved from a NAT gateway to an internet gateway, its address is another", function()
        local w, flows = open_world()
        local eni = w.resources.NetworkInterfaces["eni-far"]
        eni.Association = { PublicIp = "198.18.0.50" }
        eni.PrivateIpAddresses[1].Association = eni.Association
        flows:changed()
        add(flows, "beacon", "i-far", C2)
        flows:changed(routes_of(w, "rtb-prv", { LOCAL[1],
                                                route("0.0.0.0/0", "GatewayId", "igw-1") }))
        state(flows, "beacon", "cut",
              "its packets come from 198.18.0.50, no longer from 203.0.113.200")
    end },
    { "peering: both tables must lead across, and it must be active", function()
        local w, flows = open_world()
        w.resources.Vpcs["vpc-2"] = { VpcId = "vpc-2", CidrBlock = "10.9.0.0/16" }
        w.resources.Subnets["subnet-9"] = { SubnetId = "subnet-9", VpcId = "vpc-2",
                                            CidrBlock = "10.9.1.0/24" }
        w.resources.NetworkAcls["acl-9"] = { NetworkAclId = "acl-9", VpcId = "vpc-2",
            Entries = flow_world.default_entries(), Associations = { { SubnetId = "subnet-9" } } }
        w:instance("peer", "10.9.1.10", { "sg-a" }, { subnet = "subnet-9" })
        w.resources.NetworkInterfaces["eni-peer"].VpcId = "vpc-2"
        w.resources.VpcPeeringConnections = { ["pcx-1"] = { VpcPeeringConnectionId = "pcx-1",
            Status = { Code = "active" }, RequesterVpcInfo = { VpcId = "vpc-1" },
            AccepterVpcInfo = { VpcId = "vpc-2" } } }
        table.insert(w.resources.RouteTables["rtb-main"].Routes,
                     route("10.9.0.0/16", "VpcPeeringConnectionId", "pcx-1"))
        w.resources.RouteTables["rtb-9"] = { RouteTableId = "rtb-9", VpcId = "vpc-2",
            Associations = { { Main = true } },
            Routes = { route("10.9.0.0/16", "GatewayId", "local"),
                       route("10.0.0.0/16", "VpcPeeringConnectionId", "pcx-1") } }
        flows:changed()
        add(flows, "across", "i-one", "i-peer")
        state(flows, "across", "alive", "pcx-1")
        table.remove(w.resources.RouteTables["rtb-9"].Routes)
        flows:changed { { kind = "RouteTables", id = "rtb-9" } }
        state(flows, "across", "paused", "rtb-9 has no route to 10.0.1.10")
        table.insert(w.resources.RouteTables["rtb-9"].Routes,
                     route("10.0.0.0/16", "VpcPeeringConnectionId", "pcx-1"))
        w.resources.VpcPeeringConnections["pcx-1"].Status.Code = "deleted"
        flows:changed()
        state(flows, "across", "paused", "pcx-1 is deleted")
    end },
    { "transit gateway: whether its flows are always tracked is unknown", function()
        local w, flows = open_world()
        w:group("sg-none", {}, {})
        table.insert(w.resources.RouteTables["rtb-main"].Routes,
                     route("172.16.0.0/12", "TransitGatewayId", "tgw-1"))
        w.resources.TransitGatewayVpcAttachments = { ["tgw-attach-1"] = {
            TransitGatewayId = "tgw-1", VpcId = "vpc-1", State = "available" } }
        flows:changed()
        add(flows, "onprem", "i-one", "172.16.9.9")
        state(flows, "onprem", "alive")
        flows:changed(w:wear("one", "sg-none"))
        state(flows, "onprem", "unknown", "AWS does not say whether flows through the transit")
    end },
    { "S3's gateway endpoint is tracked by the rules, DynamoDB's always", function()
        local w, flows = open_world()
        w:group("sg-none", {}, {})
        w.resources.PrefixLists = { ["pl-s3"] = { Cidrs = { "52.218.0.0/17" } },
                                    ["pl-ddb"] = { Cidrs = { "52.94.24.0/23" } } }
        w.resources.VpcEndpoints = {}
        for id, service in pairs { s3 = "s3", ddb = "dynamodb" } do
            w.resources.VpcEndpoints["vpce-" .. id] = { VpcEndpointId = "vpce-" .. id,
                VpcEndpointType = "Gateway", State = "available",
                ServiceName = "com.amazonaws.eu-west-1." .. service }
            table.insert(w.resources.RouteTables["rtb-main"].Routes,
                         { DestinationPrefixListId = "pl-" .. id, GatewayId = "vpce-" .. id,
                           State = "active" })
        end
        flows:changed()
        add(flows, "s3", "i-one", "52.218.1.1", { port = 443 })
        add(flows, "ddb", "i-one", "52.94.24.9", { port = 443 })
        flows:changed(w:wear("one", "sg-none"))
        state(flows, "s3", "cut")
        state(flows, "ddb", "alive", "flows to DynamoDB through vpce-ddb are always tracked")
    end },
    { "a stopped or terminated instance has no flows; an interface taken away has none", function()
        local w, flows = open_world()
        add(flows, "c2", "i-one", C2)
        add(flows, "beacon", "i-far", C2)
        w.resources.Instances["i-one"].State.Name = "terminated"
        w.resources.NetworkInterfaces["eni-far"] = nil
        flows:changed { { kind = "Instances", id = "i-one" },
                        { kind = "NetworkInterfaces", id = "eni-far" } }
        state(flows, "c2", "cut", "i-one is terminated")
        state(flows, "beacon", "cut", "eni-far is gone")
    end },
    { "a flow that makes no sense is refused with its name", function()
        local _, flows = open_world()
        for words, flow in pairs {
            ["needs port="] = { from = "i-one", to = C2 },
            ["there is no i-none"] = { from = "i-none", to = C2, port = 1 },
            ["none of its ends"] = { from = C2, to = "203.0.113.9", port = 1 },
            ["two families"] = { from = "i-one", to = "10.0.0.1", port = 1, family = "v6" },
            ["no instance, interface or address"] = { from = "i-one", to = "evil", port = 1 },
            ["is no port"] = { from = "i-one", to = C2, port = 70000 },
            ["activity="] = { from = "i-one", to = C2, port = 1, activity = { every = 0 } },
            ["it is said to come in"] = { from = "i-one", to = C2, port = 1,
                                          direction = "ingress" },
            ['activity= is "dormant"'] = { from = "i-one", to = C2, port = 1,
                                           activity = { every = math.huge } },
            ["it starts later"] = { from = "i-one", to = C2, port = 1, started = 2000000000 },
        } do
            flow.name = "odd"
            local ok, why = pcall(flows.add, flows, flow)
            check.ok(not ok, words)
            check.has(why, "flow odd")
            check.has(why, words)
        end
    end },
    { "time goes on by a number of seconds, never back", function()
        local w, flows = open_world()
        for _, seconds in ipairs { -1, 0 / 0, math.huge, "5" } do
            check.ok(not pcall(flows.advance, flows, seconds), tostring(seconds))
        end
        check.equal(w.now, 1000000000)
    end },
    { "a slow UDP flow that the rules allow costs nothing, and dies of a cut", function()
        local w, flows = open_world()
        w:group("sg-some", {}, { "udp 53 198.51.100.0/24" })
        w:group("sg-none", {}, {})
        flows:changed(w:wear("one", "sg-some"))
        flows:add { name = "slow", from = "i-one", to = C2, port = 53, protocol = "udp",
                    activity = { every = 40 } }
        flows:advance(10 * 366 * 86400 + 5)
        state(flows, "slow", "alive")
        check.equal(#flows:history "slow", 1)
        flows:changed(w:wear("one", "sg-none"))
        flows:advance(40)
        state(flows, "slow", "cut")
    end },
    { "history tells when, in simulated time; a fork lives on by itself", function()
        local w, flows = open_world()
        add(flows, "c2", "i-one", C2)
        local copy = { now = w.now, resources = w.resources }
        flows:advance(7)
        flows:changed(w:deny("acl-pub", "0.0.0.0/0"))
        local history = flows:history "c2"
        check.equal({ history[1].state, history[1].at, history[2].state, history[2].at },
                    { "alive", 1000000000, "paused", 1007000000 })
        local fork = flows:fork { now = w.now, resources = w.resources }
        fork:advance(2000)
        state(fork, "c2", "cut")
        state(flows, "c2", "paused")
        check.equal(copy.now, 1000000000)
    end },
    { "a world with a log of changes needs no telling", function()
        local w, flows = open_world()
        w.revision, w.changes = 0, {}
        flows = engine.new(w)
        add(flows, "c2", "i-one", C2)
        w:deny("acl-pub", "0.0.0.0/0")
        w.revision, w.changes = 1, { { revision = 1, kind = "NetworkAcls", id = "acl-pub" } }
        state(flows, "c2", "paused")
    end },
}
