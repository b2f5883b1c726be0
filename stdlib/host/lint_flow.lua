-- lint_flow.lua - which function a call may call, and in which context code runs.
--
-- Owns: the walk over a playbook and its modules until nothing new is found. A function is
-- walked once per context (outside a step, in a step, in a window, ...), with variables of its
-- own in each, so that a helper that reads outside steps and changes things inside them is not
-- taken for one that changes things outside. Nothing is executed: branches are taken both ways,
-- loops once. What calls do is in lint_calls.lua.
local calls = require "lint_calls"
local tree = require "lint_tree"
local values = require "lint_values"

local flow = {}

local READS = { describe = true, get = true, list = true, search = true }

local MOST_PASSES = 30
local MOST_STEPS = 3000000 -- nodes walked in all
local MOST_ACTIVATIONS = 20000

local state = setmetatable({}, { __index = calls })
state.__index = state

local execute, evaluate

-- --- activations -------------------------------------------------------------

-- The values that a variable may have, as seen from `act`.
function state:variable(variable, act)
    while act.fn.node ~= variable.fn do act = act.fn.outer end
    local set = act.variables[variable]
    if not set then
        set = values.set()
        act.variables[variable] = set
    end
    return set
end

function state:put(set, other)
    if values.add_all(set, other) then self.changed = true end
end

