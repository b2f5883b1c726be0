-- lint_values.lua - what an expression may be, as far as lint needs to know it.
--
-- Owns: sets of values, and the contexts in which code runs. Pure.
--
-- A value is one of
--   {kind = "function", node, outer, activations}   a closure: its code, and where it was made
--   {kind = "table", fields, any, metas}            a table, by where it was made
--   {kind = "builtin", name}                        "pcall", "table.sort"
--   {kind = "service", name}, {kind = "operation", service, name}, {kind = "pages", service}
--   {kind = "step"}, {kind = "args"}                what `run` is given
-- and is compared by identity. What lint does not follow is in no set.
local values = {}

local MOST = 40 -- in one set; what is more is not followed

function values.set()
    return { has = {} }
end

-- True when the set has grown.
function values.add(set, value)
    if set.has[value] or #set >= MOST then return false end
    set.has[value] = true
    set[#set + 1] = value
    return true
end

-- `other` may be nil, for nothing.
function values.add_all(set, other)
    local grown = false
    for i = 1, other and #other or 0 do grown = values.add(set, other[i]) or grown end
    return grown
end

-- Of two sets, nil for nothing. Neither is changed.
function values.union(a, b)
    if not a or a == b then return b end
    if not b then return a end
    local set = values.set()
    values.add_all(set, a)
    values.add_all(set, b)
    return set
end

function values.one(value)
    return { value, has = { [value] = true } }
end

-- --- contexts ----------------------------------------------------------------

-- {phase = "load" | "run" | "step" | "unknown", window, branch, wait, guessed, key}. `branch`:
-- inside parallel. `guessed`: the code was handed to something that lint cannot look into.
local FLAGS = { "window", "branch", "wait", "guessed" }
local contexts = {}

local function intern(context)
    local key = context.phase
    for _, flag in ipairs(FLAGS) do if context[flag] then key = key .. "," .. flag end end
    context.key = key
    contexts[key] = contexts[key] or context
    return contexts[key]
end

function values.context(phase)
    return intern { phase = phase }
end

-- `context` with a flag set.
function values.with(context, flag)
    if context[flag] then return context end
    local other = { phase = context.phase, [flag] = true }
    for _, name in ipairs(FLAGS) do other[name] = other[name] or context[name] end
    return intern(other)
end

-- Inside a step that is opened in `context`.
function values.in_step(context)
    return intern { phase = "step", guessed = context.guessed }
end

return values
