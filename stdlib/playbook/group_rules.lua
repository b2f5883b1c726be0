-- group_rules.lua - what the rules of a security group let through.
--
-- Owns: the permissions that isolation uses, and judging a described group: blank, open, or
-- with exactly one rule for the investigators. It makes no calls.
local group_rules = {}

local PEERS = {
    { member = "IpRanges", key = "CidrIp" }, { member = "Ipv6Ranges", key = "CidrIpv6" },
    { member = "PrefixListIds", key = "PrefixListId" },
    { member = "UserIdGroupPairs", key = "GroupId" },
}

-- All traffic of one family or of both: "v4", "v6", "both".
function group_rules.all_traffic(family)
    local permission = { IpProtocol = "-1" }
    if family ~= "v6" then permission.IpRanges = { { CidrIp = "0.0.0.0/0" } } end
    if family ~= "v4" then permission.Ipv6Ranges = { { CidrIpv6 = "::/0" } } end
    return { permission }
end

-- The investigators' rule: all traffic from a CIDR block, or these TCP ports only.
function group_rules.forensics(cidr, ports)
    if not cidr then return nil end
    local function from_cidr(permission)
        if cidr:find(":", 1, true) then
            permission.Ipv6Ranges = { { CidrIpv6 = cidr } }
        else
            permission.IpRanges = { { CidrIp = cidr } }
        end
        return permission
    end
    if not ports or #ports == 0 then return { from_cidr { IpProtocol = "-1" } } end
    local permissions = {}
    for i, port in ipairs(ports) do
        permissions[i] = from_cidr { IpProtocol = "tcp", FromPort = port, ToPort = port }
    end
    return permissions
end

local function ports_text(permission)
    if permission.IpProtocol == "-1" then return "all traffic" end
    local from, to = permission.FromPort, permission.ToPort
    if not from then return permission.IpProtocol end
    if from == to then return ("%s %d"):format(permission.IpProtocol, from) end
    return ("%s %d-%d"):format(permission.IpProtocol, from, to or from)
end

-- One text per rule, sorted: "in: tcp 22 203.0.113.0/24", "out: all traffic 0.0.0.0/0".
local function texts(direction, permissions)
    local list = {}
    for _, permission in ipairs(permissions or {}) do
        for _, peer in ipairs(PEERS) do
            for _, one in ipairs(permission[peer.member] or {}) do
                list[#list + 1] = ("%s: %s %s"):format(direction, ports_text(permission),
                                                       one[peer.key] or "?")
            end
        end
    end
    table.sort(list)
    return list
end

local function same(a, b)
    return table.concat(a, "\n") == table.concat(b, "\n")
end

-- Does a group let nothing through, but for the investigators' rule when there is one?
-- true, or false and what is wrong.
function group_rules.is_final(group, forensics)
    local into, out = texts("in", group.IpPermissions), texts("out", group.IpPermissionsEgress)
    local allowed = texts("in", forensics)
    if same(into, allowed) and #out == 0 then return true end
    local found = table.move(out, 1, #out, #into + 1, into)
    if #found == 0 then
        return false, ("%s has no rule, not the one for the investigators (%s)"):format(
            group.GroupId, table.concat(allowed, ", "))
    end
    local expected = #allowed == 0 and "none" or table.concat(allowed, ", ")
    return false, ("%s has the rules %s; expected: %s"):format(
        group.GroupId, table.concat(found, ", "), expected)
end

function group_rules.is_blank(group)
    return group_rules.is_final(group, nil)
end

local function contains(list, text)
    for _, item in ipairs(list) do
        if item == text then return true end
    end
    return false
end

-- Does a group let everything through, both ways, in IPv6 too when asked?
-- true, or false and what is missing.
function group_rules.is_open(group, v6)
    local into, out = texts("in", group.IpPermissions), texts("out", group.IpPermissionsEgress)
    local missing = {}
    for _, block in ipairs(v6 and { "0.0.0.0/0", "::/0" } or { "0.0.0.0/0" }) do
        if not contains(into, "in: all traffic " .. block) then
            missing[#missing + 1] = "in: all traffic " .. block
        end
        if not contains(out, "out: all traffic " .. block) then
            missing[#missing + 1] = "out: all traffic " .. block
        end
    end
    if #missing == 0 then return true end
    return false, ("%s lacks %s"):format(group.GroupId, table.concat(missing, ", "))
end

return group_rules
