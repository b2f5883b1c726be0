-- planned_groups.lua - security groups that exist only in a rehearsal.
--
-- Owns: their rules and tags, changing them as EC2 would, describing them as EC2 does. It knows
-- nothing of who carries them (recording.lua does).
local rules = require "rules"

local planned_groups = {}

local DIRECTIONS = { ingress = "IpPermissions", egress = "IpPermissionsEgress" }
local LIMIT_PER_DIRECTION = 60

local function fault(code, message)
    return { code = code, message = message, status = 400, retryable = false }
end
planned_groups.fault = fault

local function allow_all(v6)
    local permission = { IpProtocol = "-1", IpRanges = { { CidrIp = "0.0.0.0/0" } } }
    if v6 then permission.Ipv6Ranges = { { CidrIpv6 = "::/0" } } end
    return rules.explode { permission }
end

-- A new group. It is not blank: everything may go out, over IPv6 too where the VPC has it.
function planned_groups.create(id, params, v6)
    return { id = id, name = params.GroupName or "", description = params.Description or "",
             vpc = params.VpcId, ingress = {}, egress = allow_all(v6), tags = {} }
end

-- Adds what the call names; nil, or the error that EC2 would give (then nothing is added).
function planned_groups.authorize(group, direction, params)
    local now, added = rules.by_key(group[direction]), {}
    for _, rule in ipairs(rules.explode(rules.named_by(params))) do
        if now[rule.key] then
            return fault("InvalidPermission.Duplicate",
                         ("the specified rule \"%s\" already exists"):format(
                             rules.text(rule, direction)))
        end
        now[rule.key] = rule
        added[#added + 1] = rule
    end
    if #added == 0 then
        return fault("MissingParameter", "the request names no rule in IpPermissions")
    end
    if #group[direction] + #added > LIMIT_PER_DIRECTION then
        return fault("RulesPerSecurityGroupLimitExceeded",
                     "the maximum number of rules per security group has been reached")
    end
    table.move(added, 1, #added, #group[direction] + 1, group[direction])
    return nil
end

-- Takes away what the call names; nil, or EC2's error (then nothing is taken).
function planned_groups.revoke(group, direction, params)
    local named = rules.explode(rules.named_by(params))
    if #named == 0 then
        return fault("NotRehearsable", "rules of a group that does not exist yet have no ids: "
                     .. "name them with IpPermissions")
    end
    local now, gone = rules.by_key(group[direction]), {}
    for _, rule in ipairs(named) do
        if not now[rule.key] then
            return fault("InvalidPermission.NotFound",
                         "The specified rule does not exist in this security group.")
        end
        gone[rule.key] = true
    end
    local left = {}
    for _, rule in ipairs(group[direction]) do
        if not gone[rule.key] then left[#left + 1] = rule end
    end
    group[direction] = left
    return nil
end

function planned_groups.tag(group, tags)
    for _, tag in ipairs(tags or {}) do
        if tag.Key then group.tags[tag.Key] = tag.Value or "" end
    end
end

function planned_groups.untag(group, tags)
    if not tags or #tags == 0 then group.tags = {} end
    for _, tag in ipairs(tags or {}) do
        if tag.Key then group.tags[tag.Key] = nil end
    end
end

local function tag_list(tags)
    local list = {}
    for key, value in pairs(tags) do list[#list + 1] = { Key = key, Value = value } end
    table.sort(list, function(a, b) return a.Key < b.Key end)
    return list
end

-- As describe_security_groups lists it.
function planned_groups.describe(group)
    local item = { GroupId = group.id, GroupName = group.name, Description = group.description,
                   VpcId = group.vpc, Tags = tag_list(group.tags) }
    for direction, member in pairs(DIRECTIONS) do
        item[member] = rules.collapse(group[direction])
    end
    return item
end

local PEER_MEMBER = { IpRanges = "CidrIpv4", Ipv6Ranges = "CidrIpv6",
                      PrefixListIds = "PrefixListId" }

local function rule_item(group, direction, rule)
    local item = { GroupId = group.id, IsEgress = direction == "egress",
                   IpProtocol = rule.protocol, FromPort = rule.from or -1, ToPort = rule.to or -1,
                   Description = rule.description }
    if PEER_MEMBER[rule.member] then
        item[PEER_MEMBER[rule.member]] = rule.value
    else
        item.ReferencedGroupInfo = { GroupId = rule.peer.GroupId, UserId = rule.peer.UserId }
    end
    return item
end

-- As describe_security_group_rules lists its rules; without ids, which nobody knows yet.
function planned_groups.describe_rules(group)
    local list = {}
    for _, direction in ipairs { "egress", "ingress" } do
        for _, rule in ipairs(group[direction]) do
            list[#list + 1] = rule_item(group, direction, rule)
        end
    end
    return list
end

return planned_groups
