-- sim_groups_test.lua - security groups and their rules behave as EC2's do.
local check = require "check"
local helper = require "sim_helper"

local call, fails = helper.call, helper.fails

local V4, V6 = { { CidrIp = "0.0.0.0/0" } }, { { CidrIpv6 = "::/0" } }
local ALL = { { IpProtocol = "-1", IpRanges = V4 } }

local function tcp(from, to, cidr)
    return { IpProtocol = "tcp", FromPort = from, ToPort = to,
             IpRanges = { { CidrIp = cidr or "10.0.0.0/8" } } }
end

local function setup(options)
    local w = helper.new()
    local vpc = w:vpc(options or {})
    return w, vpc, vpc:group { name = "web" }
end

local function authorize(w, group, permissions, direction)
    return call(w, "authorize_security_group_" .. (direction or "ingress"),
                { GroupId = group.id, IpPermissions = permissions })
end

local function fails_authorize(w, group, permissions, code, words)
    return fails(w, "authorize_security_group_ingress", { GroupId = group.id,
                                                          IpPermissions = permissions },
                 code, words)
end

return {
    { "a new group is not blank: it lets everything out, over IPv6 too where the VPC has it",
      function()
        local w, _, group = setup()
        check.equal(#helper.group(w, group.id).IpPermissions, 0)
        local out = helper.group(w, group.id).IpPermissionsEgress
        check.equal({ out[1].IpProtocol, out[1].IpRanges, out[1].Ipv6Ranges, #out },
                    { "-1", V4, {}, 1 })
        local w6, _, group6 = setup { ipv6 = true }
        check.equal(helper.group(w6, group6.id).IpPermissionsEgress[1].Ipv6Ranges, V6)
        check.equal(#call(w6, "describe_security_group_rules",
                          { Filters = helper.filter("group-id", group6.id) }).SecurityGroupRules, 2)
    end },
    { "the default group's members may reach each other", function()
        local w, vpc = setup()
        local group = call(w, "describe_security_groups", { Filters = {
            { Name = "vpc-id", Values = { vpc.id } }, { Name = "group-name",
                                                        Values = { "default" } } } })
            .SecurityGroups[1]
        check.equal(group.IpPermissions[1].UserIdGroupPairs[1].GroupId, group.GroupId)
        fails(w, "delete_security_group", { GroupId = group.GroupId }, "CannotDelete", "default")
    end },
    { "names: unique per VPC whatever the case, not sg-, not default, not empty", function()
        local w, vpc = setup()
        local function refused(name, code, words)
            fails(w, "create_security_group", { VpcId = vpc.id, GroupName = name,
                                                Description = "d" }, code, words)
        end
        refused("WEB", "InvalidGroup.Duplicate", "already exists for VPC")
        refused("web  ", "InvalidGroup.Duplicate")
        refused("sg-x", "InvalidParameterValue", "sg-*")
        refused("default", "InvalidGroup.Reserved")
        refused("a\nb", "InvalidParameterValue")
        refused(("x"):rep(256), "InvalidParameterValue")
        fails(w, "create_security_group", { VpcId = vpc.id, GroupName = "n" }, "MissingParameter",
              "GroupDescription")
        fails(w, "create_security_group", { GroupName = "n", Description = "d" },
              "VPCIdNotSpecified")
        fails(w, "create_security_group", { VpcId = "vpc-12345678", GroupName = "n",
                                            Description = "d" },
              "InvalidVpcID.NotFound")
        local other = w:vpc { cidr = "10.1.0.0/16" }
        other:group { name = "web" }
    end },
    { "a batch with one duplicate adds nothing", function()
        local w, _, group = setup()
        authorize(w, group, { tcp(22, 22) })
        local before = helper.resources(w)
        fails_authorize(w, group, { tcp(80, 80), tcp(22, 22) }, "InvalidPermission.Duplicate",
                        'the specified rule "peer: 10.0.0.0/8, TCP, from port: 22, to port: 22, ALLOW" already exists')
        check.equal(helper.resources(w), before)
        fails_authorize(w, group, { tcp(80, 80), tcp(80, 80) }, "InvalidParameterValue",
                        "must not appear multiple times")
        fails(w, "authorize_security_group_egress", { GroupId = group.id, IpPermissions = ALL },
              "InvalidPermission.Duplicate", "peer: 0.0.0.0/0, ALL, ALLOW")
    end },
    { "protocols by number, canonical networks, descriptions", function()
        local w, _, group = setup()
        local answer = authorize(w, group, { { IpProtocol = "6", FromPort = 1, ToPort = 2,
                                               IpRanges = {
            { CidrIp = "10.1.2.3/16", Description = "why" } } } }).SecurityGroupRules[1]
        check.equal({ answer.IpProtocol, answer.CidrIpv4, answer.Description },
                    { "tcp", "10.1.0.0/16", "why" })
        fails_authorize(w, group, { tcp(1, 2, "10.1.0.0/16") }, "InvalidPermission.Duplicate")
        local all = authorize(w, group, { { IpProtocol = "-1", FromPort = 5, ToPort = 6,
                                            IpRanges = V4 } })
        check.equal({ all.SecurityGroupRules[1].FromPort, all.SecurityGroupRules[1].ToPort },
                    { -1, -1 })
        local esp = authorize(w, group, { { IpProtocol = "50", FromPort = 1, ToPort = 2,
                                            IpRanges = V4 } })
        check.equal({ esp.SecurityGroupRules[1].IpProtocol, esp.SecurityGroupRules[1].FromPort },
                    { "50", -1 })
        for _, bad in ipairs {
            { IpProtocol = "tcp", IpRanges = V4 }, { IpProtocol = "tcp", FromPort = 2, ToPort = 1,
                                                     IpRanges = V4 },
            { IpProtocol = "tcp", FromPort = 1, ToPort = 70000, IpRanges = V4 },
            { IpProtocol = "nonsense", IpRanges = V4 }, { IpProtocol = "300", IpRanges = V4 },
            tcp(1, 2, "10.0.0.0/40"), tcp(1, 2, "x"), tcp(1, 2, "2001:db8::/32"),
            { IpProtocol = "-1", IpRanges = { { CidrIp = "0.0.0.0/0",
                                                Description = ("x"):rep(256) } } },
        } do
            fails_authorize(w, group, { bad }, "InvalidParameterValue")
        end
        fails_authorize(w, group,
                        { { IpProtocol = "-1",
                            UserIdGroupPairs = { { GroupId = "sg-12345678" } } } },
                        "InvalidGroup.NotFound")
        fails_authorize(w, group,
                        { { IpProtocol = "-1",
                            PrefixListIds = { { PrefixListId = "pl-12345678" } } } },
                        "InvalidPrefixListID.NotFound")
        fails(w, "authorize_security_group_ingress", { GroupId = group.id }, "MissingParameter")
        fails(w, "authorize_security_group_ingress", { GroupId = "sg-12345678",
                                                       IpPermissions = ALL },
              "InvalidGroup.NotFound")
    end },
    { "sixty rules per direction and family, the seventh batch is refused whole", function()
        local w, _, group = setup()
        for i = 1, 60 do authorize(w, group, { tcp(i, i) }) end
        fails_authorize(w, group, { tcp(61, 61) }, "RulesPerSecurityGroupLimitExceeded")
        authorize(w, group, { { IpProtocol = "-1", Ipv6Ranges = V6 } })
        fails_authorize(w, group,
                        { { IpProtocol = "-1", UserIdGroupPairs = { { GroupId = group.id } } } },
                        "RulesPerSecurityGroupLimitExceeded")
        authorize(w, group, { tcp(61, 61) }, "egress")
    end },
    { "revoking what is not there: an error, but in a default VPC an answer", function()
        local w, _, group = setup()
        authorize(w, group, { tcp(22, 22) })
        local before = helper.resources(w)
        fails(w, "revoke_security_group_ingress", { GroupId = group.id,
                                                    IpPermissions = { tcp(22, 22), tcp(23, 23) } },
              "InvalidPermission.NotFound", "does not exist in this security group")
        check.equal(helper.resources(w), before)

        w, _, group = setup { default = true }
        authorize(w, group, { tcp(22, 22) })
        local answer = call(w, "revoke_security_group_ingress",
                            { GroupId = group.id, IpPermissions = { tcp(22, 22), tcp(23, 23) } })
        check.equal({ answer.Return, answer.UnknownIpPermissions[1].FromPort,
                      #answer.RevokedSecurityGroupRules },
                    { true, 23, 1 })
        check.equal(#helper.group(w, group.id).IpPermissions, 0)
    end },
    { "revoking by rule id, and undoing it, gives the same permissions", function()
        local w, _, group = setup { ipv6 = true }
        local before = helper.group(w, group.id)
        local rules = call(w, "describe_security_group_rules",
                           { Filters = helper.filter("group-id", group.id) }).SecurityGroupRules
        local ids = { rules[1].SecurityGroupRuleId, rules[2].SecurityGroupRuleId }
        local answer = call(w, "revoke_security_group_egress",
                            { GroupId = group.id, SecurityGroupRuleIds = ids })
        check.equal(#answer.RevokedSecurityGroupRules, 2)
        check.equal(#helper.group(w, group.id).IpPermissionsEgress, 0)
        fails(w, "revoke_security_group_egress", { GroupId = group.id, SecurityGroupRuleIds = ids },
              "InvalidSecurityGroupRuleId.NotFound")
        authorize(w, group, before.IpPermissionsEgress, "egress")
        check.equal(helper.group(w, group.id), before)
    end },
    { "a rule id of another group or direction is none", function()
        local w, vpc, group = setup()
        local other = vpc:group { name = "other" }
        local rule = call(w, "describe_security_group_rules",
                          { Filters = helper.filter("group-id", other.id) }).SecurityGroupRules[1]
        for _, direction in ipairs { "ingress", "egress" } do
            local id = direction == "ingress" and other.id or group.id
            fails(w, "revoke_security_group_" .. direction,
                  { GroupId = id, SecurityGroupRuleIds = { rule.SecurityGroupRuleId } },
                  "InvalidSecurityGroupRuleId.NotFound")
        end
        fails(w, "revoke_security_group_egress", { GroupId = group.id,
                                                   SecurityGroupRuleIds = { "x" } },
              "InvalidSecurityGroupRuleId.Malformed")
        fails(w, "revoke_security_group_egress", { GroupId = group.id }, "MissingParameter")
    end },
    { "modifying rules in place keeps their ids", function()
        local w, _, group = setup()
        local rule = authorize(w, group, { tcp(22, 22) }).SecurityGroupRules[1]
        authorize(w, group, { tcp(80, 80) })
        local function modify(request)
            return { GroupId = group.id,
                     SecurityGroupRules = { { SecurityGroupRuleId = rule.SecurityGroupRuleId,
                                                                  SecurityGroupRule = request } } }
        end
        call(w, "modify_security_group_rules", modify { IpProtocol = "tcp", FromPort = 2222,
                                                        ToPort = 2222,
                                                        CidrIpv4 = "10.0.0.0/8",
                                                        Description = "moved" })
        local now = helper.one(w, "describe_security_group_rules", "SecurityGroupRules",
                               "SecurityGroupRuleIds",
                               rule.SecurityGroupRuleId)
        check.equal({ now.FromPort, now.Description, now.GroupId }, { 2222, "moved", group.id })
        fails(w, "modify_security_group_rules", modify { IpProtocol = "tcp", FromPort = 80,
                                                         ToPort = 80,
                                                         CidrIpv4 = "10.0.0.0/8" },
                                                             "InvalidPermission.Duplicate")
        fails(w, "modify_security_group_rules", modify { IpProtocol = "tcp", FromPort = 1,
                                                         ToPort = 1,
                                                         CidrIpv6 = "::/0" },
                                                             "InvalidParameterValue")
    end },
    { "descriptions change by rule and by id", function()
        local w, _, group = setup()
        local id = authorize(w, group, { tcp(22, 22) }).SecurityGroupRules[1].SecurityGroupRuleId
        local described = tcp(22, 22)
        described.IpRanges[1].Description = "ssh"
        call(w, "update_security_group_rule_descriptions_ingress",
             { GroupId = group.id, IpPermissions = { described } })
        check.equal(helper.group(w, group.id).IpPermissions[1].IpRanges[1].Description, "ssh")
        call(w, "update_security_group_rule_descriptions_ingress", { GroupId = group.id,
            SecurityGroupRuleDescriptions = { { SecurityGroupRuleId = id, Description = "s2" } } })
        check.equal(helper.group(w, group.id).IpPermissions[1].IpRanges[1].Description, "s2")
        fails(w, "update_security_group_rule_descriptions_egress",
              { GroupId = group.id, IpPermissions = { tcp(1, 1) } }, "InvalidPermission.NotFound")
    end },
    { "a group in use is not deleted: by an interface, by another group's rule, by a VPC",
      function()
        local w, vpc, group = setup()
        local other = vpc:group { name = "other", ingress = { { "tcp 1", group } } }
        fails(w, "delete_security_group", { GroupId = group.id }, "DependencyViolation",
              "resource " .. group.id .. " has a dependent object")
        call(w, "revoke_security_group_ingress", { GroupId = other.id,
            IpPermissions = helper.group(w, other.id).IpPermissions })
        authorize(w, group,
                  { { IpProtocol = "-1", UserIdGroupPairs = { { GroupId = group.id } } } })
        local subnet = vpc:subnet { cidr = "10.0.1.0/24" }
        local instance = subnet:instance { groups = { group } }
        fails(w, "delete_security_group", { GroupId = group.id }, "DependencyViolation")
        call(w, "modify_network_interface_attribute", {
            NetworkInterfaceId = instance:interfaces()[1].NetworkInterfaceId,
            Groups = { other.id } })
        local second = w:vpc { cidr = "10.9.0.0/16" }
        call(w, "associate_security_group_vpc", { GroupId = group.id, VpcId = second.id })
        fails(w, "delete_security_group", { GroupId = group.id }, "DependencyViolation")
        call(w, "disassociate_security_group_vpc", { GroupId = group.id, VpcId = second.id })
        check.equal(call(w, "delete_security_group", { GroupId = group.id }),
                    { Return = true, GroupId = group.id })
        fails(w, "delete_security_group", { GroupId = group.id }, "InvalidGroup.NotFound")
        check.equal(#call(w, "describe_security_group_rules",
                          { Filters = helper.filter("group-id", group.id) }).SecurityGroupRules, 0)
    end },
    { "tags at creation come back", function()
        local w, vpc = setup()
        local answer = call(w, "create_security_group", { VpcId = vpc.id, GroupName = "t",
                                                          Description = "d",
            TagSpecifications = { { ResourceType = "security-group",
                                    Tags = { { Key = "a", Value = "b" } } } } })
        check.equal(answer.Tags, { { Key = "a", Value = "b" } })
        check.equal(helper.group(w, answer.GroupId).Tags, { { Key = "a", Value = "b" } })
    end },
}
