-- drill_moments.lua - the moments of a run, as its journal tells them.
--
-- Owns: the names that w:at knows ("step 2 closed", "Cut off closed", "window open", "end"), and
-- how long the windows were. Times are the simulated ones that stand in the journal.
local moments = {}

local PLAIN = { ["run.start"] = "start", ["plan"] = "plan", ["run.end"] = "end",
                ["window.open"] = "window open", ["window.closed"] = "window closed" }
local OF_STEP = { ["step.open"] = "open", ["step.close"] = "closed", ["confirm"] = "answered" }

-- From the journal's lines {kind, at (microseconds), step, title}: {[name] = at}.
function moments.read(lines)
    local found = {}
    for _, line in ipairs(lines) do
        local what = OF_STEP[line.kind]
        if PLAIN[line.kind] then found[PLAIN[line.kind]] = line.at end
        if what and line.step then
            found[("step %d %s"):format(line.step, what)] = line.at
            if line.title then found[line.title .. " " .. what] = line.at end
        end
    end
    return found
end

-- {{opened, closed (nil: never)}, ...}
function moments.windows(lines)
    local list = {}
    for _, line in ipairs(lines) do
        if line.kind == "window.open" then list[#list + 1] = { opened = line.at } end
        local last = list[#list]
        if line.kind == "window.closed" and last then last.closed = last.closed or line.at end
    end
    return list
end

return moments
