-- flow_groups_test.lua - what is documented of security groups and tracking, as the flow
-- engine keeps it. Each test carries the sentence that it holds.
local check = require "check"
local engine = require "flow_engine"
local flow_world = require "flow_world"

local C2 = "198.51.100.7"

-- A web server with a public address, whose groups track what it opens and ssh, and leave https
-- untracked; the groups of an isolation.
local function web_world(more)
    local w = flow_world.new()
    w:group("sg-web", { "tcp 22 203.0.113.0/24", "tcp 443 0.0.0.0/0", "icmp -1 0.0.0.0/0" },
            { "all - 0.0.0.0/0" })
    w:group("sg-open", { flow_world.ALL }, { flow_world.ALL })
    w:group("sg-none", {}, {})
    w:group("sg-blank-looking", {}, { "all - 0.0.0.0/0" })
    more = more or {}
    more.public = more.public or "198.18.0.1"
    w:instance("web", "10.0.1.10", { "sg-web" }, more)
    return w, engine.new(w)
end

local function c2(flows, more)
    local flow = { name = "c2", from = "i-web", to = C2, port = 4444 }
    for key, value in pairs(more or {}) do flow[key] = value end
    check.equal((flows:add(flow)), "alive")
end

local function state(flows, name, expected, words)
    local actual, why = flows:state(name)
    check.equal(actual, expected, ("%s: %s"):format(name, why))
    if words then check.has(why, words) end
end

-- The conversion: open, wait, close.
local function convert(w, flows, name, settle)
    flows:changed(w:wear(name, "sg-open"))
    flows:advance(settle)
    flows:changed(w:wear(name, "sg-none"))
end

