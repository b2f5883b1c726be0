-- lint_calls.lua - what a call does, for the walk of lint_flow.lua.
--
-- Owns: the meaning of the playbook API and of the standard functions that call functions, of
-- global names, and the notes that the rules are made from.
local tables = require "lint_tables"
local values = require "lint_values"

local DEEPEST_RELEASE = 3 -- tables in tables that are handed to unknown code

local calls = setmetatable({}, { __index = tables })

-- --- names -------------------------------------------------------------------

-- One value per kind and names.
function calls:interned(kind, first, second)
    local key = kind .. " " .. first .. " " .. (second or "*")
    local value = self.interned_values[key]
    if not value then
        value = { kind = kind, name = first }
        if kind == "operation" then value.service, value.name = first, second end
        if kind == "pages" then value.service = first end
        self.interned_values[key] = value
    end
    return value
end

function calls:builtin(name)
    return self:interned("builtin", name)
end

function calls:global(name)
    if self.services[name] then return values.one(self:interned("service", name)) end
    if self.names[name] then return values.one(self:builtin(name)) end
    self.globals[name] = self.globals[name] or values.set()
    return self.globals[name]
end

function calls:set_global(name, set)
    if self.names[name] then return end
    self:escape(set)
    self:put(self:global(name), set)
end

-- Remembers that `node` was met in `act`; once per node, what and detail.
function calls:note(what, node, act, detail)
    local of_node = self.notes.by_node[node] or {}
    self.notes.by_node[node] = of_node
    local key = what
    if type(detail) == "table" and detail.kind == "operation" then
        key = what .. " " .. detail.service .. " " .. (detail.name or "*")
    end
    local note = of_node[key]
    if not note then
        note = { what = what, node = node, detail = detail, acts = {}, seen = {} }
        of_node[key] = note
        self.notes[#self.notes + 1] = note
    end
    if not note.seen[act] then
        note.seen[act] = true
        note.acts[#note.acts + 1] = act
    end
end

-- --- what calls functions ----------------------------------------------------

-- Whatever can be called among `set` is called in `context`.
local function call_all(self, set, context, arguments, node, act, parameters)
    local result
    for i = 1, set and #set or 0 do
        local value = set[i]
        if value.kind == "function" then
            local returned = self:enter(value, context, arguments, { node = node, act = act })
            result = values.union(result, returned)
        elseif value.kind == "operation" then
            local as = { context = context, fn = act.fn, origin = act.origin }
            self:note("call", node, context == act.context and act or self:alias(as, act),
                      value)
            self.notes.by_node[node].parameters = parameters
        end
    end
    return result
end

-- An activation that differs only in its context: an operation handed to `parallel`.
function calls:alias(as, act)
    act.aliases = act.aliases or {}
    act.aliases[as.context.key] = act.aliases[as.context.key] or as
    return act.aliases[as.context.key]
end

-- What is handed to code that lint cannot look into may be called there.
local function release(self, arguments, node, act, depth)
    local context = values.with(act.context, "guessed")
    for _, set in ipairs(arguments) do
        if set then
            self:escape(set)
            call_all(self, set, context, {}, node, act)
            if depth < DEEPEST_RELEASE then
                release(self, { self:elements(set) or false }, node, act, depth + 1)
            end
        end
    end
end

local builtins = {}

function builtins.pcall(self, node, arguments, act)
    local rest = table.move(arguments, 2, #arguments, 1, {})
    call_all(self, arguments[1], act.context, rest, node, act, { node.arguments[2] })
end

function builtins.xpcall(self, node, arguments, act)
    local rest = table.move(arguments, 3, #arguments, 1, {})
    call_all(self, arguments[1], act.context, rest, node, act, { node.arguments[3] })
    call_all(self, arguments[2], act.context, {}, node, act)
end

function builtins.parallel(self, node, arguments, act)
    local items = self:elements(arguments[1] or nil)
    self:note("parallel", node, act)
    call_all(self, arguments[2], values.with(act.context, "branch"), { items or false }, node, act)
end

function builtins.wait(self, node, arguments, act)
    self:note("wait", node, act)
    call_all(self, arguments[1], values.with(act.context, "wait"), {}, node, act)
end

function builtins.window(self, node, arguments, act)
    self:note("window", node, act)
    local context = values.with(act.context, "window")
    for _, name in ipairs { "open", "close" } do
        call_all(self, self:fields_of(arguments[1], name), context, {}, node, act)
    end
end

-- Only the playbook's own file declares; its `run` gets the arguments and `step`.
function builtins.playbook(self, node, arguments, act)
    self:note("playbook", node, act)
    call_all(self, self:fields_of(arguments[1], "run"), values.context "run",
             { values.one(self.args), values.one(self.step) }, node, act)
end

function builtins.require(self, node, _, act)
    local name = node.arguments[1]
    if not name or name.kind ~= "string" then return nil end
    self:note("require", node, act, name.value)
    if self.services[name.value] then return self:global(name.value) end
    local file = self.modules[name.value]
    return file and self:load_file(file, { node = node, act = act })
end

function builtins.setmetatable(self, _, arguments)
    for _, object in ipairs(arguments[1] or {}) do
        if object.kind == "table" then self:put(object.metas, arguments[2] or nil) end
    end
    return arguments[1] or nil
end

function builtins.assert(_, _, arguments)
    return arguments[1] or nil
end

-- The code of a file, once; what it returns.
function calls:load_file(file, origin)
    if not file.loaded then
        file.loaded = { kind = "function", node = file.chunk, activations = {} }
        file.chunk.closures = { file.loaded }
    end
    return self:enter(file.loaded, values.context "load", {}, origin)
end

-- --- calls -------------------------------------------------------------------

-- step(title, [options,] fn)
local function call_step(self, node, arguments, act)
    self:note("step", node, act)
    call_all(self, arguments[#arguments], values.in_step(act.context), {}, node, act)
end

local function call_one(self, node, value, arguments, act)
    if value.kind == "function" then
        return self:enter(value, act.context, arguments, { node = node, act = act })
    elseif value.kind == "builtin" and builtins[value.name] then
        return builtins[value.name](self, node, arguments, act)
    elseif value.kind == "builtin" then
        release(self, arguments, node, act, 0)
    elseif value.kind == "step" then
        call_step(self, node, arguments, act)
    elseif value.kind == "operation" then
        self:note("call", node, act, value)
        self.notes.by_node[node].parameters = node.arguments
        release(self, arguments, node, act, 0)
    elseif value.kind == "pages" then
        self:note("pages", node, act, value)
    end
    return nil
end

-- `callee` may be several things, or nil: unknown. What the call may give.
function calls:call(node, callee, arguments, act)
    local result
    if not callee or #callee == 0 then
        release(self, arguments, node, act, 0)
        return nil
    end
    for i = 1, #callee do
        result = values.union(result, call_one(self, node, callee[i], arguments, act))
    end
    return result
end

return calls
