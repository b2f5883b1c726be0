-- flow_nacl.lua - what a network ACL lets across the edge of its subnet.
--
-- Owns: trying its entries in order, for one packet. Stateless: each direction is asked for by
-- itself, replies too. Pure; where the edge is, flow_path.lua knows.
local address = require "flow_address"
local protocols = require "flow_protocols"

local nacl = {}

local function protocol_overlap(entry, packet, lo, hi)
    if entry.protocol == "-1" then return "yes" end
    if entry.protocol ~= packet.protocol then return "no" end
    if protocols.has_ports(packet.protocol) then
        return protocols.ports(entry.from, entry.to, lo, hi)
    end
    if protocols.is_icmp(packet.protocol) then
        return protocols.icmp(entry.type, entry.code, packet)
    end
    return "yes"
end

local judge

-- An entry that takes in only some of the ports: those it decides, the others go on.
local function split(entries, at, packet, remote, lo, hi)
    local entry = entries[at]
    local answer, why = entry.allow and "yes" or "no", entry.text
    local rest = {}
    if lo < entry.from then rest[#rest + 1] = { lo, entry.from - 1 } end
    local last = entry.to or entry.from
    if last < hi then rest[#rest + 1] = { last + 1, hi } end
    for _, piece in ipairs(rest) do
        local other = judge(entries, at + 1, packet, remote, piece[1], piece[2])
        if other ~= answer then
            return "maybe", ("%s decides by the port, which is not known"):format(why)
        end
    end
    return answer, why
end

function judge(entries, from, packet, remote, lo, hi)
    for at = from, #entries do
        local entry = entries[at]
        if address.contains(entry.network, remote) then
            local overlap = protocol_overlap(entry, packet, lo, hi)
            if overlap == "yes" then return entry.allow and "yes" or "no", entry.text end
            if overlap == "maybe" then return split(entries, at, packet, remote, lo, hi) end
        end
    end
    return "no", nil
end

-- Does the NACL let a packet (as flow_groups.lua's) through that goes out (`egress`) to the
-- address `remote`, or comes in from it? The answer and the entry that decides, in words.
function nacl.allow(compiled, egress, packet, remote)
    local entries = egress and compiled.egress or compiled.ingress
    local answer, why = judge(entries, 1, packet, remote, packet.lo or 0, packet.hi or 0)
    return answer, why or ("%s has no entry for %s"):format(compiled.id, remote.text)
end

return nacl
