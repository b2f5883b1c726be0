-- sim_md5.lua - MD5 (RFC 1321), which SQS answers with. Not for security.
local md5 = {}

local SHIFTS = { { 7, 12, 17, 22 }, { 5, 9, 14, 20 }, { 4, 11, 16, 23 }, { 6, 10, 15, 21 } }
local SINES = {}
for i = 1, 64 do SINES[i] = math.floor(math.abs(math.sin(i)) * 4294967296) end

-- Round -> function of three words, and which word of the block step i takes.
local ROUNDS = {
    { function(b, c, d) return (b & c) | (~b & d) end, function(i) return i end },
    { function(b, c, d) return (d & b) | (~d & c) end, function(i) return (5 * i + 1) % 16 end },
    { function(b, c, d) return b ~ c ~ d end, function(i) return (3 * i + 5) % 16 end },
    { function(b, c, d) return c ~ (b | ~d) end, function(i) return (7 * i) % 16 end },
}

local function rotate(x, n)
    x = x & 0xffffffff
    return (x << n) | (x >> (32 - n))
end

local function block(words, a, b, c, d)
    for i = 0, 63 do
        local round = i // 16 + 1
        local mix, pick = ROUNDS[round][1], ROUNDS[round][2]
        local sum = a + mix(b, c, d) + SINES[i + 1] + words[pick(i) + 1]
        a, d, c, b = d, c, b, b + rotate(sum, SHIFTS[round][i % 4 + 1])
    end
    return a, b, c, d
end

-- Hex of the digest.
function md5.hex(text)
    local padded = text .. "\128" .. ("\0"):rep((55 - #text) % 64) .. ("<I8"):pack(#text * 8)
    local a, b, c, d = 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476
    for at = 1, #padded, 64 do
        local words = { ("<I4I4I4I4I4I4I4I4I4I4I4I4I4I4I4I4"):unpack(padded, at) }
        local a2, b2, c2, d2 = block(words, a, b, c, d)
        a, b, c, d = (a + a2) & 0xffffffff, (b + b2) & 0xffffffff, (c + c2) & 0xffffffff,
                     (d + d2) & 0xffffffff
    end
    return (("<I4I4I4I4"):pack(a, b, c, d):gsub(".", function(byte)
        return ("%02x"):format(byte:byte())
    end))
end

return md5