return {
    { "several groups on one ENI add up; adding a group never cuts anything", function()
        local w, flows = web_world()
        c2(flows)
        check.equal((flows:add { name = "ssh", from = "203.0.113.9", to = "i-web", port = 22 }),
                    "alive")
        check.equal(#flows:changed(w:wear("web", "sg-web", "sg-none")), 0)
        state(flows, "ssh", "alive")
        w:group("sg-rdp", { "tcp 3389 203.0.113.0/24" }, {})
        flows:add { name = "rdp", from = "203.0.113.9", to = "i-web", port = 3389 }
        state(flows, "rdp", "never possible", "no rule of eni-web (sg-web, sg-none) allows it in")
        flows:changed(w:wear("web", "sg-web", "sg-rdp"))
        flows:advance(1)
        state(flows, "rdp", "alive", "sg-rdp (tcp 3389 from 203.0.113.0/24)")
    end },
    { "a naive swap leaves the tracked C2 alive: a tracked flow lives on", function()
        local w, flows = web_world()
        c2(flows)
        flows:changed(w:wear("web", "sg-none"))
        state(flows, "c2", "alive", "no rule of eni-web (sg-none) allows it out")
        state(flows, "c2", "alive", "432000 s")
        flows:advance(864000)
        state(flows, "c2", "alive")
    end },
    { "... until it has been idle for its time-out: TCP 432000 s by default", function()
        local w, flows = web_world()
        c2(flows, { activity = "dormant" })
        flows:changed(w:wear("web", "sg-none"))
        flows:advance(431999)
        state(flows, "c2", "alive")
        flows:advance(1)
        state(flows, "c2", "cut", "idle for too long")
        local history = flows:history "c2"
        check.equal(history[#history].at, 1000000000 + 432000 * 1000000)
    end },
    { "350 s on Nitro v6; settable per ENI", function()
        for _, more in ipairs { { type = "m8i.large" },
                                { timeouts = { TcpEstablishedTimeout = 350 } } } do
            local w, flows = web_world(more)
            c2(flows, { activity = "dormant" })
            flows:changed(w:wear("web", "sg-none"))
            flows:advance(349)
            state(flows, "c2", "alive")
            flows:advance(1)
            state(flows, "c2", "cut")
        end
    end },
    { "the idle time-out purges idle entries only: a beacon every 20 s survives 60 s", function()
        local w, flows = web_world { timeouts = { TcpEstablishedTimeout = 60 } }
        c2(flows, { activity = { every = 20 } })
        flows:changed(w:wear("web", "sg-none"))
        flows:advance(86400)
        state(flows, "c2", "alive")
    end },
    { "the effect of a new time-out on existing entries is not documented: unknown", function()
        local w, flows = web_world()
        c2(flows, { activity = "dormant" })
        flows:changed(w:wear("web", "sg-none"))
        local eni = w.resources.NetworkInterfaces["eni-web"]
        eni.ConnectionTrackingConfiguration = { TcpEstablishedTimeout = 60 }
        flows:changed { { kind = "NetworkInterfaces", id = "eni-web" } }
        state(flows, "c2", "alive")
        flows:advance(61)
        state(flows, "c2", "unknown", "AWS does not say which time-out")
        flows:advance(432000)
        state(flows, "c2", "cut")
    end },
    { "UDP single 30 s, UDP stream 180 s", function()
        local w, flows = web_world()
        flows:add { name = "single", from = "i-web", to = C2, port = 53, protocol = "udp",
                    activity = "dormant" }
        flows:add { name = "stream", from = "i-web", to = C2, port = 123, protocol = "udp",
                    activity = { every = 20 } }
        flows:add { name = "slow", from = "i-web", to = C2, port = 124, protocol = "udp",
                    activity = { every = 40 } }
        flows:advance(20)
        flows:changed(w:wear("web", "sg-none"))
        flows:advance(9)
        for _, name in ipairs { "single", "stream", "slow" } do state(flows, name, "alive") end
        flows:advance(1)
        state(flows, "single", "cut")
        state(flows, "slow", "cut", "idle for too long")
        flows:advance(3600)
        state(flows, "stream", "alive", "180 s")
    end },
    { "a rule for all addresses, and all ports back: untracked; it drops at once", function()
        local w, flows = web_world()
        flows:add { name = "https", from = "203.0.113.9", to = "i-web", port = 443,
                    activity = "dormant" }
        state(flows, "https", "alive", "untracked")
        local changed = flows:changed(w:wear("web", "sg-none"))
        check.equal(changed, { "https" })
        state(flows, "https", "cut", "untracked at eni-web, so it drops at once")
    end },
    { "a rule removed or modified drops an untracked flow, whatever egress still allows", function()
        local w, flows = web_world()
        flows:add { name = "https", from = "203.0.113.9", to = "i-web", port = 443 }
        w:group("sg-web", { "tcp 22 203.0.113.0/24" }, { "all - 0.0.0.0/0" })
        flows:changed { { kind = "SecurityGroups", id = "sg-web" } }
        state(flows, "https", "cut", "no rule of eni-web (sg-web) allows it in")
    end },
    { "the same address family: 0.0.0.0/0 back does not untrack IPv6", function()
        local w = flow_world.new()
        w:group("sg-a", { "tcp 443 0.0.0.0/0", "tcp 443 ::/0" }, { "all - 0.0.0.0/0" })
        w:group("sg-none", {}, {})
        w:instance("web", "10.0.1.10", { "sg-a" }, { public = "198.18.0.1", v6 = "2001:db8::10" })
        local flows = engine.new(w)
        flows:add { name = "v4", from = "203.0.113.9", to = "i-web", port = 443 }
        flows:add { name = "v6", from = "2001:db8:ffff::9", to = "i-web", port = 443 }
        flows:changed(w:wear("web", "sg-none"))
        state(flows, "v4", "cut")
        state(flows, "v6", "alive")
    end },
    { "all ports 0-65535 of the flow's protocol back are enough, 1024-65535 are not", function()
        for range, expected in pairs { ["0-65535"] = "cut", ["1024-65535"] = "alive" } do
            local w = flow_world.new()
            w:group("sg-a", { "tcp 443 0.0.0.0/0" }, { "tcp " .. range .. " 0.0.0.0/0" })
            w:group("sg-none", {}, {})
            w:instance("web", "10.0.1.10", { "sg-a" }, { public = "198.18.0.1" })
            local flows = engine.new(w)
            flows:add { name = "https", from = "203.0.113.9", to = "i-web", port = 443 }
            flows:changed(w:wear("web", "sg-none"))
            state(flows, "https", expected)
        end
    end },
    { "conversion kills the tracked C2: flows that carry a packet become untracked", function()
        local w, flows = web_world()
        c2(flows)
        convert(w, flows, "web", 5)
        state(flows, "c2", "cut", "it was untracked at eni-web")
    end },
    { "dormant flows (no packet during the window) stay tracked", function()
        local w, flows = web_world()
        c2(flows, { activity = "dormant" })
        flows:add { name = "slow", from = "i-web", to = C2, port = 4445, activity = { every = 60 } }
        convert(w, flows, "web", 5)
        state(flows, "c2", "alive")
        state(flows, "slow", "alive")
    end },
    { "open both families: a v4-only opening leaves the v6 flow alive", function()
        local w = flow_world.new()
        w:group("sg-a", { "tcp 22 203.0.113.0/24" }, { "all - 0.0.0.0/0", "all - ::/0" })
        w:group("sg-open", { "all - 0.0.0.0/0" }, { "all - 0.0.0.0/0" })
        w:group("sg-none", {}, {})
        w:instance("web", "10.0.1.10", { "sg-a" }, { public = "198.18.0.1", v6 = "2001:db8::10" })
        local flows = engine.new(w)
        flows:add { name = "v4", from = "i-web", to = C2, port = 4444 }
        flows:add { name = "v6", from = "i-web", to = "2001:db8:ffff::7", port = 4444 }
        convert(w, flows, "web", 5)
        state(flows, "v4", "cut")
        state(flows, "v6", "alive", "no rule of eni-web (sg-none) allows it out")
    end },
    { "ICMP is always tracked: it survives conversion", function()
        local w, flows = web_world()
        check.equal((flows:add { name = "tunnel", from = "i-web", to = C2, protocol = "icmp" }),
                    "alive")
        convert(w, flows, "web", 5)
        state(flows, "tunnel", "alive")
        flows:add { name = "asleep", from = "203.0.113.9", to = "i-web", protocol = "icmp",
                    activity = "dormant" }
        state(flows, "asleep", "never possible")
    end },
    { "an ICMP entry's life is not documented: a dormant one is unknown after the cut", function()
        local w, flows = web_world()
        flows:add { name = "asleep", from = "203.0.113.9", to = "i-web", protocol = "icmp",
                    activity = "dormant" }
        flows:changed(w:wear("web", "sg-none"))
        state(flows, "asleep", "unknown", "AWS does not document how long")
    end },
    { "other protocols are tracked by address and protocol number, 600 s", function()
        local w, flows = web_world()
        flows:add { name = "gre", from = "i-web", to = C2, protocol = "47", activity = "dormant" }
        convert(w, flows, "web", 5)
        flows:advance(594)
        state(flows, "gre", "alive")
        flows:advance(1)
        state(flows, "gre", "cut")
    end },
    { "flows through a NAT gateway are always tracked: the beacon survives conversion", function()
        local w, flows = web_world()
        w:instance("prv", "10.0.2.10", { "sg-web" }, { subnet = "subnet-prv",
                                                       v6 = "2001:db8::2:10" })
        flows = engine.new(w)
        w:group("sg-web6", {}, { flow_world.ALL })
        flows:changed(w:wear("prv", "sg-web", "sg-web6"))
        flows:add { name = "beacon", from = "i-prv", to = C2, port = 443,
                    activity = { every = 20 } }
        flows:add { name = "beacon6", from = "i-prv", to = "2001:db8:ffff::7", port = 443 }
        convert(w, flows, "prv", 60)
        state(flows, "beacon", "alive", "flows through the NAT gateway nat-1 are always tracked")
        state(flows, "beacon6", "alive", "egress-only gateway eigw-1")
        flows:advance(86400)
        state(flows, "beacon", "alive")
    end },
    { "a Network Load Balancer, an interface endpoint, Lambda: automatically tracked", function()
        local w, flows = web_world()
        w:instance("nlb", "10.0.1.50", {}, { managed = true, kind = "network_load_balancer" })
        w:instance("vpce", "10.0.1.51", { "sg-open" }, { managed = true, kind = "vpc_endpoint" })
        w:instance("fn", "10.0.1.52", { "sg-open" },
                   { managed = true, description = "AWS Lambda VPC ENI-x" })
        flows = engine.new(w)
        flows:add { name = "by-nlb", from = "203.0.113.9", to = "i-web", port = 443,
                    via = "eni-nlb" }
        flows:add { name = "to-vpce", from = "i-web", to = "10.0.1.51", port = 443 }
        flows:add { name = "to-fn", from = "eni-fn", to = "i-web", port = 443 }
        convert(w, flows, "web", 5)
        for _, name in ipairs { "by-nlb", "to-vpce", "to-fn" } do
            state(flows, name, "alive", "always tracked")
        end
    end },
    { "an already quarantined neighbour stays cut while a group of its own is opened", function()
        local w, flows = web_world()
        w:instance("old", "10.0.1.11", { "sg-none" }, { public = "198.18.0.2" })
        flows = engine.new(w)
        flows:add { name = "again", from = "i-old", to = C2, port = 4444 }
        convert(w, flows, "web", 5)
        state(flows, "again", "never possible")
    end },
    { "opening a group that other quarantined instances carry would expose them", function()
        local w, flows = web_world()
        w:instance("old", "10.0.1.11", { "sg-none" }, { public = "198.18.0.2" })
        flows = engine.new(w)
        flows:add { name = "again", from = "i-old", to = C2, port = 4444 }
        w:group("sg-none", { flow_world.ALL }, { flow_world.ALL })
        flows:changed { { kind = "SecurityGroups", id = "sg-none" } }
        flows:advance(5)
        state(flows, "again", "alive")
    end },
    { "while the window is open, the host is open to the whole internet", function()
        local w, flows = web_world()
        flows:add { name = "scan", from = C2, to = "i-web", port = 3389, activity = { every = 2 } }
        state(flows, "scan", "never possible")
        flows:changed(w:wear("web", "sg-open"))
        flows:advance(5)
        state(flows, "scan", "alive")
        flows:changed(w:wear("web", "sg-none"))
        state(flows, "scan", "cut")
        local moments = {}
        for i, moment in ipairs(flows:history "scan") do moments[i] = moment.state end
        check.equal(moments, { "never possible", "alive", "cut" })
    end },
    { "a new group is not blank: its allow-all egress lets new flows out", function()
        local w, flows = web_world()
        flows:changed(w:wear("web", "sg-blank-looking"))
        check.equal((flows:add { name = "new", from = "i-web", to = C2, port = 4444 }), "alive")
    end },
    { "an untracked flow of which only the opening direction stays allowed is unknown", function()
        local w, flows = web_world()
        flows:changed(w:wear("web", "sg-open"))
        c2(flows)
        flows:changed(w:wear("web", "sg-blank-looking"))
        state(flows, "c2", "unknown", "AWS does not say")
        flows:changed(w:wear("web", "sg-none"))
        state(flows, "c2", "cut")
    end },
    { "a group as peer means who carries it, in both families, by private addresses", function()
        local w = flow_world.new()
        w:group("sg-app", {}, { flow_world.ALL })
        w:group("sg-db", { "tcp 5432 sg-app" }, {})
        w:instance("app", "10.0.1.10", { "sg-app" }, { v6 = "2001:db8::10", public = "198.18.0.1" })
        w:instance("db", "10.0.1.20", { "sg-db" }, { v6 = "2001:db8::20", public = "198.18.0.2" })
        w:instance("odd", "10.0.1.30", {}, {})
        local flows = engine.new(w)
        check.equal((flows:add { name = "v4", from = "i-app", to = "i-db", port = 5432 }), "alive")
        check.equal((flows:add { name = "v6", from = "i-app", to = "i-db", port = 5432,
                                 family = "v6" }), "alive")
        check.equal((flows:add { name = "public", from = "i-app", to = "198.18.0.2", port = 5432 }),
                    "never possible")
        check.equal((flows:add { name = "odd", from = "i-odd", to = "i-db", port = 5432 }),
                    "never possible")
    end },
    { "rules of a prefix list that the world does not hold: unknown, with the reason", function()
        local w = flow_world.new()
        w:group("sg-a", { "tcp 22 pl-1" }, {})
        w:instance("web", "10.0.1.10", { "sg-a" }, { public = "198.18.0.1" })
        local flows = engine.new(w)
        flows:add { name = "ssh", from = "203.0.113.9", to = "i-web", port = 22 }
        state(flows, "ssh", "unknown", "the entries of pl-1 are not known")
        w.resources.PrefixLists = { ["pl-1"] = { PrefixListId = "pl-1",
                                                 Cidrs = { "203.0.113.0/24" } } }
        flows:changed { { kind = "PrefixLists", id = "pl-1" } }
        check.equal((flows:add { name = "ssh2", from = "203.0.113.9", to = "i-web", port = 22 }),
                    "alive")
    end },
    { "why names the rule, and its group by id and name", function()
        local w, flows = web_world()
        w:group("sg-web", { "tcp 22 203.0.113.0/24" }, {})
        w.resources.SecurityGroups["sg-web"].GroupName = "web servers"
        flows:changed()
        local _, why = flows:add { name = "ssh", from = "203.0.113.9", to = "i-web", port = 22 }
        check.has(why, 'sg-web "web servers" (tcp 22 from 203.0.113.0/24) at eni-web (tracked)')
    end },
    { "DNS to the resolver, IMDS, time sync survive every isolation", function()
        local w, flows = web_world()
        for name, address in pairs { dns = "10.0.0.2", dns2 = "169.254.169.253",
                                     imds = "169.254.169.254", time = "169.254.169.123" } do
            flows:add { name = name, from = "i-web", to = address, port = 53, protocol = "udp" }
        end
        flows:add { name = "dhcp", from = "i-web", to = "10.0.1.1", port = 67, protocol = "udp" }
        convert(w, flows, "web", 5)
        flows:changed(w:deny("acl-pub", "0.0.0.0/0"))
        for _, name in ipairs { "dns", "dns2", "imds", "time", "dhcp" } do
            state(flows, name, "alive", "neither groups nor NACLs filter")
        end
    end },
}
