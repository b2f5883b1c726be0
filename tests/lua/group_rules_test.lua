-- group_rules_test.lua - what isolation takes for blank, final and open.
local check = require "check"
local fake_host = require "fake_host"

local group_rules = fake_host.module "group_rules"
local V4, BOTH = group_rules.all_traffic "v4", group_rules.all_traffic "both"

local function group(ingress, egress)
    return { GroupId = "sg-1", IpPermissions = ingress or {}, IpPermissionsEgress = egress or {} }
end

return {
    { "a group without rules is blank, any rule of any kind makes it otherwise", function()
        check.ok(group_rules.is_blank(group()))
        for _, permission in ipairs {
            { IpProtocol = "-1", IpRanges = { { CidrIp = "0.0.0.0/0" } } },
            { IpProtocol = "tcp", FromPort = 1, ToPort = 2,
              Ipv6Ranges = { { CidrIpv6 = "::/0" } } },
            { IpProtocol = "-1", UserIdGroupPairs = { { GroupId = "sg-2" } } },
            { IpProtocol = "-1", PrefixListIds = { { PrefixListId = "pl-1" } } },
        } do
            check.ok(not group_rules.is_blank(group { permission }))
            check.ok(not group_rules.is_blank(group({}, { permission })))
        end
    end },
    { "the investigators' rule and only that", function()
        local rule = group_rules.forensics("203.0.113.0/24", { 22 })
        check.ok(group_rules.is_final(group(rule), rule))
        check.ok(not group_rules.is_final(group(), rule))
        check.ok(not group_rules.is_final(group(rule, V4), rule))
        check.ok(not group_rules.is_final(group(group_rules.forensics("203.0.113.0/24")), rule))
        local _, why = group_rules.is_final(group(V4), rule)
        check.has(why, "in: all traffic 0.0.0.0/0")
        check.has(why, "in: tcp 22 203.0.113.0/24")
    end },
    { "open means all traffic both ways, in IPv6 too when asked", function()
        check.ok(group_rules.is_open(group(V4, V4), false))
        check.ok(not group_rules.is_open(group(V4, V4), true))
        check.ok(group_rules.is_open(group(BOTH, BOTH), true))
        local _, why = group_rules.is_open(group(V4), false)
        check.has(why, "lacks out: all traffic 0.0.0.0/0")
    end },
}
