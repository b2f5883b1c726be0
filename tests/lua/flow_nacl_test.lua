-- flow_nacl_test.lua - what is documented of network ACLs, as the flow engine keeps it.
local check = require "check"
local engine = require "flow_engine"
local flow_world = require "flow_world"

local C2 = "198.51.100.7"

-- Two neighbours in the public subnet and one in the private one; groups let everything through
-- but track it (the peers are named, not everybody).
local function neighbours()
    local w = flow_world.new()
    w:group("sg-a", { "all - 0.0.0.0/1", "all - 128.0.0.0/1" },
            { "all - 0.0.0.0/1", "all - 128.0.0.0/1", "all - ::/1", "all - 2000::/3" })
    w:instance("one", "10.0.1.10", { "sg-a" }, { public = "198.18.0.1", v6 = "2001:db8::10" })
    w:instance("two", "10.0.1.11", { "sg-a" })
    w:instance("far", "10.0.2.10", { "sg-a" }, { subnet = "subnet-prv" })
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

local function entry(w, acl, fields)
    fields.Protocol = fields.Protocol or "-1"
    table.insert(w.resources.NetworkAcls[acl].Entries, fields)
    return { { kind = "NetworkAcls", id = acl } }
end

return {
    { "evaluated at the subnet's edge only: traffic inside the subnet never meets it", function()
        local w, flows = neighbours()
        add(flows, "inside", "i-one", "i-two")
        add(flows, "across", "i-one", "i-far")
        add(flows, "out", "i-one", C2)
        flows:changed(w:deny("acl-pub", "0.0.0.0/0"))
        state(flows, "inside", "alive")
        state(flows, "across", "paused", "acl-pub entry 1 (deny all traffic to 0.0.0.0/0)")
        state(flows, "out", "paused")
    end },
    { "one NACL may serve many subnets: all their instances are hit", function()
        local w, flows = neighbours()
        w.resources.NetworkAcls["acl-pub"].Associations[2] = { SubnetId = "subnet-prv" }
        w.resources.NetworkAcls["acl-prv"].Associations = {}
        flows:changed()
        add(flows, "far", "i-far", C2)
        flows:changed(w:deny("acl-pub", "0.0.0.0/0"))
        state(flows, "far", "paused", "acl-pub entry 1")
    end },
    { "lowest number first, first match wins; the default deny shows as 32767", function()
        local w, flows = neighbours()
        add(flows, "out", "i-one", C2)
        entry(w, "acl-pub", { RuleNumber = 150, CidrBlock = "0.0.0.0/0", Egress = true,
                              RuleAction = "deny" })
        flows:changed { { kind = "NetworkAcls", id = "acl-pub" } }
        state(flows, "out", "alive")
        flows:changed(entry(w, "acl-pub", { RuleNumber = 50, CidrBlock = "198.51.100.0/24",
                                            Egress = true, RuleAction = "deny" }))
        state(flows, "out", "paused", "acl-pub entry 50 (deny all traffic to 198.51.100.0/24)")
        w.resources.NetworkAcls["acl-pub"].Entries = { { RuleNumber = 32767, Egress = true,
            CidrBlock = "0.0.0.0/0", RuleAction = "deny", Protocol = "-1" } }
        flows:changed { { kind = "NetworkAcls", id = "acl-pub" } }
        state(flows, "out", "paused", "entry *")
    end },
    { "replies are not remembered: a deny in either direction stops established flows", function()
        for _, egress in ipairs { true, false } do
            local w, flows = neighbours()
            add(flows, "out", "i-one", C2)
            add(flows, "in", "203.0.113.9", "i-one")
            flows:changed(entry(w, "acl-pub", { RuleNumber = 1, CidrBlock = "0.0.0.0/0",
                                                Egress = egress, RuleAction = "deny" }))
            state(flows, "out", "paused")
            state(flows, "in", "paused")
        end
    end },
    { "ephemeral ports: replies need them; what depends on an unknown one is unknown", function()
        local w, flows = neighbours()
        local acl = w.resources.NetworkAcls["acl-pub"]
        acl.Entries = {
            { RuleNumber = 100, Egress = false, CidrBlock = "0.0.0.0/0", RuleAction = "allow",
              Protocol = "6", PortRange = { From = 443, To = 443 } },
            { RuleNumber = 100, Egress = true, CidrBlock = "0.0.0.0/0", RuleAction = "allow",
              Protocol = "6", PortRange = { From = 32768, To = 65535 } } }
        flows:changed { { kind = "NetworkAcls", id = "acl-pub" } }
        local function come(name, source)
            return add(flows, name, "203.0.113.9", "i-one", { port = 443, source_port = source })
        end
        check.equal((come("high", 50000)), "alive")
        check.equal((come("low", 2000)), "never possible")
        local answer, why = come "any"
        check.equal(answer, "unknown")
        check.has(why, "decides by the port, which is not known")
    end },
    { "v4 and v6 need an entry each: the IPv6 hole", function()
        local w, flows = neighbours()
        add(flows, "v4", "i-one", C2)
        add(flows, "v6", "i-one", "2001:db8:ffff::7")
        flows:changed(w:deny("acl-pub", "0.0.0.0/0"))
        state(flows, "v4", "paused")
        state(flows, "v6", "alive")
        flows:changed(w:deny("acl-pub", "::/0"))
        state(flows, "v6", "paused", "deny all traffic to ::/0")
    end },
    { "it pauses them: lifted before the time-outs, the flow goes on", function()
        local w, flows = neighbours()
        add(flows, "out", "i-one", C2)
        flows:changed(w:deny("acl-pub", "0.0.0.0/0"))
        flows:advance(900)
        state(flows, "out", "paused")
        flows:changed(w:lift "acl-pub")
        state(flows, "out", "alive")
    end },
    { "... after the peers' TCP has given up, it does not", function()
        local w, flows = neighbours()
        add(flows, "out", "i-one", C2)
        add(flows, "asleep", "i-one", C2, { activity = "dormant" })
        flows:changed(w:deny("acl-pub", "0.0.0.0/0"))
        flows:advance(1000)
        state(flows, "out", "cut", "for longer than TCP retransmits")
        state(flows, "asleep", "paused")
        flows:changed(w:lift "acl-pub")
        state(flows, "out", "cut")
        state(flows, "asleep", "alive")
    end },
    { "... after its tracking entry has gone and the groups are closed, it does not", function()
        local w, flows = neighbours()
        w:group("sg-none", {}, {})
        add(flows, "out", "i-one", C2, { protocol = "udp" })
        flows:changed(w:wear("one", "sg-none"))
        flows:changed(w:deny("acl-pub", "0.0.0.0/0"))
        flows:advance(29)
        state(flows, "out", "paused")
        flows:advance(1)
        state(flows, "out", "cut", "idle for too long")
    end },
    { "an entry names the remote end by CIDR, also one inside the VPC", function()
        local w, flows = neighbours()
        add(flows, "across", "i-one", "i-far")
        add(flows, "out", "i-one", C2)
        flows:changed(w:deny("acl-pub", "10.0.2.0/24"))
        state(flows, "across", "paused")
        state(flows, "out", "alive")
    end },
    { "tracked or not makes no difference to a NACL", function()
        local w, flows = neighbours()
        w:group("sg-open", { flow_world.ALL }, { flow_world.ALL })
        flows:changed(w:wear("one", "sg-open"))
        add(flows, "untracked", "i-one", C2)
        flows:changed(w:deny("acl-pub", "0.0.0.0/0"))
        state(flows, "untracked", "paused")
    end },
    { "a NACL deny cuts off a NAT-tracked beacon: everything that crosses the edge", function()
        local w, flows = neighbours()
        add(flows, "beacon", "i-far", C2)
        flows:changed(w:deny("acl-prv", "0.0.0.0/0"))
        state(flows, "beacon", "paused", "acl-prv entry 1")
        flows:changed(w:lift "acl-prv")
        state(flows, "beacon", "alive")
        flows:changed(w:deny("acl-pub", "198.51.100.7/32"))
        state(flows, "beacon", "paused", "acl-pub entry 1")
    end },
    { "a replaced association hits that subnet only", function()
        local w, flows = neighbours()
        add(flows, "one", "i-one", C2)
        add(flows, "far", "i-far", C2)
        w.resources.NetworkAcls["acl-new"] = { NetworkAclId = "acl-new", VpcId = "vpc-1",
            Entries = {}, Associations = { { SubnetId = "subnet-prv" } } }
        w.resources.NetworkAcls["acl-prv"].Associations = {}
        flows:changed { { kind = "NetworkAcls", id = "acl-prv" },
                        { kind = "NetworkAcls", id = "acl-new" } }
        state(flows, "far", "paused", "acl-new")
        state(flows, "one", "alive")
    end },
    { "ICMP by type and code", function()
        local w, flows = neighbours()
        flows:add { name = "ping", from = "i-one", to = C2, protocol = "icmp" }
        flows:changed(entry(w, "acl-pub", { RuleNumber = 2, CidrBlock = "0.0.0.0/0", Protocol = "1",
            Egress = false, RuleAction = "deny", IcmpTypeCode = { Type = 0, Code = -1 } }))
        state(flows, "ping", "paused", "acl-pub entry 2")
    end },
    { "a subnet whose NACL is not in the world: unknown", function()
        local w, flows = neighbours()
        add(flows, "out", "i-one", C2)
        w.resources.NetworkAcls["acl-pub"] = nil
        flows:changed()
        state(flows, "out", "unknown", "the NACL of subnet-pub is not known")
    end },
}
