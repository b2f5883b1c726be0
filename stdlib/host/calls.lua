-- calls.lua - small questions about calls that several advisers ask.
--
-- Owns: planned ids, "was this made by the run", building calls and filters. Pure.
local calls = {}

-- Ids that a rehearsal invents: "sg-(planned-1)".
function calls.is_planned(id)
    return type(id) == "string" and id:find("%(planned%-[%w%-]+%)") ~= nil
end

-- Does a value, however deep, hold a planned id? The first one found, or nil.
function calls.planned_in(value)
    if type(value) == "string" then return calls.is_planned(value) and value or nil end
    if type(value) ~= "table" then return nil end
    for _, inner in pairs(value) do
        local found = calls.planned_in(inner)
        if found then return found end
    end
    return nil
end

-- Did this run make it? `call.created` lists the ids of what it made.
function calls.is_made(call, id)
    if calls.is_planned(id) then return true end
    for _, made in ipairs(call.created or {}) do
        if made == id then return true end
    end
    return false
end

function calls.ec2(operation, params)
    return { service = "ec2", operation = operation, params = params }
end

function calls.filter(name, ...)
    return { Name = name, Values = { ... } }
end

-- The n-th answer's value; nil and the reason in words when it could not be read.
function calls.answered(answers, n)
    local answer = (answers or {})[n]
    if not answer then return nil, "it was not read" end
    if answer.error then
        return nil, ("%s: %s"):format(answer.error.code or "error", answer.error.message or "")
    end
    return answer.value or {}
end

-- The fate of a call whose answer never came, from whether its effect can be seen.
function calls.fate(seen, result)
    if seen == nil then return { state = "unknown" } end
    return { state = seen and "done" or "not_done", result = result or {} }
end

function calls.sorted_keys(map)
    local keys = {}
    for key in pairs(map) do keys[#keys + 1] = key end
    table.sort(keys, function(a, b) return tostring(a) < tostring(b) end)
    return keys
end

return calls
