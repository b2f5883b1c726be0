-- rules.lua - security group rules as single rules, and in people's words.
--
-- Owns: taking IpPermissions apart into one entry per protocol, ports and peer, putting them
-- together again, comparing and naming them. Pure; it knows nothing of groups or calls.
local addresses = require "addresses"

local rules = {}

-- Where an IpPermission keeps its peers, in the order in which they are written.
local PEERS = {
    { member = "IpRanges", key = "CidrIp" },
    { member = "Ipv6Ranges", key = "CidrIpv6" },
    { member = "PrefixListIds", key = "PrefixListId" },
    { member = "UserIdGroupPairs", key = "GroupId" },
}
local MEMBER_KEYS = {}
for _, peer in ipairs(PEERS) do MEMBER_KEYS[peer.member] = peer.key end

local PROTOCOL_NAMES = { ["6"] = "tcp", ["17"] = "udp", ["1"] = "icmp", ["58"] = "icmpv6",
                         all = "-1" }

local function protocol_of(permission)
    local protocol = tostring(permission.IpProtocol or "-1"):lower()
    return PROTOCOL_NAMES[protocol] or protocol
end

-- EC2 ignores ports where a protocol has none.
local function has_ports(protocol)
    return protocol == "tcp" or protocol == "udp" or protocol == "icmp" or protocol == "icmpv6"
end

local function whole(number)
    return number and math.tointeger(number) or number
end

-- A network as AWS writes it: no host bits, IPv6 in lower case; what is none stays as it is.
function rules.cidr(text)
    if type(text) ~= "string" then return text end
    local network, why = addresses.cidr(text)
    if not network then
        local proper = why and why:match("prefix: (%S+) or ")
        network = proper and addresses.cidr(proper)
    end
    return network and network.text or text
end

local function copy_without_description(peer)
    local copy = {}
    for key, value in pairs(peer) do
        if key ~= "Description" then copy[key] = value end
    end
    copy.CidrIp, copy.CidrIpv6 = rules.cidr(copy.CidrIp), rules.cidr(copy.CidrIpv6)
    return copy
end

local function single(permission, member, peer)
    local protocol = protocol_of(permission)
    local rule = {
        protocol = protocol,
        member = member,
        value = rules.cidr(peer[MEMBER_KEYS[member]]) or peer.GroupName or "",
        peer = copy_without_description(peer),
        description = peer.Description,
    }
    if has_ports(protocol) then
        rule.from, rule.to = whole(permission.FromPort), whole(permission.ToPort)
    end
    rule.key = table.concat({ protocol, tostring(rule.from), tostring(rule.to), member,
                              tostring(rule.value):lower() }, " ")
    return rule
end

-- One entry per rule: {protocol, from, to, member, value, peer, description, key}.
function rules.explode(permissions)
    local list = {}
    for _, permission in ipairs(permissions or {}) do
        for _, kind in ipairs(PEERS) do
            for _, peer in ipairs(permission[kind.member] or {}) do
                list[#list + 1] = single(permission, kind.member, peer)
            end
        end
    end
    return list
end

-- The permissions that a call's parameters name, the old flat members included.
function rules.named_by(params)
    if params.IpPermissions then return params.IpPermissions end
    if not (params.CidrIp or params.SourceSecurityGroupName) then return {} end
    local permission = { IpProtocol = params.IpProtocol, FromPort = params.FromPort,
                         ToPort = params.ToPort }
    if params.CidrIp then permission.IpRanges = { { CidrIp = params.CidrIp } } end
    if params.SourceSecurityGroupName then
        permission.UserIdGroupPairs = { { GroupName = params.SourceSecurityGroupName,
                                          UserId = params.SourceSecurityGroupOwnerId } }
    end
    return { permission }
end

local function peer_of(rule)
    local peer = {}
    for key, value in pairs(rule.peer) do peer[key] = value end
    peer.Description = rule.description
    return peer
end

-- The other way round: IpPermissions, one per protocol and ports, in order of appearance.
function rules.collapse(list)
    local permissions, by_ports = {}, {}
    for _, rule in ipairs(list) do
        local ports = table.concat({ rule.protocol, tostring(rule.from), tostring(rule.to) }, " ")
        local permission = by_ports[ports]
        if not permission then
            permission = { IpProtocol = rule.protocol, FromPort = rule.from, ToPort = rule.to }
            by_ports[ports] = permission
            permissions[#permissions + 1] = permission
        end
        local peers = permission[rule.member] or {}
        peers[#peers + 1] = peer_of(rule)
        permission[rule.member] = peers
    end
    return permissions
end

-- A set of the rules' keys, each with its rule.
function rules.by_key(list)
    local set = {}
    for _, rule in ipairs(list) do set[rule.key] = rule end
    return set
end

local function ports_text(rule)
    if rule.protocol == "-1" then return "all traffic" end
    if not has_ports(rule.protocol) then return "protocol " .. rule.protocol end
    local from, to = rule.from, rule.to
    if rule.protocol == "icmp" or rule.protocol == "icmpv6" then
        if not from or from == -1 then return rule.protocol end
        return ("%s type %s"):format(rule.protocol, from)
    end
    if not from or from == -1 or (from == 0 and to == 65535) then
        return rule.protocol .. " all ports"
    end
    if from == to or not to then return ("%s %s"):format(rule.protocol, from) end
    return ("%s %s-%s"):format(rule.protocol, from, to)
end

-- "tcp 22 from 203.0.113.0/24", "all traffic to 0.0.0.0/0". `direction`: "ingress" or "egress".
function rules.text(rule, direction)
    local preposition = direction == "egress" and "to" or "from"
    return ("%s %s %s"):format(ports_text(rule), preposition, rule.value)
end

-- What SecurityGroupRules (describe_security_group_rules) says, as single rules.
function rules.from_rule_list(list, egress)
    local permissions = {}
    for _, item in ipairs(list or {}) do
        if (item.IsEgress == true) == egress then
            local permission = { IpProtocol = item.IpProtocol, FromPort = item.FromPort,
                                 ToPort = item.ToPort }
            local description = item.Description
            if item.CidrIpv4 then
                permission.IpRanges = { { CidrIp = item.CidrIpv4, Description = description } }
            elseif item.CidrIpv6 then
                permission.Ipv6Ranges = { { CidrIpv6 = item.CidrIpv6, Description = description } }
            elseif item.PrefixListId then
                permission.PrefixListIds = { { PrefixListId = item.PrefixListId,
                                               Description = description } }
            elseif item.ReferencedGroupInfo then
                permission.UserIdGroupPairs = { { GroupId = item.ReferencedGroupInfo.GroupId,
                                                  UserId = item.ReferencedGroupInfo.UserId,
                                                  Description = description } }
            end
            permissions[#permissions + 1] = permission
        end
    end
    return rules.explode(permissions)
end

return rules
