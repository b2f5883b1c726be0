-- flow_address.lua - IP addresses and networks as numbers, for matching packets.
--
-- Owns: reading addresses and CIDR blocks, both families, and comparing them. Pure. An address
-- is {family, hi, lo, text}: 128 bits from the left, an IPv4 address in the first 32 of them,
-- so that one comparison serves both families. What it returns is shared: never changed.
local addresses = require "addresses"

local flow_address = {}

local REMEMBERED = 200000

-- The same few texts are read again and again; a bound keeps a hostile world from growing it.
local function remembering(read)
    local known, count = {}, 0
    return function(text)
        local value = known[text]
        if value == nil then
            if count >= REMEMBERED then known, count = {}, 0 end
            value = read(text) or false
            known[text], count = value, count + 1
        end
        return value or nil
    end
end

local function read_address(text)
    local parts, width = addresses.parts(text)
    if not parts then return nil end
    local hi, lo = 0, 0
    if width == 8 then
        for _, part in ipairs(parts) do hi = hi << 8 | part end
        return { family = "v4", hi = hi << 32, lo = 0, text = text }
    end
    for i = 1, 4 do hi, lo = hi << 16 | parts[i], lo << 16 | parts[i + 4] end
    return { family = "v6", hi = hi, lo = lo, text = text }
end

local function masks(prefix)
    if prefix <= 64 then return -1 << (64 - prefix), 0 end
    return -1, -1 << (128 - prefix)
end

local function read_network(text)
    local base, prefix = text:match("^([^/]+)/(%d%d?%d?)$")
    local address = read_address(base or text)
    if not address then return nil end
    local bits = address.family == "v4" and 32 or 128
    prefix = tonumber(prefix or bits)
    if prefix > bits then return nil end
    local mask_hi, mask_lo = masks(prefix)
    return { family = address.family, prefix = prefix, bits = bits, text = text,
             hi = address.hi & mask_hi, lo = address.lo & mask_lo,
             mask_hi = mask_hi, mask_lo = mask_lo }
end

-- An address; nil when the text is none.
flow_address.address = remembering(read_address)

-- A network {family, prefix, bits, text}; bits behind the prefix are taken as zero, as EC2
-- does. A bare address is a network of one. nil when the text is none.
flow_address.network = remembering(read_network)

function flow_address.contains(network, address)
    return network.family == address.family and address.hi & network.mask_hi == network.hi
        and address.lo & network.mask_lo == network.lo
end

-- Is every address of `inner` in `outer`?
function flow_address.covers(outer, inner)
    return outer.prefix <= inner.prefix and flow_address.contains(outer, inner)
end

function flow_address.overlap(a, b)
    return flow_address.covers(a, b) or flow_address.covers(b, a)
end

-- Every address of its family: 0.0.0.0/0 or ::/0.
function flow_address.is_everyone(network)
    return network.prefix == 0
end

-- Is the address `offset` addresses behind the network's first?
function flow_address.is_at(network, offset, address)
    if network.family ~= address.family then return false end
    if network.family == "v4" then return address.hi == network.hi + (offset << 32) end
    return address.hi == network.hi and address.lo == network.lo + offset
end

return flow_address
