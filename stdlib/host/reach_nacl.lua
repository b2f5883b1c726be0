-- reach_nacl.lua - what a network ACL leaves of a range of ports and addresses.
--
-- Owns: cutting a range of ports at a NACL's entries. Pure. Single packets are flow_nacl.lua's.
local address = require "flow_address"
local protocols = require "flow_protocols"

local reach_nacl = {}

-- The ports of lo-hi that an entry decides on; nil for none.
local function overlap(entry, protocol, lo, hi)
    if entry.protocol ~= "-1" and protocol ~= "-1" and entry.protocol ~= protocol then
        return nil
    end
    if not protocols.has_ports(entry.protocol) or not entry.from then return lo, hi end
    local from, to = math.max(lo, entry.from), math.min(hi, entry.to or entry.from)
    if from > to then return nil end
    return from, to
end

-- An entry for a single protocol decides only part of a rule for all of them; so does one for
-- some ICMP types.
local function decides_all(entry, protocol, network)
    return address.covers(entry.network, network)
        and (entry.protocol == "-1" or entry.protocol == protocol)
        and not (entry.type and entry.type ~= -1)
end

local judge

local function add(list, lo, hi, answer)
    list[#list + 1] = { lo = lo, hi = hi, answer = answer }
end

local function add_partly(list, rest, own)
    for _, piece in ipairs(rest) do
        add(list, piece.lo, piece.hi, piece.answer == own and own or "part")
    end
end

local function add_all(list, more)
    table.move(more, 1, #more, #list + 1, list)
end

function judge(entries, at, range, lo, hi)
    for i = at, #entries do
        local entry = entries[i]
        local from, to = overlap(entry, range.protocol, lo, hi)
        if from and address.overlap(entry.network, range.network) then
            local list, own = {}, entry.allow and "yes" or "no"
            if lo < from then add_all(list, judge(entries, i + 1, range, lo, from - 1)) end
            if decides_all(entry, range.protocol, range.network) then
                add(list, from, to, own)
            else
                add_partly(list, judge(entries, i + 1, range, from, to), own)
            end
            if to < hi then add_all(list, judge(entries, i + 1, range, to + 1, hi)) end
            return list
        end
    end
    return { { lo = lo, hi = hi, answer = "no" } }
end

local function merged(list)
    local result = {}
    for _, piece in ipairs(list) do
        local last = result[#result]
        if last and last.answer == piece.answer and last.hi + 1 == piece.lo then
            last.hi = piece.hi
        else
            result[#result + 1] = piece
        end
    end
    return result
end

-- The ports of a range {protocol, network, lo, hi}, each piece with "yes", "no" or "part" (some
-- of its addresses), in order. `entries`: of one direction.
function reach_nacl.ports(entries, range)
    return merged(judge(entries, 1, range, range.lo, range.hi))
end

-- One answer for the whole range: for replies, whose port may be any.
function reach_nacl.whole(entries, range)
    local answer = nil
    for _, piece in ipairs(reach_nacl.ports(entries, range)) do
        if answer == nil then answer = piece.answer end
        if answer ~= piece.answer then answer = "part" end
    end
    return answer
end

return reach_nacl
