-- lint_suggest.lua - "did you mean", for files that are full of mistakes too.
--
-- Owns: how the suggestion is written, and how many are looked for.
local nearest = require "nearest"

local suggest = {}

local MOST = 50 -- different words of one file; looking for one takes a while

-- " (did you mean 'x'?)" or "".
function suggest.text(word, candidates)
    local near = nearest(word, candidates)
    return near and (" (did you mean '%s'?)"):format(near) or ""
end

-- The text keys of all the maps, sorted.
function suggest.keys(...)
    local list = {}
    for i = 1, select("#", ...) do
        for name in pairs((select(i, ...))) do list[#list + 1] = name end
    end
    table.sort(list)
    return list
end

-- A function from a word to its suggestion among the keys of the maps: once per word.
function suggest.among(...)
    local maps, candidates, known, count = table.pack(...), nil, {}, 0
    return function(word)
        if not known[word] and count < MOST then
            count = count + 1
            candidates = candidates or suggest.keys(table.unpack(maps, 1, maps.n))
            known[word] = suggest.text(word, candidates)
        end
        return known[word] or ""
    end
end

return suggest
