-- lint_steps.lua - what may stand where: changes in steps, windows in steps, steps in nothing.
--
-- Owns: the rules "outside-step", "call-at-load", "change-in-wait", "step" and "window". Each
-- note of the walk (lint_flow.lua) says in which contexts a call runs; what is found in a module
-- is reported where the playbook calls it.
local operations = require "lint_operations"
local tree = require "lint_tree"

local steps = {}

-- The place in a file of the playbook's own from which `node` is reached; nil: there is none.
-- Also whether it is another one than the node itself.
local function own_place(node, act)
    local moved = false
    while not act.fn.node.file.own do
        if not act.origin then return nil end
        node, act, moved = act.origin.node, act.origin.act, true
    end
    return node, act, moved
end

-- The text of what is called at a node: "isolate.cut".
local function callee_text(node)
    local callee, parts = node.callee, {}
    if node.kind == "method" then return (tree.global(node.object) or "it") .. ":" .. node.name end
    while callee and callee.kind == "index" and tree.key(callee.key) do
        table.insert(parts, 1, callee.key.value)
        callee = callee.object
    end
    if not callee or callee.kind ~= "name" then return "this call" end
    table.insert(parts, 1, callee.name)
    return table.concat(parts, ".")
end

-- Where a helper was called from outside a step, when that is another line of the file.
local function via(node, act)
    local origin = act.origin
    if not origin or act.fn.node.is_chunk or act.context.phase ~= "run" then return "" end
    if origin.act.fn.node.is_chunk then return "" end -- `run` itself
    if not origin.act.fn.node.file.own or origin.node.line == node.line then return "" end
    return (" (reached from line %d)"):format(origin.node.line)
end

-- --- verdicts ----------------------------------------------------------------

-- A verdict: rule, severity, and the text with %s for what is called.

local function of_change(context, own)
    local severity = context.guessed and "warning" or "error"
    local perhaps = context.guessed and "perhaps " or ""
    if context.phase == "run" and context.wait then
        return "outside-step", severity, "%s changes something inside wait, outside any step"
    elseif context.phase == "run" then
        return "outside-step", severity, "%s changes something, " .. perhaps
            .. "outside any step: put it into step(\"...\", function() ... end)"
    elseif context.wait then
        return "change-in-wait", severity, "%s changes something inside wait: how often that will "
            .. "be is not known beforehand, so it cannot be approved"
    elseif context.phase == "unknown" and own then
        return "outside-step", "warning",
            "%s changes something, and nothing shows that it stands inside a step"
    end
    return nil
end

local function of_call(context, changes, own)
    if context.phase == "load" then
        return "call-at-load", context.guessed and "warning" or "error",
            "%s is called when the file is loaded: calls are possible only inside run"
    elseif changes then
        return of_change(context, own)
    end
    return nil
end

local function of_step(context)
    local severity = context.guessed and "warning" or "error"
    if context.phase == "step" then
        return "step", severity, "a step inside a step is not possible"
    elseif context.branch then
        return "step", severity, "a step inside parallel is not possible"
    end
    return nil
end

local function of_window(context)
    local severity = context.guessed and "warning" or "error"
    if context.phase == "unknown" then
        return "window", "warning", "nothing shows that this window stands inside a step"
    elseif context.phase ~= "step" then
        return "window", severity, "a window is possible only inside a step"
    elseif context.window then
        return "window", severity, "a window inside a window is not possible"
    elseif context.branch then
        return "window", severity, "a window inside parallel is not possible"
    end
    return nil
end

-- --- the rules ---------------------------------------------------------------

-- Does this operation change something? A name that is not written down may.
local function changes(facts, operation)
    if not operation.name then return true, true end
    local known = operations.facts(facts, operation)
    return known ~= nil and known.mutates == true and not known.credentials, false
end

local function verdict_of(note, act, facts, dry)
    local context, own = act.context, act.fn.node.file.own
    if note.what == "step" then return of_step(context) end
    if note.what == "window" then return of_window(context) end
    if note.what ~= "call" and note.what ~= "pages" then return nil end
    if note.what == "pages" then return of_call(context, false, own) end
    local does, unsure = changes(facts, note.detail)
    does = does and not dry
    local rule, severity, text = of_call(context, does, own)
    if unsure and rule and rule ~= "call-at-load" then
        return own and rule, "warning", text:gsub("changes", "may change")
    end
    return rule, severity, text
end

local function subject(note, node, moved)
    local written = note.what == "pages" and note.detail.service .. ".pages"
        or note.what == "call" and operations.written(note.detail) or ""
    if not moved then return written end
    return ("%s (by %s)"):format(callee_text(node), written)
end

-- Reports the worst of a note's contexts, once.
local function check_note(note, facts, dry, report_for)
    local worst
    for _, act in ipairs(note.acts) do
        local rule, severity, text = verdict_of(note, act, facts, dry)
        local node, place, moved = own_place(note.node, act)
        -- A module's window outside a step: its calls are reported.
        if note.what == "window" and moved then node = nil end
        if rule and node and (not worst or (severity == "error" and worst.severity ~= "error")) then
            local filled = text:find("%%s") and text:gsub("%%s", function()
                return subject(note, node, moved)
            end) or text
            worst = { node = node, act = place, severity = severity, rule = rule,
                      text = filled .. (rule == "outside-step" and via(node, place) or "") }
        end
    end
    if worst then
        report_for(worst.act.fn.node.file)(worst.node, worst.severity, worst.rule, worst.text)
    end
end

function steps.check(notes, facts, report_for)
    for _, note in ipairs(notes) do
        check_note(note, facts, operations.is_dry_run(notes, note.node), report_for)
    end
end

return steps
