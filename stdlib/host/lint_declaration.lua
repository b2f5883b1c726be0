-- lint_declaration.lua - what a playbook declares, against what it uses.
--
-- Owns: the rules "declaration" (fields of playbook, step, window, parallel and wait),
-- "argument" (declared wrongly, or used and not declared) and "unused-argument". Which fields
-- there are comes from the sandbox itself (lua/names.c), which types from argument_types.lua.
local arguments = require "arguments"
local suggest = require "lint_suggest"
local tree = require "lint_tree"

local declaration = {}

local ARGUMENT_FIELDS = { type = "string", required = "boolean", default = "any", help = "string",
                          min = "number", max = "number", choices = "table", of = "string" }

-- The host itself reads it: which hazards --yes may accept.
local USED_BY_HOST = { accept = true }

-- --- named fields ------------------------------------------------------------

-- The fields of a table that is written down, against their types.
local function check_fields(report, node, what, known, rule)
    for _, item in ipairs(node.items) do
        local name = tree.key(item.key)
        local wanted = name and known[name]
        local of = wanted and tree.type(item.value)
        if name and not wanted then
            report(item.key, "error", rule, ("%s: unknown field '%s'%s"):format(
                what, name, suggest.text(name, suggest.keys(known))))
        elseif of and of ~= "nil" and wanted ~= "any" and of ~= wanted then
            report(item.value, "error", rule, ("%s: '%s' must be a %s, not a %s"):format(
                what, name, wanted, of))
        end
    end
end

local function check_policy(report, node)
    local item = tree.fields(node).on_failure
    local of, value = nil, nil
    if item then of, value = tree.type(item.value) end
    if of and of ~= "nil" and value ~= "warn" then
        report(item.value, "error", "declaration", "step: 'on_failure' must be \"warn\"")
    end
end

local function as_table(node)
    local inner = node and tree.unwrapped(node)
    return inner and inner.kind == "table" and inner or nil
end

-- step(title, [options,] fn)
local function check_step(report, node, known)
    local list = node.arguments
    local last = list[#list]
    if last and (last.kind == "vararg" or last.kind == "call") then return end
    local of = list[1] and tree.type(list[1])
    if of and of ~= "string" then
        report(list[1], "error", "declaration", "step: the title must be a string, not a " .. of)
    end
    of = list[2] and tree.type(last)
    if #list < 2 or (of and of ~= "function") then
        report(last or node, "error", "declaration", "step: the last argument must be a function")
    end
    local options = #list == 3 and as_table(list[2])
    if options then
        check_fields(report, options, "step", known, "declaration")
        check_policy(report, options)
    end
end

local REQUIRED = { window = { "open", "close" }, playbook = { "api", "name", "summary", "run" } }
local POSITION = { window = 1, playbook = 1, parallel = 3, wait = 2 }

local function check_options(report, node, what, known)
    local options = as_table(node.arguments[POSITION[what]])
    if not options then return end
    check_fields(report, options, what, known, "declaration")
    local fields, complete = tree.fields(options)
    for _, name in ipairs(complete and REQUIRED[what] or {}) do
        if not fields[name] then
            report(node, "error", "declaration",
                   ("%s: the field '%s' is missing"):format(what, name))
        end
    end
end

function declaration.check_options(notes, names, report_for)
    for _, note in ipairs(notes) do
        local file = note.acts[1].fn.node.file
        local known = names.fields[note.what]
        if not file.own or not known then
            -- Nothing to check here.
        elseif note.what == "step" then
            check_step(report_for(file), note.node, known)
        else
            check_options(report_for(file), note.node, note.what, known)
        end
    end
end

-- --- arguments ---------------------------------------------------------------

-- What arguments.lua says about a declaration of constants, its default included.
local function check_constant(report, name, item)
    local declared, unknown = tree.constant(item.value)
    if unknown or type(declared) ~= "table" then return end
    declared.required = nil
    local ok, checked = pcall(arguments.check, { [name] = declared }, {})
    if not ok then
        report(item.key, "error", "argument",
               ("the argument '%s' is not declared well"):format(name))
        return
    end
    for _, text in ipairs(checked.errors) do report(item.key, "error", "argument", text) end
end

local function check_declared(report, args)
    for _, item in ipairs(args.items) do
        local name, declared = tree.key(item.key), as_table(item.value)
        if name and declared then
            local what = "the argument '" .. name .. "'"
            check_fields(report, declared, what, ARGUMENT_FIELDS, "argument")
            check_constant(report, name, item)
        elseif name and tree.type(item.value) then
            report(item.value, "error", "argument",
                   ("the argument '%s' is declared without a table"):format(name))
        end
    end
end

-- The declared arguments that are written down: name -> item; nil when not all are.
local function declared_in(node)
    local fields = as_table(node.arguments[1])
    if not fields then return nil end
    local named, complete = tree.fields(fields)
    if not complete then return nil end
    if not named.args then return {}, nil end
    local args = as_table(named.args.value)
    if not args then return nil end
    local declared, all = tree.fields(args)
    return all and declared or nil, args
end

local function check_used(found, declared, report_for)
    local suggestion = suggest.among(declared)
    for _, note in ipairs(found.notes) do
        local file = note.acts[1].fn.node.file
        if note.what == "argument" and file.own and not declared[note.detail] then
            report_for(file)(note.node, "error", "argument", ("args.%s is not declared%s"):format(
                note.detail, suggestion(note.detail)))
        end
    end
end

local function check_unused(found, declared, report)
    for _, name in ipairs(suggest.keys(declared)) do
        if not found.args_used[name] and not USED_BY_HOST[name] then
            report(declared[name].key, "error", "unused-argument",
                   ("the argument '%s' is declared and never used"):format(name))
        end
    end
end

-- `found` is what lint_flow.follow gave.
function declaration.check_arguments(found, report_for)
    local calls = {}
    for _, note in ipairs(found.notes) do
        if note.what == "playbook" then calls[#calls + 1] = note end
    end
    if #calls ~= 1 then return end
    local declared, args = declared_in(calls[1].node)
    if not declared then return end
    local report = report_for(calls[1].acts[1].fn.node.file)
    if args then check_declared(report, args) end
    check_used(found, declared, report_for)
    if not found.args_escaped then check_unused(found, declared, report) end
end

return declaration
