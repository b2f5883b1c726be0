-- lint_operations.lua - calls of AWS operations: do they exist, and do their parameters fit?
--
-- Owns: the rule "operation"; lint_shapes.lua has the parameters. What there is comes from the
-- API model (facts): it is not known here.
local shapes = require "lint_shapes"
local tree = require "lint_tree"

local operations = {}

function operations.written(operation)
    return ("%s.%s"):format(operation.service, operation.name or "[...]")
end

-- The facts about an operation; nil when the name is not known.
function operations.facts(facts, operation)
    return operation.name and facts.operations[operation.service .. "." .. operation.name] or nil
end

-- A name that the model does not have, or that playbooks never get.
local function check_name(report, node, known, written)
    if known.unknown then
        report(node, "error", "operation", known.unknown)
    elseif known.credentials then
        report(node, "error", "operation", written
               .. " returns credentials: the host never gives them to a playbook")
    end
end

local function check_parameters(facts, report, node, operation, parameters)
    local known = operations.facts(facts, operation)
    if not known or known.unknown or not parameters then return end
    local written = operations.written(operation)
    local context = { operation = written, shapes = facts.shapes[operation.service] or {},
                      empty_vanishes = facts.protocols[operation.service] == "ec2",
                      report = report }
    shapes.check(context, parameters[1], known.input, node)
    if #parameters > 1 then
        report(parameters[2], "warning", "parameter",
               written .. ": takes one table; what follows it is ignored")
    end
end

-- Is DryRun = true written down in the call? Then it changes nothing.
function operations.is_dry_run(notes, node)
    local given = notes.by_node[node] and notes.by_node[node].parameters
    local fields = given and given[1] and given[1].kind == "table" and tree.fields(given[1]) or {}
    return fields.DryRun ~= nil and tree.constant(fields.DryRun.value) == true
end

-- A call that may be of several operations fits all of them or none: not checked.
local function only_call(notes, node)
    local count = 0
    for _, note in pairs(notes.by_node[node]) do
        if type(note) == "table" and note.what == "call" then count = count + 1 end
    end
    return count == 1
end

local function check_pages(facts, report, node, service)
    local name = node.arguments[1]
    if not name or name.kind ~= "string" then return end
    local operation = { service = service, name = name.value }
    local known = operations.facts(facts, operation)
    if not known then return end
    check_name(report, name, known, operations.written(operation))
    if known.unknown then return end
    if not known.pages then
        report(name, "error", "operation", operations.written(operation)
               .. " has no pages: call it directly")
    end
    check_parameters(facts, report, node, operation, { node.arguments[2] })
end

local function check_method(report, node, service)
    local text = "write %s.%s with a dot: with a colon it gets no parameters"
    report(node, "error", "operation", text:format(service.name, node.name))
end

function operations.check(notes, facts, report_for)
    for _, note in ipairs(notes) do
        local node, act = note.node, note.acts[1]
        local file = act.fn.node.file
        local report = report_for(file)
        if not file.own then
            -- A module of cordon's own.
        elseif note.what == "operation" then
            local known = operations.facts(facts, note.detail)
            if known then check_name(report, node, known, operations.written(note.detail)) end
        elseif note.what == "call" and only_call(notes, node) then
            check_parameters(facts, report, node, note.detail, notes.by_node[node].parameters)
        elseif note.what == "pages" then
            check_pages(facts, report, node, note.detail.service)
        elseif note.what == "method" then
            check_method(report, node, note.detail)
        end
    end
end

-- "ec2.describe_vpcs" for all that a file may call, syntactically: what the model is asked for.
-- `services`: name -> true. A local that is made from a service counts as one.
function operations.names(file, services)
    local found, list, aliases = {}, {}, {}
    local function service_of(node)
        local variable = node.kind == "name" and node.variable
        if variable then return aliases[variable] end
        return tree.global(node) and services[node.name] and node.name or nil
    end
    local function add(service, name)
        local key = service .. "." .. name
        if not found[key] then list[#list + 1] = key end
        found[key] = true
    end
    local function note_aliases(node)
        for i, value in ipairs(node.values) do
            local name = value.kind == "call" and tree.global(value.callee) == "require"
                and value.arguments[1] and tree.key(value.arguments[1])
            local service = service_of(value) or (name and services[name] and name)
            if service and node.variables[i] then aliases[node.variables[i]] = service end
        end
    end
    tree.visit(file.chunk, function(node)
        if node.kind == "local" then note_aliases(node) end
        local callee = node.kind == "call" and node.callee
        if node.kind == "index" and tree.key(node.key) and service_of(node.object) then
            if node.key.value ~= "pages" then add(service_of(node.object), node.key.value) end
        elseif callee and callee.kind == "index" and tree.key(callee.key) == "pages" then
            local service, name = service_of(callee.object), node.arguments[1]
            if service and name and tree.key(name) then add(service, name.value) end
        end
    end)
    return list
end

-- The names in require "name".
function operations.modules(file, services)
    local found, list = {}, {}
    tree.visit(file.chunk, function(node)
        local name = node.kind == "call" and tree.global(node.callee) == "require"
            and node.arguments[1] and tree.key(node.arguments[1])
        if name and not found[name] and not services[name] then
            found[name] = true
            list[#list + 1] = name
        end
    end)
    return list
end

return operations
