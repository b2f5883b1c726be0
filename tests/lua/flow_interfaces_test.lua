-- flow_interfaces_test.lua - instances with several interfaces, and flows through services.
local check = require "check"
local engine = require "flow_engine"
local flow_world = require "flow_world"
local forecast = require "survivors_forecast"
local reach = require "reach"

local C2 = "198.51.100.7"
local route = flow_world.route

-- "web": one interface in the public subnet with a public address, one in the private subnet.
local function two_interfaces()
    local w = flow_world.new()
    w:group("sg-web", { "tcp 22 10.0.0.0/16" }, { "all - 0.0.0.0/0" })
    w:group("sg-open", { flow_world.ALL }, { flow_world.ALL })
    w:group("sg-none", {}, {})
    w:instance("web", "10.0.1.10", { "sg-web" }, { public = "198.18.0.1" })
    w:instance("back", "10.0.2.20", { "sg-web" }, { of = "i-web", subnet = "subnet-prv" })
    w:instance("two", "10.0.1.11", { "sg-web" })
    return w, engine.new(w)
end

local function state(flows, name, expected, words)
    local actual, why = flows:state(name)
    check.equal(actual, expected, ("%s: %s"):format(name, why))
    if words then check.has(why, words) end
end

local function both_c2(flows)
    flows:add { name = "front", from = "i-web", to = C2, port = 4444 }
    flows:add { name = "back", from = "eni-back", to = C2, port = 4444 }
    flows:add { name = "lateral", from = "i-two", to = "eni-back", port = 22 }
end

return {
    { "groups belong to interfaces: the one that was forgotten keeps its flows", function()
        local w, flows = two_interfaces()
        both_c2(flows)
        flows:changed(w:wear("web", "sg-open"))
        flows:advance(5)
        flows:changed(w:wear("web", "sg-none"))
        state(flows, "front", "cut")
        state(flows, "back", "alive")
        check.ok(#reach.of(w, "i-web").out > 0)
    end },
    { "on every ENI: the tracked flows inside the VPC die, the NAT-tracked one lives", function()
        local w, flows = two_interfaces()
        both_c2(flows)
        for _, group in ipairs { "sg-open", "sg-none" } do
            local touched = w:wear("web", group)
            table.move(w:wear("back", group), 1, 1, 2, touched)
            flows:changed(touched)
            if group == "sg-open" then flows:advance(5) end
        end
        state(flows, "front", "cut")
        state(flows, "lateral", "cut")
        state(flows, "back", "alive", "nat-1 are always tracked")
        check.equal(reach.of(w, "i-web").entries, {})
    end },
    { "an instance with ENIs in several subnets needs a NACL for each", function()
        local w, flows = two_interfaces()
        both_c2(flows)
        flows:changed(w:deny("acl-pub", "198.51.100.7/32"))
        state(flows, "front", "paused")
        state(flows, "back", "paused", "acl-pub entry 1")
        state(flows, "lateral", "alive")
        flows:changed(w:deny("acl-prv", "0.0.0.0/0"))
        state(flows, "lateral", "paused", "acl-prv entry 1")
    end },
    { "a flow between two tracked ends is cut when one end lets go", function()
        local w, flows = two_interfaces()
        flows:add { name = "lateral", from = "i-two", to = "eni-back", port = 22 }
        flows:changed(w:wear("back", "sg-open"))
        flows:advance(1)
        flows:changed(w:wear("back", "sg-none"))
        state(flows, "lateral", "cut", "untracked at eni-back")
    end },
    { "Network Firewall tracks always; of a Gateway Load Balancer AWS does not say", function()
        for firewall, expected in pairs { yes = "alive", no = "unknown" } do
            local w, flows = two_interfaces()
            w.resources.VpcEndpoints = { ["vpce-1"] = { VpcEndpointId = "vpce-1", VpcId = "vpc-1",
                VpcEndpointType = "GatewayLoadBalancer", State = "available",
                Tags = firewall == "yes"
                    and { { Key = "AWSNetworkFirewallManaged", Value = "true" } } or {} } }
            local main = w.resources.RouteTables["rtb-main"].Routes
            main[3] = route("0.0.0.0/0", "GatewayId", "vpce-1")
            flows:changed()
            w:wear("web", "sg-open")
            flows:changed()
            flows:add { name = "front", from = "i-web", to = C2, port = 4444 }
            flows:changed(w:wear("web", "sg-none"))
            state(flows, "front", expected)
            local found = false
            for _, entry in ipairs(forecast.list(w, { instance = "i-web", convert = true })) do
                found = found or (entry.text:find("vpce-1", 1, true) ~= nil
                    and entry.certainty == (firewall == "yes" and "survives" or "unknown"))
            end
            check.ok(found, "the forecast names the endpoint")
        end
    end },
    { "the local route's target replaced: what the appliance does is unknown", function()
        local w, flows = two_interfaces()
        flows:add { name = "lateral", from = "i-two", to = "eni-back", port = 22 }
        local main = w.resources.RouteTables["rtb-main"].Routes
        main[1] = { DestinationCidrBlock = "10.0.0.0/16", NetworkInterfaceId = "eni-x",
                    State = "active", Origin = "CreateRouteTable" }
        flows:changed { { kind = "RouteTables", id = "rtb-main" } }
        state(flows, "lateral", "unknown", "what eni-x does with it is not known")
    end },
    { "a static route wins over a propagated one for the same destination", function()
        local w, flows = two_interfaces()
        flows:add { name = "front", from = "i-web", to = C2, port = 4444 }
        local propagated = route("0.0.0.0/0", "GatewayId", "vgw-1")
        propagated.Origin = "EnableVgwRoutePropagation"
        table.insert(w.resources.RouteTables["rtb-main"].Routes, 1, propagated)
        flows:changed { { kind = "RouteTables", id = "rtb-main" } }
        state(flows, "front", "alive", "igw-1")
    end },
}
