-- sim_rules.lua - security group rules: from requests, in a world, as IpPermissions.
--
-- Owns: reading IpPermissions as EC2 does (protocols by number or name, canonical CIDRs),
-- the rule resources (describe_security_group_rules), and the group's IpPermissions made from
-- them: sorted, so that equal rules give equal groups whatever the order of changes.
local addresses = require "addresses"
local errors = require "sim_errors"
local sim_world = require "sim_world"
local values = require "sim_values"

local sim_rules = {}

local PROTOCOLS = { tcp = "tcp", udp = "udp", icmp = "icmp", icmpv6 = "icmpv6", ["6"] = "tcp",
                    ["17"] = "udp", ["1"] = "icmp", ["58"] = "icmpv6", ["-1"] = "-1", all = "-1" }

-- List of IpPermissions -> its key member, the rule's member, the families it counts in.
local PEERS = {
    { list = "IpRanges", key = "CidrIp", member = "CidrIpv4", v4 = true },
    { list = "Ipv6Ranges", key = "CidrIpv6", member = "CidrIpv6", v6 = true },
    { list = "PrefixListIds", key = "PrefixListId", member = "PrefixListId", v4 = true, v6 = true },
    { list = "UserIdGroupPairs", key = "GroupId", member = "ReferencedGroupInfo", v4 = true,
      v6 = true },
}

local function protocol_of(text)
    text = tostring(text or ""):lower()
    if PROTOCOLS[text] then return PROTOCOLS[text] end
    local number = math.tointeger(tonumber(text))
    if number and number >= 0 and number <= 255 then return tostring(number) end
    errors.invalid("Invalid value '%s' for IP protocol. Unknown protocol.", text)
end

local function check_ports(protocol, from, to)
    if not from or not to then
        errors.invalid("Invalid value 'Must specify both from and to ports with TCP/UDP.' "
                       .. "for portRange.")
    end
    for _, port in ipairs { from, to } do
        if port < 0 or port > 65535 then
            errors.invalid("Invalid value '%d' for portRange. TCP/UDP port (%d) out of range", port,
                           port)
        end
    end
    if from > to then
        errors.invalid("Invalid %s port range (%d,%d)", protocol:upper(), from, to)
    end
end

-- The ports that a permission has: none for protocols that have none.
local function ports_of(protocol, permission)
    local from, to = math.tointeger(permission.FromPort), math.tointeger(permission.ToPort)
    if protocol == "tcp" or protocol == "udp" then
        check_ports(protocol, from, to)
        return from, to
    elseif protocol == "icmp" or protocol == "icmpv6" then
        from, to = from or -1, to or -1
        if from < -1 or from > 255 or to < -1 or to > 255 or (from == -1 and to ~= -1) then
            errors.invalid("ICMP type/code (%d,%d) out of range", from, to)
        end
        return from, to
    end
    return -1, -1
end

local function cidr_of(text, family)
    local network = type(text) == "string" and addresses.cidr(text)
    if not network and type(text) == "string" then
        -- EC2 takes bits behind the prefix and clears them.
        local _, why = addresses.cidr(text)
        local canonical = why and why:match("prefix: (%S+) or ")
        network = canonical and addresses.cidr(canonical)
    end
    if not network or network.family ~= family then
        errors.invalid("CIDR block %s is malformed", tostring(text))
    end
    return network.text
end
sim_rules.cidr = cidr_of

