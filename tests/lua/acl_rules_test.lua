-- acl_rules_test.lua - where entries go in a network ACL that others wrote, and what passes one.
local check = require "check"
local rules = require("fake_host").module "acl_rules"

local V4, BOTH = { "v4" }, { "v4", "v6" }

local function entry(number, action, cidr, egress)
    return { RuleNumber = number, Egress = egress or false, Protocol = "-1", RuleAction = action,
             [cidr:find(":") and "Ipv6CidrBlock" or "CidrBlock"] = cidr }
end

local LAST = { entry(32767, "deny", "0.0.0.0/0"), entry(32768, "deny", "::/0") }

local function list_of(...)
    local list = { ... }
    table.move(LAST, 1, 2, #list + 1, list)
    return list
end

-- "v4 2 deny old=1, v6 3 deny": what is done to the inbound direction.
local function placed(entries, families, keep)
    local texts = {}
    for _, part in ipairs(rules.changes(entries, false, families, keep or {})) do
        for _, slot in ipairs(part.slots) do
            texts[#texts + 1] = ("%s %d %s%s%s"):format(part.family, slot.number,
                slot.entry.RuleAction, slot.old and " replaces" or "", slot.done and " done" or "")
        end
    end
    return table.concat(texts, ", ")
end

local keep_v4 = { rules.all_of "203.0.113.9/32" }

return {
    { "a list that begins at 100 gets its denies at 1 and 2", function()
        local entries = list_of(entry(100, "allow", "0.0.0.0/0"), entry(101, "allow", "::/0"))
        check.equal(placed(entries, BOTH), "v4 1 deny, v6 2 deny")
        check.equal(placed(entries, V4), "v4 1 deny")
    end },
    { "rule 1 is taken: it is replaced, by an entry of its own family", function()
        check.equal(placed(list_of(entry(1, "allow", "10.0.0.0/8")), BOTH),
                    "v4 1 deny replaces, v6 2 deny")
        check.equal(placed(list_of(entry(1, "allow", "::/0")), BOTH),
                    "v4 2 deny, v6 1 deny replaces")
        check.equal(placed(list_of(entry(1, "allow", "0.0.0.0/0"), entry(2, "allow", "0.0.0.0/0"),
                                   entry(3, "allow", "::/0")), BOTH),
                    "v4 1 deny replaces, v6 3 deny replaces")
    end },
    { "what is kept stands before the deny, and is written after it", function()
        check.equal(placed(list_of(entry(1, "allow", "0.0.0.0/0")), BOTH, keep_v4),
                    "v4 2 deny, v4 1 allow replaces, v6 3 deny")
        local v6 = { rules.all_of "2001:db8::9/128" }
        check.equal(placed(list_of(), BOTH, v6), "v4 1 deny, v6 3 deny, v6 2 allow")
    end },
    { "what is there already is not done again", function()
        local entries = list_of(entry(1, "deny", "0.0.0.0/0"), entry(2, "deny", "::/0"))
        check.equal(placed(entries, BOTH), "v4 1 deny replaces done, v6 2 deny replaces done")
    end },
    { "room is made by the entry of that family that would match last", function()
        local entries = list_of(entry(10, "allow", "0.0.0.0/0"), entry(20, "deny", "10.0.0.0/8"),
                                entry(30, "allow", "::/0"))
        local parts = rules.changes(entries, false, BOTH, {})
        check.equal(parts[1].slots[1].spare.RuleNumber, 20)
        check.equal(parts[2].slots[1].spare.RuleNumber, 30)
        parts = rules.changes(list_of(), false, BOTH, {})
        check.equal(parts[1].slots[1].spare, nil, "a default deny cannot go")
    end },
    { "two entries that need room take two different ones", function()
        local entries = list_of(entry(10, "allow", "0.0.0.0/0"), entry(20, "deny", "10.0.0.0/8"))
        local slots = rules.changes(entries, false, V4, keep_v4)[1].slots
        check.equal({ slots[1].spare.RuleNumber, slots[2].spare.RuleNumber }, { 20, 10 })
    end },
    { "a list leaks by what stands before its deny", function()
        local deny = entry(50, "deny", "0.0.0.0/0")
        check.equal(rules.leaks(list_of(deny, entry(60, "allow", "0.0.0.0/0")), V4, {}), {})
        local leaks = rules.leaks(list_of(entry(40, "allow", "10.0.0.0/8"), deny), V4, {})
        check.equal(#leaks, 1)
        check.has(leaks[1], "inbound rule 40")
        leaks = rules.leaks(list_of(deny, entry(60, "allow", "::/0")), BOTH, {})
        check.has(leaks[1], "inbound rule 60")
        check.equal(rules.leaks(list_of(deny, entry(60, "allow", "::/0")), V4, {}), {})
        leaks = rules.leaks(list_of(entry(7, "allow", "0.0.0.0/0", true)), V4, {})
        check.has(leaks[1], "outbound rule 7")
    end },
    { "a deny of one protocol, or of some, is none", function()
        local tcp = entry(1, "deny", "0.0.0.0/0")
        tcp.Protocol = "6"
        local half = entry(2, "deny", "0.0.0.0/1")
        local open = entry(100, "allow", "0.0.0.0/0")
        check.equal(#rules.leaks(list_of(tcp, half, open), V4, {}), 1)
    end },
    { "what is kept is no leak, and is missed where it is not", function()
        local kept = entry(1, "allow", "203.0.113.9/32")
        check.equal(rules.leaks(list_of(kept, entry(2, "deny", "0.0.0.0/0")), V4, keep_v4), {})
        check.equal(#rules.leaks(list_of(kept), V4, {}), 1)
        local missing = rules.missing(list_of(kept), V4, keep_v4)
        check.equal(#missing, 1, "the way back")
        check.has(missing[1], "outbound 203.0.113.9/32")
    end },
    { "HTTPS to an endpoint needs an entry for its answers", function()
        local keep = { rules.tcp_to("10.0.3.4/32", 443) }
        local out, into = rules.wanted("v4", true, keep)[1], rules.wanted("v4", false, keep)[1]
        check.equal({ out.Protocol, out.PortRange.From, out.PortRange.To }, { "6", 443, 443 })
        check.equal({ into.PortRange.From, into.PortRange.To }, { 1024, 65535 })
    end },
}
