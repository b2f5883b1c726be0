-- facts_rules.lua - facts about security groups: each rule by itself, ties to other VPCs.
--
-- Owns: the kinds group.rule (value: its description) and group.vpc; what authorize, revoke,
-- modify and the updates of descriptions set. Pure. The before-states of authorize and revoke come
-- from what advice_rules.lua read.
local calls = require "calls"
local facts = require "facts"
local rules = require "rules"

local MEMBER = { ingress = "IpPermissions", egress = "IpPermissionsEgress" }

-- ---- one rule -----------------------------------------------------------------------------

-- The code of an ICMP rule tells rules apart, too.
local function rule_text(rule, direction)
    local text = rules.text(rule, direction)
    local is_icmp = rule.protocol == "icmp" or rule.protocol == "icmpv6"
    if is_icmp and rule.to and rule.to ~= -1 then text = text .. " code " .. rule.to end
    return text
end

local function fact_of(group, direction, rule)
    return { kind = "group.rule", id = group, direction = direction, key = rule.key,
             words = rule_text(rule, direction),
             permission = rules.collapse { { protocol = rule.protocol, from = rule.from,
                                             to = rule.to, member = rule.member,
                                             peer = rule.peer } }[1] }
end

local function read_group(id) return calls.ec2("describe_security_groups", { GroupIds = { id } }) end

local rule_kind = { together = true }

function rule_kind.attribute(fact) return fact.direction .. " rule " .. fact.words end

function rule_kind.reads(fact) return { read_group(fact.id) } end

function rule_kind.value(fact, look)
    local group, state = facts.first(look, read_group(fact.id), "SecurityGroups")
    if not group then return state end
    local rule = rules.by_key(rules.explode(group[MEMBER[fact.direction]]))[fact.key]
    return rule and facts.state(rule.description or "") or facts.ABSENT
end

-- The permission with a description on its one peer.
local function described(permission, description)
    local copy = {}
    for name, value in pairs(permission) do copy[name] = value end
    for _, member in ipairs { "IpRanges", "Ipv6Ranges", "PrefixListIds", "UserIdGroupPairs" } do
        if permission[member] then
            local peer = {}
            for name, value in pairs(permission[member][1]) do peer[name] = value end
            peer.Description = description ~= "" and description or nil
            copy[member] = { peer }
        end
    end
    return copy
end

function rule_kind.set(fact, now, wanted)
    local operation, description = nil, wanted.value
    if wanted.absent then
        operation = "revoke_security_group_" .. fact.direction
    elseif now.absent then
        operation = "authorize_security_group_" .. fact.direction
    else
        operation = "update_security_group_rule_descriptions_" .. fact.direction
    end
    return { calls.ec2(operation, { GroupId = fact.id, IpPermissions = {
        described(fact.permission, description or "") } }) }
end

function rule_kind.text(description)
    return description == "" and "present" or ('present, "%s"'):format(description)
end

-- Every new group has this one.
local function comes_with_group(rule, direction)
    return direction == "egress" and rule.protocol == "-1"
        and (rule.value == "0.0.0.0/0" or rule.value == "::/0")
end

