-- nearest.lua - "did you mean": the word that was perhaps meant.
--
-- Owns: comparing words. Pure.
local LONGEST_NAME = 100

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

-- The candidate of the list that is most like the word; nil when none is.
return function(word, candidates)
    if #word > LONGEST_NAME then return nil end
    local best, best_distance = nil, math.max(2, #word // 3) + 1
    for _, candidate in ipairs(candidates) do
        local d = distance(word:lower(), candidate:lower())
        if d < best_distance then best, best_distance = candidate, d end
    end
    return best
end
