-- advice_generic.lua - what can be said about an operation that nobody described.
--
-- Owns: the diff from an operation's name and parameters; that there is no inverse. Pure.
local calls = require "calls"

local generic = {}

local SIGNS = {
    ["+"] = { "create", "allocate", "run", "attach", "associate", "authorize", "register",
              "import", "copy", "assign", "provision", "request", "start", "accept", "send" },
    ["-"] = { "delete", "terminate", "detach", "revoke", "disassociate", "release", "deregister",
              "unassign", "deprovision", "cancel", "remove", "purge", "reject", "stop" },
}
local SIGN_OF = {}
for sign, verbs in pairs(SIGNS) do
    for _, verb in ipairs(verbs) do SIGN_OF[verb] = sign end
end

local LONGEST = 200

-- "i-0ab1...", "sg-(planned-1)": lower-case words, then hex digits.
local function is_id(text)
    if calls.is_planned(text) then return true end
    local digits = text:match("^%l[%l%-]*%-(%x+)$")
    return digits ~= nil and (#digits == 8 or #digits == 17)
end

local function first_id(value)
    if type(value) == "string" then return is_id(value) and value or nil end
    if type(value) ~= "table" then return nil end
    for _, key in ipairs(calls.sorted_keys(value)) do
        local found = first_id(value[key])
        if found then return found end
    end
    return nil
end

local function brief(value)
    if type(value) ~= "table" then return tostring(value) end
    local parts = {}
    for _, key in ipairs(calls.sorted_keys(value)) do
        local text = brief(value[key])
        parts[#parts + 1] = math.type(key) == "integer" and text or (key .. "=" .. text)
        if #parts > 20 then
            parts[#parts + 1] = "..."
            break
        end
    end
    return table.concat(parts, ", ")
end

-- What the call names by itself is its subject, before what it names in a list.
local function subject(params)
    for _, key in ipairs(calls.sorted_keys(params)) do
        if type(params[key]) == "string" and is_id(params[key]) then return params[key] end
    end
    return first_id(params)
end

-- The parameters on one line, shortened.
function generic.params_text(params)
    local text = brief(params or {})
    if #text > LONGEST then text = text:sub(1, LONGEST) .. "..." end
    return text
end

function generic.diff(call)
    local verb = call.operation:match("^(%l+)") or ""
    local sign = SIGN_OF[verb] or "~"
    local line = { sign = sign, subject = subject(call.params) or call.operation,
                   attribute = call.operation }
    local text = generic.params_text(call.params)
    if sign == "-" then line.before = text else line.after = text end
    return { line }
end

function generic.inverse(call)
    return { class = "irreversible", calls = {},
             note = call.operation .. " has no known inverse" }
end

return generic