function rule_kind.parts(id, group)
    local list = {}
    for _, direction in ipairs { "ingress", "egress" } do
        for _, rule in ipairs(rules.explode(group[MEMBER[direction]])) do
            if not comes_with_group(rule, direction) then
                list[#list + 1] = fact_of(id, direction, rule)
            end
        end
    end
    return list
end

-- ---- authorize, revoke --------------------------------------------------------------------

-- What advice_rules.lua knows of a rule before the call.
local function known_before(call, before, rule)
    if before.made or calls.is_made(call, call.params.GroupId) then return facts.ABSENT end
    if not before.present then return facts.unknown(before.unread) end
    for _, one in ipairs(rules.explode(before.present)) do
        if one.key == rule.key then return facts.state(one.description or "") end
    end
    return facts.ABSENT
end

-- Rules of which AWS says in its answer that the group has no such: with them the call did nothing,
-- whatever Return says.
local function not_found_by(result)
    local keys = {}
    for _, rule in ipairs(rules.explode(result and result.UnknownIpPermissions or {})) do
        keys[rule.key] = true
    end
    return keys
end

-- `found` is the before-state of advice_rules.lua.
local function of_call(direction, is_present)
    return function(call, found, result)
        local unknown = not_found_by(result)
        local group = call.params.GroupId or (found and found.group or {}).id
        local named = rules.named_by(call.params)
        if call.params.SecurityGroupRuleIds and found then named = found.present or {} end
        local list = {}
        for _, rule in ipairs(group and rules.explode(named) or {}) do
            local fact = not unknown[rule.key] and fact_of(group, direction, rule) or nil
            if fact then
                fact.before = known_before(call, found or {}, rule)
                fact.after = is_present and facts.state(rule.description or "") or facts.ABSENT
            end
            list[#list + 1] = fact
        end
        return list
    end
end

-- ---- changed in place ---------------------------------------------------------------------

local function read_rules(ids)
    return calls.ec2("describe_security_group_rules", { SecurityGroupRuleIds = ids })
end

local function by_rule_id(look, ids)
    if #ids == 0 then return {} end
    local result, state = look(read_rules(ids))
    if not result then return facts.not_found(state, "such rule") end
    local map = {}
    for _, item in ipairs(result.SecurityGroupRules or {}) do
        map[item.SecurityGroupRuleId] = { rule = rules.from_rule_list({ item },
                                                                      item.IsEgress == true)[1],
                                          direction = item.IsEgress and "egress" or "ingress" }
    end
    return map
end

local function ids_in(list)
    local ids = {}
    for i, item in ipairs(list or {}) do ids[i] = item.SecurityGroupRuleId end
    return ids
end

local function fact_of_item(group, item)
    local rule = rules.explode(rules.collapse { item.rule })[1]
    return fact_of(group, item.direction, rule), rule
end

local modify = { knows = { "GroupId", "SecurityGroupRules" },
                 note = "gives the rules back what they were" }

function modify.reads(call)
    local ids = ids_in(call.params.SecurityGroupRules)
    return #ids > 0 and { read_rules(ids) } or {}
end

function modify.find(call, look)
    return by_rule_id(look, ids_in(call.params.SecurityGroupRules))
end

local function requested(request)
    return { IpProtocol = request.IpProtocol, FromPort = request.FromPort, ToPort = request.ToPort,
             IpRanges = request.CidrIpv4 and { { CidrIp = request.CidrIpv4 } },
             Ipv6Ranges = request.CidrIpv6 and { { CidrIpv6 = request.CidrIpv6 } },
             PrefixListIds = request.PrefixListId and { { PrefixListId = request.PrefixListId } },
             UserIdGroupPairs = request.ReferencedGroupId
                 and { { GroupId = request.ReferencedGroupId } } }
end

-- The rule as it was goes, the one that is asked for comes; when only the description changes
-- they are one.
function modify.facts(call, found)
    local list = {}
    for _, update in ipairs(call.params.SecurityGroupRules or {}) do
        local item = found and found[update.SecurityGroupRuleId or ""]
        local request = update.SecurityGroupRule or {}
        local new = rules.explode { requested(request) }[1]
        if item and new then
            local old, rule = fact_of_item(call.params.GroupId, item)
            old.before, old.after = facts.state(rule.description or ""), facts.ABSENT
            if old.key ~= new.key then list[#list + 1] = old end
            local fact = fact_of(call.params.GroupId, item.direction, new)
            fact.before = old.key == new.key and old.before or facts.ABSENT
            fact.after = facts.state(request.Description or "")
            list[#list + 1] = fact
        end
    end
    return list
end

local function describe_anew(direction)
    local row = { knows = { "GroupId", "IpPermissions", "SecurityGroupRuleDescriptions" },
                  note = "gives the rules their descriptions back" }
    function row.reads(call)
        local ids = ids_in(call.params.SecurityGroupRuleDescriptions)
        return #ids > 0 and { read_rules(ids), read_group(call.params.GroupId) } or {}
    end
    function row.find(call, look)
        return by_rule_id(look, ids_in(call.params.SecurityGroupRuleDescriptions))
    end
    function row.facts(call, found)
        local list, group = {}, call.params.GroupId
        for _, item in ipairs(call.params.SecurityGroupRuleDescriptions or {}) do
            local known = found and found[item.SecurityGroupRuleId or ""]
            if known then
                local fact = fact_of_item(group, known)
                fact.after = facts.state(item.Description or "")
                list[#list + 1] = fact
            end
        end
        for _, rule in ipairs(rules.explode(call.params.IpPermissions)) do
            local fact = fact_of(group, direction, rule)
            fact.after = facts.state(rule.description or "")
            list[#list + 1] = fact
        end
        return list
    end
    function row.understands(call) return call.params.GroupId ~= nil end
    return row
end

-- ---- groups in other VPCs -----------------------------------------------------------------

local vpc_kind = { relation = true }

local function read_vpc(fact)
    return calls.ec2("describe_security_group_vpc_associations", { Filters = {
        calls.filter("group-id", fact.id), calls.filter("vpc-id", fact.vpc) } })
end

function vpc_kind.attribute(fact) return "association with " .. fact.vpc end

function vpc_kind.reads(fact) return { read_vpc(fact) } end

function vpc_kind.value(fact, look)
    local one, state = facts.first(look, read_vpc(fact), "SecurityGroupVpcAssociations")
    if not one then return state end
    if one.State == "associated" or one.State == "associating" then return facts.state(true) end
    return facts.ABSENT
end

function vpc_kind.set(fact, _, wanted)
    local operation = wanted.absent and "disassociate_security_group_vpc"
        or "associate_security_group_vpc"
    return { calls.ec2(operation, { GroupId = fact.id, VpcId = fact.vpc }) }
end

function vpc_kind.text() return "associated" end

local function associates(state)
    return { knows = { "GroupId", "VpcId" }, note = "undoes the association",
             facts = function(call)
                 if not call.params.GroupId or not call.params.VpcId then return {} end
                 return { { kind = "group.vpc", id = call.params.GroupId, vpc = call.params.VpcId,
                            after = state } }
             end }
end

local mutations = {
    ["ec2.modify_security_group_rules"] = modify,
    ["ec2.associate_security_group_vpc"] = associates(facts.state(true)),
    ["ec2.disassociate_security_group_vpc"] = associates(facts.ABSENT),
}
for _, direction in ipairs { "ingress", "egress" } do
    mutations["ec2.authorize_security_group_" .. direction] =
        { facts = of_call(direction, true), advised = true }
    mutations["ec2.revoke_security_group_" .. direction] =
        { facts = of_call(direction, false), advised = true }
    mutations["ec2.update_security_group_rule_descriptions_" .. direction] =
        describe_anew(direction)
end

return { kinds = { ["group.rule"] = rule_kind, ["group.vpc"] = vpc_kind }, mutations = mutations }
