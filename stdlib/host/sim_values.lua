-- sim_values.lua - small work on plain values for the simulator.
--
-- Owns: copying, comparing, signatures, times as text, numbers that look random but come from
-- a seed. Pure. A resource of a world is never changed in place: `with` makes the next one.
local values = {}

function values.copy(value)
    if type(value) ~= "table" then return value end
    local result = {}
    for key, inner in pairs(value) do result[key] = values.copy(inner) end
    return result
end

function values.shallow(map)
    local result = {}
    for key, inner in pairs(map) do result[key] = inner end
    return result
end

-- In `with`: the member goes away.
values.NONE = setmetatable({}, { __name = "none" })

-- A shallow copy with members changed.
function values.with(map, changes)
    local result = values.shallow(map)
    for key, inner in pairs(changes) do
        if inner == values.NONE then result[key] = nil else result[key] = inner end
    end
    return result
end

function values.equal(a, b)
    if a == b then return true end
    if type(a) ~= "table" or type(b) ~= "table" then return false end
    for key, inner in pairs(a) do
        if not values.equal(inner, b[key]) then return false end
    end
    for key in pairs(b) do
        if a[key] == nil then return false end
    end
    return true
end

function values.sorted_keys(map)
    local keys = {}
    for key in pairs(map) do keys[#keys + 1] = key end
    table.sort(keys, function(a, b) return tostring(a) < tostring(b) end)
    return keys
end

-- A text that is equal for equal values.
function values.signature(value)
    if type(value) ~= "table" then
        return (math.type(value) or type(value)) .. ":" .. tostring(value) .. ";"
    end
    local parts = {}
    for _, key in ipairs(values.sorted_keys(value)) do
        parts[#parts + 1] = ("%d:%s=%s"):format(#tostring(key), key, values.signature(value[key]))
    end
    return "{" .. table.concat(parts) .. "}"
end

function values.contains(list, item)
    for _, one in ipairs(list or {}) do
        if one == item then return true end
    end
    return false
end

-- The first item whose `member` is `wanted`, and its position.
function values.find(list, member, wanted)
    for i, one in ipairs(list or {}) do
        if one[member] == wanted then return one, i end
    end
    return nil
end

-- A copy of the list in which item `at` is replaced; nil removes it.
function values.replaced(list, at, item)
    local result = table.move(list, 1, #list, 1, {})
    if item == nil then table.remove(result, at) else result[at] = item end
    return result
end

function values.appended(list, item)
    local result = table.move(list or {}, 1, #(list or {}), 1, {})
    result[#result + 1] = item
    return result
end

-- A copy of the list without the items for which `drop` is true.
function values.without(list, drop)
    local result = {}
    for _, item in ipairs(list or {}) do
        if not drop(item) then result[#result + 1] = item end
    end
    return result
end

-- splitmix64: 64 bits that depend on every bit of both numbers.
function values.mix(seed, number)
    local z = seed + number * 0x9E3779B97F4A7C15
    z = (z ~ (z >> 30)) * 0xBF58476D1CE4E5B9
    z = (z ~ (z >> 27)) * 0x94D049BB133111EB
    return z ~ (z >> 31)
end

-- A 64-bit number of a text (FNV-1a): a seed from a word.
function values.hash(text)
    local hash = 0xCBF29CE484222325
    for i = 1, #text do hash = (hash ~ text:byte(i)) * 0x100000001B3 end
    return hash
end

-- Year, month, day of a number of days since 1970 (the proleptic Gregorian calendar).
local function civil(days)
    days = days + 719468
    local era = days // 146097
    local day_of_era = days - era * 146097
    local year_of_era = (day_of_era - day_of_era // 1460 + day_of_era // 36524
                         - day_of_era // 146096) // 365
    local day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    local shifted = (5 * day_of_year + 2) // 153
    local month = shifted < 10 and shifted + 3 or shifted - 9
    local year = year_of_era + era * 400 + (month <= 2 and 1 or 0)
    return year, month, day_of_year - (153 * shifted + 2) // 5 + 1
end

-- Microseconds since 1970 as results have times: "2026-11-24T02:15:30+00:00".
function values.time_text(us)
    local seconds = us // 1000000
    local year, month, day = civil(seconds // 86400)
    local rest = seconds % 86400
    return ("%04d-%02d-%02dT%02d:%02d:%02d+00:00"):format(year, month, day, rest // 3600,
                                                          rest // 60 % 60, rest % 60)
end

return values