-- The code `fn` runs in `context`, called with sets of values; what it may return. `origin` is
-- {node, act}: the call.
function state:enter(fn, context, arguments, origin)
    local act = fn.activations[context.key]
    if not act then
        if #self.activations >= MOST_ACTIVATIONS then
            self.gave_up = true
            return nil
        end
        act = { fn = fn, context = context, variables = {}, closures = {}, tables = {},
                returns = values.set(), origin = origin }
        fn.activations[context.key] = act
        fn.first = fn.first or act
        self.activations[#self.activations + 1] = act
        self.changed = true
    end
    for i, variable in ipairs(fn.node.parameters) do
        self:put(self:variable(variable, act), arguments[i])
    end
    for i = #fn.node.parameters + 1, #arguments do self:escape(arguments[i]) end
    return act.returns
end

function state:closure(node, act)
    local fn = act.closures[node]
    if not fn then
        fn = { kind = "function", node = node, outer = act, activations = {} }
        act.closures[node] = fn
        node.closures = node.closures or {}
        table.insert(node.closures, fn)
    end
    return fn
end

-- The arguments went where lint does not see what is done with them.
function state:escape(set)
    if set and set.has[self.args] then self.args_escaped = true end
end

local function table_value(self, node, act)
    local object = act.tables[node]
    if not object then
        object = { kind = "table", node = node, fields = {}, keys = {}, any = values.set(),
                   metas = values.set() }
        act.tables[node] = object
    end
    for _, item in ipairs(node.items) do
        if item.key and item.key.kind ~= "string" then evaluate(self, item.key, act) end
        self:put_field(object, item.key, evaluate(self, item.value, act))
    end
    return values.one(object)
end

-- --- expressions -------------------------------------------------------------

-- "describe_..." for "describe_" .. kind: that is a read, whatever follows.
local function read_of(key)
    while key.kind == "binary" and key.operator == ".." do key = key.left end
    local verb = key.kind == "string" and key.value:match("^(%l+)_")
    return READS[verb] and verb .. "_..." or nil
end

local function index_value(self, node, object, act, alone)
    local name = tree.key(node.key)
    if object.kind == "table" then
        return name and self:field(object, name) or self:elements(values.one(object))
    elseif object.kind == "builtin" and name then
        if object.name == "_G" then return self:global(name) end
        return values.one(self:builtin(object.name .. "." .. name))
    elseif object.kind == "service" then
        if name == "pages" then return values.one(self:interned("pages", object.name)) end
        local operation = self:interned("operation", object.name, name or read_of(node.key))
        self:note("operation", node, act, operation)
        return values.one(operation)
    elseif object.kind == "args" then
        if not name then self.args_escaped = true
        elseif alone then self:note("argument", node, act, name) end
        if name then self.args_used[name] = true end
    end
    return nil
end

local evaluators = {}

function evaluators.name(self, node, act)
    if node.variable then return self:variable(node.variable, act) end
    return self:global(node.name)
end

evaluators["function"] = function(self, node, act)
    return values.one(self:closure(node, act))
end

evaluators.table = table_value

function evaluators.paren(self, node, act)
    return evaluate(self, node.inner, act)
end

function evaluators.index(self, node, act)
    local objects, found = evaluate(self, node.object, act), nil
    if node.key.kind ~= "string" then evaluate(self, node.key, act) end
    for i = 1, objects and #objects or 0 do
        found = values.union(found, index_value(self, node, objects[i], act, #objects == 1))
    end
    return found
end

function evaluators.unary(self, node, act)
    evaluate(self, node.operand, act)
end

function evaluators.binary(self, node, act)
    local left, right = evaluate(self, node.left, act), evaluate(self, node.right, act)
    if node.operator == "or" then return values.union(left, right) end
    return node.operator == "and" and right or nil
end

local function evaluate_list(self, list, act)
    local sets = {}
    for i, node in ipairs(list) do sets[i] = evaluate(self, node, act) or false end
    return sets
end

function evaluators.call(self, node, act)
    local callee = evaluate(self, node.callee, act)
    return self:call(node, callee, evaluate_list(self, node.arguments, act), act)
end

function evaluators.method(self, node, act)
    local objects = evaluate(self, node.object, act)
    local arguments, callee = evaluate_list(self, node.arguments, act), nil
    table.insert(arguments, 1, objects or false)
    for i = 1, objects and #objects or 0 do
        local object = objects[i]
        if object.kind == "table" then
            callee = values.union(callee, self:field(object, node.name))
        elseif object.kind == "service" then
            self:note("method", node, act, object)
        end
    end
    return self:call(node, callee, arguments, act)
end

evaluate = function(self, node, act)
    self.steps = self.steps + 1
    local evaluator = evaluators[node.kind]
    return evaluator and evaluator(self, node, act)
end

-- --- statements --------------------------------------------------------------

local executors = {}

local function assign(self, target, set, act)
    if target.kind == "index" then
        local objects = evaluate(self, target.object, act)
        for i = 1, objects and #objects or 0 do
            local object = objects[i]
            if object.kind == "table" then self:put_field(object, target.key, set) end
        end
        self:escape(set)
    elseif target.variable then
        self:put(self:variable(target.variable, act), set)
    else
        self:set_global(target.name, set)
    end
end

function executors.assign(self, node, act)
    local sets = evaluate_list(self, node.values, act)
    for i, target in ipairs(node.targets) do assign(self, target, sets[i] or nil, act) end
end

executors["local"] = function(self, node, act)
    local sets = evaluate_list(self, node.values, act)
    for i, variable in ipairs(node.variables) do
        self:put(self:variable(variable, act), sets[i] or nil)
    end
end

executors["function"] = function(self, node, act)
    assign(self, node.target, values.one(self:closure(node.fn, act)), act)
end

function executors.local_function(self, node, act)
    self:put(self:variable(node.variable, act), values.one(self:closure(node.fn, act)))
end

function executors.call_statement(self, node, act)
    evaluate(self, node.call, act)
end

executors["return"] = function(self, node, act)
    for i, set in ipairs(evaluate_list(self, node.values, act)) do
        if i == 1 then self:put(act.returns, set or nil) else self:escape(set or nil) end
    end
end

executors["if"] = function(self, node, act)
    for _, clause in ipairs(node.clauses) do
        evaluate(self, clause.condition, act)
        execute(self, clause.body, act)
    end
    execute(self, node.otherwise or {}, act)
end

executors["do"] = function(self, node, act)
    execute(self, node.body, act)
end

executors["while"] = function(self, node, act)
    evaluate(self, node.condition, act)
    execute(self, node.body, act)
end

executors["repeat"] = executors["while"]

function executors.for_number(self, node, act)
    evaluate_list(self, node.values, act)
    execute(self, node.body, act)
end

-- ipairs and pairs give what is in the table to the second variable.
function executors.for_in(self, node, act)
    evaluate_list(self, node.values, act)
    local iterated = node.values[1]
    if iterated.kind == "call" and iterated.arguments[1] and node.variables[2] then
        local callee = evaluate(self, iterated.callee, act)
        if callee and (callee.has[self:builtin "ipairs"] or callee.has[self:builtin "pairs"]) then
            local items = self:elements(evaluate(self, iterated.arguments[1], act))
            self:put(self:variable(node.variables[2], act), items)
        end
    end
    execute(self, node.body, act)
end

function executors.label(self, node, act)
    execute(self, node.following, act)
end

execute = function(self, list, act)
    for _, node in ipairs(list) do
        self.steps = self.steps + 1
        local executor = executors[node.kind]
        if executor then executor(self, node, act) end
    end
end

-- --- the walk ----------------------------------------------------------------

local function settle(self)
    local passes = 0
    repeat
        self.changed, passes = false, passes + 1
        local at = 1
        while self.activations[at] and not self.gave_up do
            local act = self.activations[at]
            execute(self, act.fn.node.body, act)
            self.gave_up = self.gave_up or self.steps > MOST_STEPS
            at = at + 1
        end
        self.gave_up = self.gave_up or passes >= MOST_PASSES
    until not self.changed or self.gave_up
end

-- Functions of a file that nobody was seen to call run who knows where.
local function enter_unseen(self, file)
    for _, node in ipairs(file.functions) do
        local outer = node.outer and node.outer.closures and node.outer.closures[1]
        if not node.closures and outer then
            if outer.first then self:closure(node, outer.first) end
        end
        local called = false
        for _, fn in ipairs(node.closures or {}) do called = called or fn.first ~= nil end
        if not called and node.closures then
            self:enter(node.closures[1], values.context "unknown", {})
        end
    end
end

-- `files`: the playbook first, then its modules: {name, chunk, functions}. Returns
--   notes         what was met, in order: {what, node, acts, detail}; by node in notes.by_node
--   args_used, args_escaped, gave_up
function flow.follow(files, services, names)
    local self = setmetatable({ activations = {}, steps = 0, interned_values = {}, globals = {},
                                notes = { by_node = {} }, args_used = {}, args = { kind = "args" },
                                step = { kind = "step" }, modules = {}, services = {},
                                names = names }, state)
    for _, service in ipairs(services) do self.services[service] = true end
    for _, file in ipairs(files) do
        for _, node in ipairs(file.functions) do node.file = file end
        if file.name then self.modules[file.name] = file end
    end
    self:load_file(files[1], nil)
    settle(self)
    for _, file in ipairs(files) do
        if not self.gave_up and file.own then
            if not file.loaded then self:load_file(file, nil) end
            settle(self)
            enter_unseen(self, file)
            settle(self)
        end
    end
    return self
end

return flow
