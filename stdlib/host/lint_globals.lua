-- lint_globals.lua - names that nobody declared, and locals that nobody uses.
--
-- Owns: the rules "global", "assigned-global", "field" and "unused-local". Which names there are
-- comes from the sandbox itself (lua/names.c).
local suggest = require "lint_suggest"
local tree = require "lint_tree"

local globals = {}

-- Whoever touches _ENV has names of his own.
local function has_own_environment(file)
    for _, variable in ipairs(file.variables) do
        if variable.name == "_ENV" then return true end
    end
    local found = false
    tree.visit(file.chunk, function(node) found = found or tree.global(node) == "_ENV" end)
    return found
end

-- The names that a statement assigns.
local function targets_of(node)
    if node.kind == "assign" then return node.targets end
    if node.kind == "function" and node.fn then return { node.target } end
    return {}
end

-- Globals that the files make themselves: name -> true; and the nodes of the assignments.
local function assigned_in(files)
    local made, targets = {}, {}
    for _, file in ipairs(files) do
        tree.visit(file.chunk, function(node)
            for _, target in ipairs(targets_of(node)) do
                local name = tree.global(target)
                if name then
                    made[name] = true
                    targets[target] = true
                end
            end
        end)
    end
    return made, targets
end

local function check_read(report, node, names, made, suggestion)
    if names.globals[node.name] or made[node.name] then return end
    local hint = names.hints[node.name]
    report(node, "error", "global", ("undefined name '%s'%s"):format(
        node.name, hint and ": " .. hint or suggestion(node.name)))
end

local function check_written(report, node, names)
    if names.globals[node.name] then
        report(node, "error", "assigned-global",
               ("'%s' belongs to cordon: choose another name, or a local"):format(node.name))
    else
        report(node, "warning", "assigned-global",
               ("'%s' is made global: write local %s"):format(node.name, node.name))
    end
end

-- string.fromat
local function check_field(report, node, names)
    local library, name = tree.global(node.object), tree.key(node.key)
    local members = library and names.globals[library]
    if not name or type(members) ~= "table" then return end
    if members[name] then return end
    report(node, "error", "field", ("%s has no '%s'%s"):format(
        library, name, suggest.text(name, suggest.keys(members))))
end

-- Locals are candidates too: those of the whole file will do.
local function suggester(file, names, made)
    local own = {}
    for _, variable in ipairs(file.variables) do own[variable.name] = true end
    return suggest.among(names.globals, made, own)
end

-- `files`: the playbook and its modules; those with `own` are reported.
function globals.check(files, names, reporter)
    local made, targets = assigned_in(files)
    for _, file in ipairs(files) do
        local report = reporter(file)
        local suggestion = suggester(file, names, made)
        if file.own and not has_own_environment(file) then
            tree.visit(file.chunk, function(node)
                if targets[node] then check_written(report, node, names)
                elseif tree.global(node) then check_read(report, node, names, made, suggestion)
                elseif node.kind == "index" then check_field(report, node, names) end
            end)
        end
    end
end

-- Parameters and variables of loops are often there for their place only.
function globals.check_unused(files, reporter)
    for _, file in ipairs(files) do
        local report = reporter(file)
        for _, variable in ipairs(file.own and file.variables or {}) do
            local exempt = variable.is_parameter or variable.is_loop
                or variable.attribute == "close" or variable.name:find("^_")
            if variable.uses <= 0 and not exempt then
                report(variable, "warning", "unused-local",
                       ("the local '%s' is never used"):format(variable.name))
            end
        end
    end
end

return globals
