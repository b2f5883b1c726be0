-- advice_rules.lua - advice on authorizing and revoking rules of security groups.
--
-- Owns: the rows of authorize_ and revoke_security_group_ingress and _egress. Pure.
-- Rules of a group that this run made need no inverse of their own: deleting the group takes
-- them back, and authorizing an opening group again would be worse than nothing.
local calls = require "calls"
local rules = require "rules"

local MEMBER = { ingress = "IpPermissions", egress = "IpPermissionsEgress" }

-- One group and one way of naming the rules; which of two AWS would take is not known here.
local function understands(call)
    local p, ways = call.params, 0
    if p.GroupId and p.GroupName then return false end
    if p.IpPermissions then ways = ways + 1 end
    if p.SecurityGroupRuleIds then ways = ways + 1 end
    if p.CidrIp or p.SourceSecurityGroupName then ways = ways + 1 end
    return ways <= 1 and not (p.CidrIp and p.SourceSecurityGroupName)
end

local function group_of(call)
    return call.params.GroupId or call.params.GroupName or "?"
end

local function rule_ids(call)
    local ids = call.params.SecurityGroupRuleIds
    return ids and #ids > 0 and ids or nil
end

-- Reads, always in this order: the group, who carries it, the rules named by id.
local function reads(call)
    local id = call.params.GroupId
    if not id then
        return { calls.ec2("describe_security_groups", { GroupNames = { call.params.GroupName } }) }
    end
    if calls.is_made(call, id) then return {} end
    local list = {
        calls.ec2("describe_security_groups", { GroupIds = { id } }),
        calls.ec2("describe_network_interfaces", { Filters = { calls.filter("group-id", id) } }),
    }
    if rule_ids(call) then
        list[3] = calls.ec2("describe_security_group_rules",
                            { SecurityGroupRuleIds = rule_ids(call) })
    end
    return list
end

local function carrier(interface)
    local attachment = interface.Attachment or {}
    return { id = interface.NetworkInterfaceId, instance = attachment.InstanceId,
             address = interface.PrivateIpAddress, description = interface.Description }
end

local function carriers(answers)
    local value = calls.answered(answers, 2)
    if not value then return nil end
    local list = {}
    for _, interface in ipairs(value.NetworkInterfaces or {}) do
        list[#list + 1] = carrier(interface)
    end
    return list
end

-- The rules that the call names, as the group has them now (with their descriptions).
local function present(call, group, answers, direction)
    if rule_ids(call) then
        local value = calls.answered(answers, 3)
        return value and rules.from_rule_list(value.SecurityGroupRules, direction == "egress")
    end
    local now = rules.by_key(rules.explode(group[MEMBER[direction]]))
    local list = {}
    for _, rule in ipairs(rules.explode(rules.named_by(call.params))) do
        if now[rule.key] then list[#list + 1] = now[rule.key] end
    end
    return list
end

local function before_of(direction)
    return function(call, answers)
        if calls.is_made(call, call.params.GroupId) then
            return { group = { id = call.params.GroupId }, made = true }
        end
        local value, why = calls.answered(answers, 1)
        local group = value and (value.SecurityGroups or {})[1]
        if not group then return { unread = why or "there is no such group" } end
        local found = present(call, group, answers, direction)
        return { group = { id = group.GroupId, name = group.GroupName, vpc = group.VpcId },
                 present = found and rules.collapse(found), carriers = carriers(answers) }
    end
end

local function made_here()
    return { class = "inverted", calls = {},
             note = "made by this run: deleting the group takes it back" }
end

local function opposite(call, operation, permissions, note)
    return { class = "inverted", note = note,
             calls = { calls.ec2(operation, { GroupId = call.params.GroupId,
                                              GroupName = call.params.GroupName,
                                              IpPermissions = permissions }) } }
end

local function inverse_of_authorize(direction)
    return function(call)
        if calls.is_made(call, call.params.GroupId) then return made_here() end
        return opposite(call, "revoke_security_group_" .. direction, rules.named_by(call.params),
                        "revokes the same rules")
    end
end

local function inverse_of_revoke(direction)
    return function(call, before)
        if calls.is_made(call, call.params.GroupId) then return made_here() end
        if not before.present then
            return { class = "irreversible", calls = {},
                     note = "the rules could not be read before: "
                            .. (before.unread or "not asked for") }
        end
        if #before.present == 0 then
            return { class = "inverted", calls = {}, note = "the group has none of these rules" }
        end
        return opposite(call, "authorize_security_group_" .. direction, before.present,
                        "authorizes the same rules again")
    end
end

local function subject(call, before)
    local group = before.group or {}
    if group.name and group.name ~= "" then return ("%s (%s)"):format(group.name, group.id) end
    return group_of(call)
end

local function diff_of(direction, sign)
    return function(call, before)
        local permissions = rules.named_by(call.params)
        if rule_ids(call) then
            if not before.present then return nil end
            permissions = before.present
        end
        local lines = {}
        for _, rule in ipairs(rules.explode(permissions)) do
            local line = { sign = sign, subject = subject(call, before), attribute = direction }
            line[sign == "+" and "after" or "before"] = rules.text(rule, direction)
            lines[#lines + 1] = line
        end
        return #lines > 0 and lines or nil
    end
end

-- Everybody else who carries the group, each instance once.
local function hits(call, before)
    local target = { group_of(call) }
    if calls.is_made(call, call.params.GroupId) then return { target = target, others = {} } end
    if not before.carriers then return nil end
    local others, known = {}, {}
    for _, one in ipairs(before.carriers) do
        local id = one.instance or one.id
        if not known[id] then
            known[id] = true
            others[#others + 1] = { id = id, name = one.address or one.description or "",
                                    kind = one.instance and "instance" or "network interface" }
        end
    end
    return { target = target, others = others }
end

local function fate_reads(call)
    if not call.params.GroupId or rule_ids(call) then return {} end
    return { calls.ec2("describe_security_groups", { GroupIds = { call.params.GroupId } }) }
end

-- Authorized: the group has every rule that the call names. Revoked: it has none of them.
local function fate_of(direction, authorizes)
    return function(call, answers)
        local value = calls.answered(answers, 1)
        local group = value and (value.SecurityGroups or {})[1]
        if not group then return calls.fate(nil) end
        local named = #rules.explode(rules.named_by(call.params))
        local found = #present(call, group, answers, direction)
        local wanted = authorizes and named or 0
        if found ~= named and found ~= 0 then return calls.fate(nil) end
        return calls.fate(found == wanted, { Return = true })
    end
end

local rows = {}
for _, direction in ipairs { "ingress", "egress" } do
    rows["ec2.authorize_security_group_" .. direction] = {
        reads = reads, before = before_of(direction), inverse = inverse_of_authorize(direction),
        diff = diff_of(direction, "+"), hits = hits, understands = understands,
        fate_reads = fate_reads, fate = fate_of(direction, true),
    }
    rows["ec2.revoke_security_group_" .. direction] = {
        reads = reads, before = before_of(direction), inverse = inverse_of_revoke(direction),
        diff = diff_of(direction, "-"), hits = hits, understands = understands,
        fate_reads = fate_reads, fate = fate_of(direction, false),
    }
end
return rows
