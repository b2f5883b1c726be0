-- nearest.lua - "did you mean".
--
-- Owns: which of the words that exist is near enough to one that does not. Pure.

-- Levenshtein distance.
local function distance(a, b)
    local row = {}
    for j = 0, #b do row[j] = j end
    for i = 1, #a do
        local diagonal = row[0]
        row[0] = i
        for j = 1, #b do
            local cost = a:byte(i) == b:byte(j) and 0 or 1
            local least = math.min(row[j] + 1, row[j - 1] + 1, diagonal + cost)
            diagonal, row[j] = row[j], least
        end
    end
    return row[#b]
end

local LONGEST_NAME = 100
local MOST_CANDIDATES = 2000

-- How far a word may be from what was meant: less than half of a short one.
local function reach(length)
    return length <= 4 and (length + 1) // 3 or math.max(2, length // 3)
end

-- The candidate that `word` was perhaps meant to be, or nil.
local function nearest(word, candidates)
    if #word > LONGEST_NAME then return nil end
    local best, best_distance, looked_at = nil, reach(#word) + 1, 0
    for _, candidate in ipairs(candidates) do
        local similar = candidate ~= word and math.abs(#candidate - #word) < best_distance
        if similar and looked_at < MOST_CANDIDATES then
            looked_at = looked_at + 1
            local d = distance(word:lower(), candidate:lower())
            if d < best_distance then best, best_distance = candidate, d end
        end
    end
    return best
end

return nearest