local function check_description(text)
    if text and (#text > 255 or text:find("[^%w%. _%-:/%(%)#,@%[%]%+=&;{}!%$%*]")) then
        errors.invalid("Invalid rule description. Valid descriptions are strings less than 256 "
            .. "characters from the following set:  a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*")
    end
end

local function group_pair(world, pair, vpc, trust)
    local id = pair.GroupId
    if not id and pair.GroupName then
        for _, group in ipairs(sim_world.by(world, "SecurityGroups", "vpc-id", vpc)) do
            if group.GroupName == pair.GroupName then id = group.GroupId end
        end
    end
    local own = not trust and (not pair.UserId or pair.UserId == world.account)
    if not id or (own and not world.resources.SecurityGroups[id]
                  and not pair.VpcPeeringConnectionId) then
        errors.raise("InvalidGroup.NotFound", "The security group '%s' does not exist",
                     id or pair.GroupName or "")
    end
    return { GroupId = id, UserId = pair.UserId or world.account, VpcId = pair.VpcId,
             VpcPeeringConnectionId = pair.VpcPeeringConnectionId }
end

local READ_PEER = {
    IpRanges = function(_, peer) return cidr_of(peer.CidrIp, "v4") end,
    Ipv6Ranges = function(_, peer) return cidr_of(peer.CidrIpv6, "v6") end,
    UserIdGroupPairs = group_pair,
    PrefixListIds = function(world, peer, _, trust)
        local id = peer.PrefixListId
        if not trust and not world.resources.PrefixLists[id]
            and not world.resources.ManagedPrefixLists[id] then
            errors.raise("InvalidPrefixListID.NotFound", "The prefix list ID '%s' does not exist",
                         tostring(id))
        end
        return id
    end,
}

-- What tells two rules of one direction apart; ids and descriptions do not.
function sim_rules.key(rule)
    local peer = rule.CidrIpv4 or rule.CidrIpv6 or rule.PrefixListId
        or (rule.ReferencedGroupInfo or {}).GroupId or ""
    return table.concat({ rule.IpProtocol, rule.FromPort or -1, rule.ToPort or -1, peer }, "|")
end

-- Rules without ids: one per protocol, ports and peer. `trust`: what AWS itself said may name
-- groups and prefix lists that the world does not have.
function sim_rules.read(world, group, is_egress, permissions, trust)
    local list = {}
    for _, permission in ipairs(permissions) do
        local protocol = protocol_of(permission.IpProtocol)
        local from, to = ports_of(protocol, permission)
        for _, kind in ipairs(PEERS) do
            for _, peer in ipairs(permission[kind.list] or {}) do
                if not trust then check_description(peer.Description) end
                list[#list + 1] = {
                    GroupId = group.GroupId, GroupOwnerId = group.OwnerId, IsEgress = is_egress,
                    IpProtocol = protocol, FromPort = from, ToPort = to,
                    Description = peer.Description,
                    [kind.member] = READ_PEER[kind.list](world, peer, group.VpcId, trust),
                }
            end
        end
    end
    return list
end

-- "peer: 10.0.0.0/8, TCP, from port: 22, to port: 22, ALLOW"
function sim_rules.text(rule)
    local peer = rule.CidrIpv4 or rule.CidrIpv6 or rule.PrefixListId
        or rule.ReferencedGroupInfo.GroupId
    if rule.IpProtocol == "-1" then return ("peer: %s, ALL, ALLOW"):format(peer) end
    local protocol = rule.IpProtocol:upper()
    if rule.IpProtocol == "tcp" or rule.IpProtocol == "udp" then
        return ("peer: %s, %s, from port: %d, to port: %d, ALLOW"):format(peer, protocol,
                                                                          rule.FromPort,
                                                                              rule.ToPort)
    elseif rule.IpProtocol:find("^icmp") then
        return ("peer: %s, %s, type: %s, code: %s, ALLOW"):format(
            peer, protocol, rule.FromPort == -1 and "ALL" or rule.FromPort,
            rule.ToPort == -1 and "ALL" or rule.ToPort)
    end
    return ("peer: %s, %s, ALLOW"):format(peer, protocol)
end

-- ---- in a world ---------------------------------------------------------------------------

-- The group's rules of one direction, by key.
function sim_rules.by_key(world, group_id, is_egress)
    local map = {}
    for _, rule in ipairs(sim_world.by(world, "SecurityGroupRules", "group-id", group_id)) do
        if rule.IsEgress == is_egress then map[sim_rules.key(rule)] = rule end
    end
    return map
end

-- How many rules of one direction count for a family's quota.
function sim_rules.counted(world, list, family)
    local sum = 0
    for _, rule in ipairs(list) do
        for _, kind in ipairs(PEERS) do
            if rule[kind.member] and kind[family] then
                local prefix_list = world.resources.ManagedPrefixLists[rule.PrefixListId or ""]
                sum = sum + (prefix_list and prefix_list.MaxEntries or 1)
            end
        end
    end
    return sum
end

local function peer_of(rule, kind)
    local peer = { Description = rule.Description }
    if kind.member == "ReferencedGroupInfo" then
        for key, value in pairs(rule.ReferencedGroupInfo) do peer[key] = value end
    else
        peer[kind.key] = rule[kind.member]
    end
    return peer
end

local function permission_of(rule)
    local permission = { IpProtocol = rule.IpProtocol, IpRanges = {}, Ipv6Ranges = {},
                         PrefixListIds = {}, UserIdGroupPairs = {} }
    local protocol = rule.IpProtocol
    if protocol == "tcp" or protocol == "udp" or protocol:find("^icmp") then
        permission.FromPort, permission.ToPort = rule.FromPort, rule.ToPort
    end
    return permission
end

-- IpPermissions of rules, in the order of their keys.
function sim_rules.permissions(list)
    local sorted, out, by_ports = {}, {}, {}
    for i, rule in ipairs(list) do sorted[i] = { key = sim_rules.key(rule), rule = rule } end
    table.sort(sorted, function(a, b) return a.key < b.key end)
    for _, item in ipairs(sorted) do
        local rule = item.rule
        local ports = table.concat({ rule.IpProtocol, rule.FromPort or -1, rule.ToPort or -1 }, "|")
        if not by_ports[ports] then
            by_ports[ports] = permission_of(rule)
            out[#out + 1] = by_ports[ports]
        end
        for _, kind in ipairs(PEERS) do
            if rule[kind.member] then
                table.insert(by_ports[ports][kind.list], peer_of(rule, kind))
            end
        end
    end
    return out
end

-- Makes the group's IpPermissions what its rules say.
function sim_rules.refresh(world, group_id)
    local directions = { [true] = {}, [false] = {} }
    for _, rule in ipairs(sim_world.by(world, "SecurityGroupRules", "group-id", group_id)) do
        table.insert(directions[rule.IsEgress == true], rule)
    end
    sim_world.change(world, "SecurityGroups", group_id, {
        IpPermissions = sim_rules.permissions(directions[false]),
        IpPermissionsEgress = sim_rules.permissions(directions[true]),
    })
end

-- An id for a rule of which AWS's own is not known: always the same for the same rule.
function sim_rules.derived_id(rule)
    local text = table.concat({ rule.GroupId, tostring(rule.IsEgress), sim_rules.key(rule) }, "|")
    return ("sgr-0%016x"):format(values.mix(values.hash(text), 1))
end

-- Gives rules their ids (`id_of`: how, else new ones) and puts them in; as they are now.
function sim_rules.add(world, list, tags, id_of)
    local added = {}
    for i, rule in ipairs(list) do
        local id = id_of and id_of(rule) or sim_world.new_id(world, "sgr")
        added[i] = sim_world.put(world, "SecurityGroupRules", values.with(rule, {
            SecurityGroupRuleId = id, Tags = tags or {},
            SecurityGroupRuleArn = ("arn:aws:ec2:%s:%s:security-group-rule/%s"):format(
                world.region, world.account, id) }))
    end
    if list[1] then sim_rules.refresh(world, list[1].GroupId) end
    return added
end

return sim_rules
