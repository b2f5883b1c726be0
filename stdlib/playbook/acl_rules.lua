-- acl_rules.lua - entries of a network ACL: where a deny comes first, and what passes a list.
--
-- Owns: the entries that isolation writes, their numbers in a list that others wrote, and judging
-- a described list. It makes no calls.
local acl_rules = {}

local LAST = 32766 -- above it are the denies that end every list
local ANYWHERE = { v4 = "0.0.0.0/0", v6 = "::/0" }
local MEMBER = { v4 = "CidrBlock", v6 = "Ipv6CidrBlock" }
local FIRST_CLIENT_PORT, LAST_PORT = 1024, 65535

local function family_of(entry)
    return entry.Ipv6CidrBlock and "v6" or "v4"
end

local function entry_of(egress, family, action, cidr, ports)
    return { Egress = egress, Protocol = ports and "6" or "-1", RuleAction = action,
             [MEMBER[family]] = cidr, PortRange = ports }
end

-- A path that is kept open: all traffic with a block of addresses.
function acl_rules.all_of(cidr)
    return { family = cidr:find(":", 1, true) and "v6" or "v4", cidr = cidr }
end

-- Or TCP to one port of theirs, and the answers. A list remembers nothing: they need an entry.
function acl_rules.tcp_to(cidr, port)
    local kept = acl_rules.all_of(cidr)
    kept.out = { From = port, To = port }
    kept.back = { From = FIRST_CLIENT_PORT, To = LAST_PORT }
    return kept
end

-- The entries of one family and direction, first to last: what is kept, then no more.
function acl_rules.wanted(family, egress, keep)
    local list = {}
    for _, kept in ipairs(keep) do
        if kept.family == family then
            list[#list + 1] = entry_of(egress, family, "allow", kept.cidr,
                                       egress and kept.out or kept.back)
        end
    end
    list[#list + 1] = entry_of(egress, family, "deny", ANYWHERE[family])
    return list
end

local function same_ports(a, b)
    if not a or not b then return not a and not b end
    return a.From == b.From and a.To == b.To
end

-- Do two entries say the same, numbers aside?
function acl_rules.same(a, b)
    local family = family_of(a)
    return family == family_of(b) and a[MEMBER[family]] == b[MEMBER[family]]
        and a.Egress == b.Egress and a.RuleAction == b.RuleAction
        and tostring(a.Protocol) == tostring(b.Protocol) and same_ports(a.PortRange, b.PortRange)
end

-- The entries of a list of one direction, first to last, without the denies that end it.
local function in_order(entries, egress)
    local list = {}
    for _, entry in ipairs(entries or {}) do
        if entry.Egress == egress and entry.RuleNumber <= LAST then list[#list + 1] = entry end
    end
    table.sort(list, function(a, b) return a.RuleNumber < b.RuleNumber end)
    return list
end

-- ---- where they go ------------------------------------------------------------------------

-- Numbers for `wanted`, before all that the list has of this family. The families share the
-- numbers: what the other has keeps its place, it decides nothing here.
local function numbered(wanted, family, holders)
    local slots, number = {}, 0
    for i, entry in ipairs(wanted) do
        repeat number = number + 1
        until not holders[number] or family_of(holders[number]) == family
        slots[i] = { number = number, entry = entry, old = holders[number] }
    end
    return slots
end

-- Those of a family that can make room, the one that would match last first.
local function spare_of(list, family, slots)
    local used, spare = {}, {}
    for _, slot in ipairs(slots) do used[slot.number] = true end
    for i = #list, 1, -1 do
        if family_of(list[i]) == family and not used[list[i].RuleNumber] then
            spare[#spare + 1] = list[i]
        end
    end
    return spare
end

-- What is to be done to one direction of a list so that nothing but `keep` passes: per family
-- {egress, family, slots}. A slot: {number, entry, old (what is there now), done (it is there
-- already), spare (the entry that goes if the list is full)}. The deny comes first, so that what is
-- kept open is never all that was changed.
function acl_rules.changes(entries, egress, families, keep)
    local list, holders, parts = in_order(entries, egress), {}, {}
    for _, entry in ipairs(list) do holders[entry.RuleNumber] = entry end
    for _, family in ipairs(families) do
        local slots = numbered(acl_rules.wanted(family, egress, keep), family, holders)
        for _, slot in ipairs(slots) do
            slot.done = slot.old ~= nil and acl_rules.same(slot.old, slot.entry)
            holders[slot.number] = slot.entry
        end
        local spare = spare_of(list, family, slots)
        local order = { slots[#slots], table.unpack(slots, 1, #slots - 1) }
        for i, slot in ipairs(order) do slot.spare = spare[i] end
        parts[#parts + 1] = { egress = egress, family = family, slots = order }
    end
    return parts
end

-- The same for both directions, of the list `acl` (named in each part).
function acl_rules.changes_both_ways(acl, entries, families, keep)
    local parts = {}
    for _, egress in ipairs { false, true } do
        for _, part in ipairs(acl_rules.changes(entries, egress, families, keep)) do
            part.acl = acl
            parts[#parts + 1] = part
        end
    end
    return parts
end

-- ---- what passes --------------------------------------------------------------------------

-- "in: rule 100 allows tcp 443 0.0.0.0/0"
function acl_rules.text(entry)
    local range = entry.PortRange
    local ports = range and range.From and (" %d-%d"):format(range.From, range.To) or ""
    local protocol = tostring(entry.Protocol)
    local what = protocol == "-1" and "all traffic" or "protocol " .. protocol .. ports
    return ("%s rule %d (%s %s %s)"):format(entry.Egress and "outbound" or "inbound",
        entry.RuleNumber, entry.RuleAction, what, entry.CidrBlock or entry.Ipv6CidrBlock or "?")
end

local function is_among(entry, list)
    for _, one in ipairs(list) do
        if acl_rules.same(entry, one) then return true end
    end
    return false
end

local function leaks_of(list, family, egress, keep, leaks)
    local wanted = acl_rules.wanted(family, egress, keep)
    for _, entry in ipairs(list) do
        if family_of(entry) == family then
            if acl_rules.same(entry, wanted[#wanted]) then return end
            if entry.RuleAction == "allow" and not is_among(entry, wanted) then
                leaks[#leaks + 1] = acl_rules.text(entry)
            end
        end
    end
end

-- The entries by which something besides `keep` passes the list, as texts; none when it is closed.
-- First match wins: what stands behind a deny of everything decides nothing.
function acl_rules.leaks(entries, families, keep)
    local leaks = {}
    for _, egress in ipairs { false, true } do
        local list = in_order(entries, egress)
        for _, family in ipairs(families) do leaks_of(list, family, egress, keep, leaks) end
    end
    return leaks
end

-- What of `keep` a list does not let through, as texts: something before it denies it.
function acl_rules.missing(entries, families, keep)
    local texts = {}
    for _, egress in ipairs { false, true } do
        local list = in_order(entries, egress)
        for _, family in ipairs(families) do
            for _, part in ipairs(acl_rules.changes(entries, egress, { family }, keep)[1].slots) do
                if part.entry.RuleAction == "allow" and not is_among(part.entry, list) then
                    texts[#texts + 1] = ("%s %s is not kept open"):format(
                        egress and "outbound" or "inbound", part.entry[MEMBER[family]])
                end
            end
        end
    end
    return texts
end

return acl_rules
