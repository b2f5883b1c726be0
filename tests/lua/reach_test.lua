-- reach_test.lua - who could open a connection to an instance, and what it could open.
local check = require "check"
local flow_world = require "flow_world"
local reach = require "reach"

local function web_world()
    local w = flow_world.new()
    w:group("sg-web", { "tcp 22 203.0.113.0/24", "tcp 443 0.0.0.0/0", "tcp 443 ::/0",
                        "tcp 5432 sg-web" }, { "all - 0.0.0.0/0" })
    w:group("sg-none", {}, {})
    w:instance("web", "10.0.1.10", { "sg-web" }, { public = "198.18.0.1", v6 = "2001:db8::10" })
    w:instance("prv", "10.0.2.10", { "sg-web" }, { subnet = "subnet-prv" })
    return w
end

local function into(w, name) return reach.of(w, "i-" .. name).into end

local function has(list, text)
    for _, one in ipairs(list) do
        if one == text then return true end
    end
    return false
end

return {
    { "by whom, for what, in which family, by which way", function()
        local result = reach.of(web_world(), "i-web")
        check.equal(result.into, {
            "tcp 22 from 203.0.113.0/24, IPv4 by igw-1",
            "tcp 443 from the VPC (10.0.0.0/16), IPv4",
            "tcp 443 from the VPC (2001:db8::/56), IPv6",
            "tcp 443 from the internet, IPv4 by igw-1",
            "tcp 443 from the internet, IPv6 by igw-1",
            "tcp 5432 from sg-web in subnet-prv (1 other interface), IPv4",
        })
        check.equal(result.out, { "all traffic to the VPC (10.0.0.0/16), IPv4",
                                  "all traffic to the internet, IPv4 by igw-1" })
        check.ok(#result.unfiltered > 5)
    end },
    { "without a public address nobody comes in from the internet; NAT leads out only", function()
        local result = reach.of(web_world(), "i-prv")
        check.equal(result.into, { "tcp 443 from the VPC (10.0.0.0/16), IPv4",
            "tcp 5432 from sg-web in subnet-pub (1 other interface), IPv4" })
        check.ok(has(result.out, "all traffic to the internet, IPv4 by nat-1"))
    end },
    { "a blank group: nothing at all", function()
        local w = web_world()
        w:wear("web", "sg-none")
        local result = reach.of(w, "i-web")
        check.equal({ result.into, result.out }, { {}, {} })
    end },
    { "a blank-looking group with allow-all egress shows", function()
        local w = web_world()
        w:group("sg-new", {}, { "all - 0.0.0.0/0" })
        w:wear("web", "sg-new")
        local result = reach.of(w, "i-web")
        check.equal(#result.into, 0)
        check.equal(#result.out, 2)
    end },
    { "a NACL narrows ports, and leaves the own subnet alone", function()
        local w = web_world()
        table.insert(w.resources.NetworkAcls["acl-pub"].Entries,
                     { RuleNumber = 1, CidrBlock = "0.0.0.0/0", Egress = false, Protocol = "6",
                       PortRange = { From = 20, To = 500 }, RuleAction = "deny" })
        w:group("sg-web", { "tcp 400-600 0.0.0.0/0" }, {})
        check.equal(into(w, "web"), {
            "tcp 400-500 from the VPC (10.0.0.0/16), IPv4, in part",
            "tcp 501-600 from the VPC (10.0.0.0/16), IPv4",
            "tcp 501-600 from the internet, IPv4 by igw-1" })
    end },
    { "a NACL that lets no replies out lets nobody in", function()
        local w = web_world()
        table.insert(w.resources.NetworkAcls["acl-pub"].Entries,
                     { RuleNumber = 1, CidrBlock = "0.0.0.0/0", Egress = true, Protocol = "-1",
                       RuleAction = "deny" })
        check.ok(not has(into(w, "web"), "tcp 443 from the internet, IPv4 by igw-1"))
        check.ok(has(into(w, "web"), "tcp 443 from the internet, IPv6 by igw-1"))
    end },
    { "a NACL deny leaves the own subnet's neighbours, IPv4 and IPv6: said, not hidden", function()
        local w = web_world()
        w:deny("acl-pub", "0.0.0.0/0")
        w:deny("acl-pub", "::/0")
        check.equal(into(w, "web"), { "tcp 443 from the VPC (10.0.0.0/16), IPv4, in part",
                                      "tcp 443 from the VPC (2001:db8::/56), IPv6, in part" })
    end },
    { "a NACL on the NAT gateway's subnet closes the way out of those behind it", function()
        local w = web_world()
        w:deny("acl-pub", "0.0.0.0/0")
        check.equal(reach.of(w, "i-prv").out, { "all traffic to the VPC (10.0.0.0/16), IPv4" })
    end },
    { "the diff of two worlds", function()
        local before, after = web_world(), web_world()
        after:deny("acl-pub", "0.0.0.0/0")
        after:group("sg-web", { "tcp 443 ::/0", "tcp 8080 ::/0" }, {})
        local difference = reach.compare(before, after, "i-web")
        check.equal(difference.kept, 2)
        check.equal(#difference.lost, 6)
        check.equal(difference.gained[1].text, "tcp 8080 from the VPC (2001:db8::/56), IPv6")
        check.equal(difference.gained[1].direction, "in")
    end },
    { "a group that is not in the world is named; a stopped instance reaches nothing", function()
        local w = web_world()
        w:wear("web", "sg-away")
        check.equal(reach.of(w, "i-web").unread, { "sg-away" })
        w.resources.Instances["i-prv"].State.Name = "stopped"
        check.equal(into(w, "prv"), {})
    end },
}
