-- addresses.lua - IP networks in CIDR notation, v4 and v6.
--
-- Owns: reading one strictly and writing it as EC2 does. Pure.
local addresses = {}

local function v4_parts(text)
    local a, b, c, d = text:match("^(%d%d?%d?)%.(%d%d?%d?)%.(%d%d?%d?)%.(%d%d?%d?)$")
    if not a then return nil end
    local parts = {}
    for i, part in ipairs { a, b, c, d } do
        -- "010" is eight for some programs and ten for others.
        if tonumber(part) > 255 or (#part > 1 and part:sub(1, 1) == "0") then return nil end
        parts[i] = tonumber(part)
    end
    return parts
end

-- Splits at ":" into 16-bit words; nil when a word is malformed.
local function words_of(text)
    local words = {}
    if text == "" then return words end
    for word in (text .. ":"):gmatch("(.-):") do
        if not word:find("^%x%x?%x?%x?$") then return nil end
        words[#words + 1] = tonumber(word, 16)
    end
    return words
end

-- An IPv4 tail ("::ffff:1.2.3.4") as two words of hex.
local function without_v4_tail(text)
    local head, tail = text:match("^(.*:)(%d+%.%d+%.%d+%.%d+)$")
    if not head then return text end
    local v4 = v4_parts(tail)
    if not v4 then return nil end
    return ("%s%x:%x"):format(head, v4[1] * 256 + v4[2], v4[3] * 256 + v4[4])
end

local function v6_parts(text)
    text = without_v4_tail(text)
    if not text or not text:find("^[%x:]+$") then return nil end
    local gap_from, gap_to = text:find("::", 1, true)
    if not gap_from then
        local words = words_of(text)
        return words and #words == 8 and words or nil
    end
    if text:find("::", gap_from + 1, true) then return nil end
    local head, tail = words_of(text:sub(1, gap_from - 1)), words_of(text:sub(gap_to + 1))
    if not head or not tail or #head + #tail > 7 then return nil end
    for _ = 1, 8 - #head - #tail do head[#head + 1] = 0 end
    return table.move(tail, 1, #tail, #head + 1, head)
end

-- The longest run of two or more zero words, leftmost first: where "::" goes (RFC 5952).
local function zero_run(words)
    local best_at, best_length, at = nil, 1, nil
    for i = 1, 9 do
        if words[i] == 0 then
            at = at or i
        elseif at then
            if i - at > best_length then best_at, best_length = at, i - at end
            at = nil
        end
    end
    return best_at, best_length
end

local function v6_text(words)
    local hex = {}
    for i, word in ipairs(words) do hex[i] = ("%x"):format(word) end
    local at, length = zero_run(words)
    if not at then return table.concat(hex, ":") end
    return table.concat(hex, ":", 1, at - 1) .. "::" .. table.concat(hex, ":", at + length)
end

-- Clears the bits behind the prefix; `width` is the bits of one part.
local function masked(parts, width, prefix)
    local network = {}
    for i, part in ipairs(parts) do
        local kept = math.max(0, math.min(width, prefix - (i - 1) * width))
        local mask = ((1 << kept) - 1) << (width - kept)
        network[i] = part & mask
    end
    return network
end

local function same(a, b)
    for i, part in ipairs(a) do
        if part ~= b[i] then return false end
    end
    return true
end

-- The parts of one address and the bits of a part: four of 8 or eight of 16; nil when it is none.
function addresses.parts(text)
    local parts = v4_parts(text)
    if parts then return parts, 8 end
    parts = v6_parts(text)
    if parts then return parts, 16 end
    return nil
end

-- {text, family = "v4"|"v6", prefix}; nil and the reason. A bare address is a network of one.
function addresses.cidr(text)
    local address, prefix_text = text:match("^([^/]+)/(%d%d?%d?)$")
    if not address then address = text end
    local parts, width, bits, write = v4_parts(address), 8, 32, nil
    write = function(p) return table.concat(p, ".") end
    if not parts then parts, width, bits, write = v6_parts(address), 16, 128, v6_text end
    if not parts or (text:find("/", 1, true) and not prefix_text) then
        return nil, "is not a CIDR block such as 203.0.113.0/24 or 2001:db8::/32"
    end
    local prefix = tonumber(prefix_text or bits)
    if prefix > bits then return nil, ("has a prefix longer than %d"):format(bits) end
    local network = masked(parts, width, prefix)
    if not same(network, parts) then
        return nil, ("has bits set behind its prefix: %s/%d or %s/%d?"):format(
            write(network), prefix, write(parts), bits)
    end
    return { text = ("%s/%d"):format(write(parts), prefix),
             family = bits == 32 and "v4" or "v6", prefix = prefix }
end

return addresses
