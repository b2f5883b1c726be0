-- forecast_test.lua - what a plan says can survive, and who else it says is hit.
local blast = require "blast"
local check = require "check"
local engine = require "flow_engine"
local flow_world = require "flow_world"
local forecast = require "survivors_forecast"

local function busy_world()
    local w = flow_world.new()
    w:group("sg-web", { "tcp 443 0.0.0.0/0" }, { "all - 0.0.0.0/0" })
    w:group("sg-none", {}, {})
    w:instance("web", "10.0.1.10", { "sg-web" }, { public = "198.18.0.1", v6 = "2001:db8::10" })
    w:instance("two", "10.0.1.11", { "sg-web" })
    w:instance("prv", "10.0.2.10", { "sg-none" }, { subnet = "subnet-prv" })
    w:instance("nlb", "10.0.1.50", {}, { managed = true, kind = "network_load_balancer",
                                         description = "ELB net/front/0abc" })
    w:instance("nat", "10.0.1.200", {}, { managed = true, kind = "nat_gateway",
                                          description = "Interface for NAT Gateway nat-1" })
    return w
end

local function find(list, text)
    for _, one in ipairs(list) do
        if one.text:find(text, 1, true) then return one end
    end
    return nil
end

local function ids(list)
    local names = {}
    for i, one in ipairs(list) do names[i] = one.id end
    return names
end

local function hit(w, kind, id)
    return blast.of(w, { { kind = kind, id = id } }, { except = "i-web" })
end

return {
    { "flows through a NAT gateway survive, and the lever is named", function()
        local list = forecast.list(busy_world(), { instance = "i-prv", convert = true, settle = 5 })
        local nat = find(list, "flows through nat-1 (always tracked)")
        check.equal(nat.certainty, "survives")
        check.has(nat.lever, "a NACL that denies all at the edge of subnet-prv")
        check.has(nat.lever, "a route table without nat-1")
        check.equal(find(list, "eigw-1"), nil)
    end },
    { "dormant flows, ICMP, load balancers and the holes; never 'guaranteed'", function()
        local list = forecast.list(busy_world(), { instance = "i-web", convert = true, settle = 5 })
        check.has(find(list, "no packet in the 5 s").text, "5 days")
        check.has(find(list, "ICMP").text, "always tracked")
        check.has(find(list, "Network Load Balancers").text, "eni-nlb; always tracked")
        check.has(find(list, "DNS").text, "nothing filters them")
        check.equal(find(list, "attempted").certainty, "unknown")
        check.equal(find(list, "nat-1"), nil)
    end },
    { "without a conversion every tracked flow survives", function()
        local list = forecast.list(busy_world(), { instance = "i-web" })
        check.equal(find(list, "every tracked flow that is open").certainty, "survives")
    end },
    { "a window for IPv4 only leaves IPv6", function()
        local plan = { instance = "i-web", convert = true, families = { v4 = true } }
        check.has(find(forecast.list(busy_world(), plan), "IPv6").lever, "both families")
    end },
    { "a NACL leaves the subnet, routes leave the VPC, an address leaves IPv6", function()
        local w = busy_world()
        check.ok(find(forecast.list(w, { instance = "i-web", method = "nacl" }), "same subnet"))
        check.ok(find(forecast.list(w, { instance = "i-web", method = "routes" }), "local route"))
        check.ok(find(forecast.list(w, { instance = "i-web", method = "public-address" }), "IPv6"))
        local ok, why = pcall(forecast.list, w, { instance = "i-web", method = "prayer" })
        check.ok(not ok)
        check.has(why, "prayer")
    end },
    { "the forecast holds: what an isolation leaves alive was named", function()
        local w = busy_world()
        w:group("sg-out", {}, { "all - 0.0.0.0/0" })
        w:wear("prv", "sg-out")
        local flows = engine.new(w)
        flows:add { name = "beacon", from = "i-prv", to = "198.51.100.7", port = 443 }
        flows:changed(w:wear("prv", "sg-none"))
        local known = forecast.known(flows:report(), { "eni-prv" })
        check.equal({ #known, known[1].name, known[1].state }, { 1, "beacon", "alive" })
    end },
    { "who else is hit by a group, by name", function()
        local list = hit(busy_world(), "SecurityGroups", "sg-web")
        check.equal(ids(list), { "i-two" })
        check.equal(list[1].name, "two")
        check.equal(blast.text(list), 'also hits 1 instance: i-two "two"')
    end },
    { "... by a NACL: instances, load balancers, NAT gateways, and who is behind them", function()
        local list = hit(busy_world(), "NetworkAcls", "acl-pub")
        check.equal(ids(list), { "i-prv", "i-two", "nat-1", "net/front/0abc" })
        check.equal(list[1].behind, "nat-1")
        check.has(blast.text(list), 'i-prv "prv" (behind nat-1)')
    end },
    { "... by a route table: the main one serves all subnets without their own", function()
        local w = busy_world()
        check.equal(ids(hit(w, "RouteTables", "rtb-prv")), { "i-prv" })
        check.equal(ids(hit(w, "RouteTables", "rtb-main"))[2], "i-two")
    end },
    { "... by gateways: those whose routes lead there", function()
        local w = busy_world()
        check.equal(ids(hit(w, "NatGateways", "nat-1")), { "i-prv" })
        check.equal(ids(hit(w, "InternetGateways", "igw-1")), { "i-prv", "i-two", "nat-1",
                                                                "net/front/0abc" })
    end },
    { "only this instance; and a kind that is not known is refused", function()
        check.equal(blast.text(hit(busy_world(), "NetworkInterfaces", "eni-web")),
                    "hits only this instance")
        local ok, why = pcall(hit, busy_world(), "Clouds", "c-1")
        check.ok(not ok)
        check.has(why, "Clouds")
    end },
}
