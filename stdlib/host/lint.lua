-- lint.lua - what is wrong with a playbook, found without running it.
--
-- Owns: the order of the rules, and the list of findings. Two rounds: `names` says what must be
-- looked up, `check` gets the answers. Pure: no playbook code is run or compiled here.
--
-- facts
--   names        {globals, hints, fields}: what the sandbox gives to playbooks (lua/names.c)
--   services     {"ec2", ...}; protocols: "ec2" -> "ec2" | "query" | "json"
--   operations   "ec2.describe_vpcs" -> {mutates, pages, credentials, input} or {unknown = text}
--   shapes       service -> shape -> {kind, members | item | value, choices, union, any}
--   modules      name -> {file, source, own} or {missing = text}; module_names: what stdlib has
--   load_error   why the sandbox did not load it, absent when it did
local declaration = require "lint_declaration"
local flow = require "lint_flow"
local globals = require "lint_globals"
local operations = require "lint_operations"
local parser = require "lint_parser"
local steps = require "lint_steps"
local suggest = require "lint_suggest"

local lint = {}

local MOST_FINDINGS = 200
local ENOUGH = 400 -- found: nothing more is looked for
local LONGEST_TEXT = 400

local function as_set(list)
    local set = {}
    for _, item in ipairs(list) do set[item] = true end
    return set
end

-- --- findings ----------------------------------------------------------------

local function new_findings()
    local findings = { seen = {} }
    function findings.add(file, line, column, severity, rule, text)
        local key = ("%d:%d:%d:%s"):format(file.order, line, column, rule)
        if findings.seen[key] then return end
        if #findings >= ENOUGH then error({ enough = true }, 0) end
        findings.seen[key] = true
        if #text > LONGEST_TEXT then text = text:sub(1, LONGEST_TEXT) .. "..." end
        findings[#findings + 1] = { file = file.file, line = line, column = column, text = text,
                                    severity = severity, rule = rule, order = file.order }
    end
    return findings
end

local function before(a, b)
    for _, key in ipairs { "order", "line", "column", "rule" } do
        if a[key] ~= b[key] then return a[key] < b[key] end
    end
    return false
end

-- Sorted, without what only sorting needed.
local function finished(findings)
    local list = table.move(findings, 1, #findings, 1, {})
    table.sort(list, before)
    for i = MOST_FINDINGS + 1, #list do list[i] = nil end
    for _, finding in ipairs(list) do finding.order = nil end
    return list
end

-- --- files -------------------------------------------------------------------

local function add_syntax_error(findings, file, problem)
    local same_line = (problem.starts or problem.line) == problem.line
    local column = same_line and problem.column or 1
    findings.add(file, problem.line, column, "error", "syntax", problem.text)
end

-- The playbook and its modules, those that can be parsed.
local function parse_files(file, source, facts, findings)
    local files, order = {}, 0
    local function add(name, path, text, own)
        order = order + 1
        local entry = { name = name, file = path, own = own, order = order }
        local parsed, problem = parser.parse(text)
        if not parsed then
            if own then add_syntax_error(findings, entry, problem) end
            return false
        end
        for key, value in pairs(parsed) do entry[key] = value end
        files[#files + 1] = entry
        return true
    end
    if not add(nil, file, source, true) then return nil end
    local names = {}
    for name in pairs(facts.modules) do names[#names + 1] = name end
    table.sort(names)
    for _, name in ipairs(names) do
        local module = facts.modules[name]
        if module.source then add(name, module.file, module.source, module.own == true) end
    end
    return files
end

-- --- rules of this file ------------------------------------------------------

local function check_modules(found, facts, report_for)
    for _, note in ipairs(found.notes) do
        local file, name = note.acts[1].fn.node.file, note.detail
        local module = note.what == "require" and facts.modules[name]
        if file.own and module and module.missing then
            report_for(file)(note.node.arguments[1], "error", "module",
                             module.missing .. suggest.text(name, facts.module_names or {}))
        end
    end
end

local function check_all(files, facts, findings)
    local function report_for(file)
        return function(node, severity, rule, text)
            findings.add(file, node.line, node.column, severity, rule, text)
        end
    end
    globals.check(files, facts.names, report_for)
    globals.check_unused(files, report_for)
    local found = flow.follow(files, facts.services, facts.names.globals)
    operations.check(found.notes, facts, report_for)
    check_modules(found, facts, report_for)
    declaration.check_options(found.notes, facts.names, report_for)
    if found.gave_up then
        findings.add(files[1], 1, 1, "warning", "too-involved",
                     "too involved to be followed: what stands outside steps was not checked")
        return
    end
    steps.check(found.notes, facts, report_for)
    declaration.check_arguments(found, report_for)
end

-- Lua shortens the name of a file to its end.
local function is_file(shown, file)
    return shown == file or (shown:sub(1, 3) == "..." and file:sub(3 - #shown) == shown:sub(4))
end

-- {file, order}, the line and the text of an error "file:line: text"; line 1 of the playbook
-- where it names no file of ours.
local function load_place(file, facts, text)
    local main = { file = file, order = 1 }
    local shown, line, rest = text:match("^([^\n]-):(%d+): (.*)$")
    if shown and is_file(shown, file) then return main, tonumber(line), rest end
    for _, module in pairs(shown and facts.modules or {}) do
        if module.own and is_file(shown, module.file) then
            return { file = module.file, order = math.maxinteger }, tonumber(line), rest
        end
    end
    return main, 1, text
end

-- Why the sandbox did not load it, unless that has been said.
local function add_load_error(findings, file, facts)
    local place, line, text = load_place(file, facts, facts.load_error)
    for _, finding in ipairs(findings) do
        local same = finding.file == place.file and finding.line == line
        local said = same or finding.rule == "declaration" or finding.rule == "syntax"
        if finding.severity == "error" and said then return end
    end
    findings.add(place, line, 1, "error", "load", text)
end

-- --- the two rounds ----------------------------------------------------------

-- {operations = {"ec2.describe_vpcs", ...}, modules = {"isolate", ...}} of one file; empty when
-- it is not Lua.
function lint.names(source, services)
    local parsed = parser.parse(source)
    local known = as_set(services)
    if not parsed then return { operations = {}, modules = {} } end
    return { operations = operations.names(parsed, known),
             modules = operations.modules(parsed, known) }
end

-- The findings: a list of {file, line, column, severity = "error" | "warning", rule, text}.
function lint.check(file, source, facts)
    local findings = new_findings()
    local files = parse_files(file, source, facts, findings)
    if files then
        local ok, problem = pcall(check_all, files, facts, findings)
        if not ok and type(problem) == "table" and problem.enough then
            -- The rest will be found when these are mended.
        elseif not ok and not tostring(problem):find("stack overflow", 1, true) then
            error(problem, 0)
        elseif not ok then
            findings.add(files[1], 1, 1, "error", "too-involved", "nested too deeply to be checked")
        end
    end
    if facts.load_error and #findings < ENOUGH then
        add_load_error(findings, file, facts)
    end
    return finished(findings)
end

return lint
