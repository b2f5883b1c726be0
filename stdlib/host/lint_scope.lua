-- lint_scope.lua - functions, blocks, local variables, labels: who sees what.
--
-- Owns: which declaration a name means, and the errors of names, gotos and attributes that
-- Lua's own parser raises, in its words. The parser drives it, in the order of the source.
--
-- A variable: {name, line, column, attribute, fn, uses, writes}. `fn` is the function (node)
-- whose local it is; its parameters too.
local scope = {}

local MOST_LOCALS = 200 -- of one function, as in Lua

local state = {}
state.__index = state

local function fail(text, line, column)
    error({ syntax = true, text = text, line = line, column = column }, 0)
end

function scope.new()
    return setmetatable({ variables = {} }, state)
end

-- --- functions and blocks ----------------------------------------------------

function state:open_function(node)
    self.current = { node = node, outer = self.current, active = {}, by_name = {}, jumps = 0 }
    self:open_block(false)
end

function state:open_block(is_loop)
    local fn = self.current
    fn.block = { outer = fn.block, first = #fn.active, labels = {}, is_loop = is_loop,
                 gotos = {} } -- by name: those without a label so far
end

-- Gotos that leave a block: they see only the variables that were there before it.
local function pass_on(block, name, list)
    for _, pending in ipairs(list) do pending.active = math.min(pending.active, block.first) end
    local outer = block.outer.gotos
    if outer[name] then table.move(list, 1, #list, #outer[name] + 1, outer[name])
    else outer[name] = list end
end

function state:close_block()
    local fn = self.current
    local block = fn.block
    for i = #fn.active, block.first + 1, -1 do
        table.remove(fn.by_name[fn.active[i].name])
        fn.active[i] = nil
    end
    if block.is_loop then block.gotos["break"] = nil end
    for name, list in pairs(block.outer and block.gotos or {}) do pass_on(block, name, list) end
    fn.block = block.outer
end

local function first_pending(gotos)
    local first
    for _, list in pairs(gotos) do
        for _, pending in ipairs(list) do
            if not first or pending.number < first.number then first = pending end
        end
    end
    return first
end

function state:close_function()
    local pending = first_pending(self.current.block.gotos)
    self:close_block()
    if pending then
        local text = pending.name == "break" and "break outside loop at line %d"
            or "no visible label '" .. pending.name .. "' for <goto> at line %d"
        fail(text:format(pending.line), pending.line, pending.column)
    end
    self.current = self.current.outer
end

-- --- variables ---------------------------------------------------------------

-- Declares a local; it is seen from `activate` on.
function state:declare(token, attribute)
    local variable = { name = token.value, line = token.line, column = token.column,
                       attribute = attribute, fn = self.current.node, uses = 0, writes = 0 }
    self.variables[#self.variables + 1] = variable
    return variable
end

function state:activate(variable)
    local fn = self.current
    if #fn.active >= MOST_LOCALS then
        fail(("too many local variables (limit is %d)"):format(MOST_LOCALS), variable.line,
             variable.column)
    end
    fn.active[#fn.active + 1] = variable
    local same = fn.by_name[variable.name] or {}
    same[#same + 1] = variable
    fn.by_name[variable.name] = same
end

-- The local that a name means here; nil: it is global.
function state:find(name)
    local fn = self.current
    while fn do
        local same = fn.by_name[name]
        if same and #same > 0 then return same[#same] end
        fn = fn.outer
    end
    return nil
end

-- A name is assigned to. `line`, `column`: where Lua would complain.
function state:assign(variable, line, column)
    variable.writes = variable.writes + 1
    if variable.attribute then
        fail(("attempt to assign to const variable '%s'"):format(variable.name), line, column)
    end
end

-- --- labels ------------------------------------------------------------------

local function visible_label(fn, name)
    local block = fn.block
    while block do
        if block.labels[name] then return block.labels[name] end
        block = block.outer
    end
    return nil
end

function state:jump(name, token)
    local fn = self.current
    if name ~= "break" and visible_label(fn, name) then return end
    fn.jumps = fn.jumps + 1
    local list = fn.block.gotos[name] or {}
    list[#list + 1] = { name = name, line = token.line, column = token.column,
                        active = #fn.active, number = fn.jumps }
    fn.block.gotos[name] = list
end

-- A label; `last`: nothing but labels and semicolons follows in its block.
function state:label(token, last)
    local fn, name = self.current, token.value
    local earlier = visible_label(fn, name)
    if earlier then
        fail(("label '%s' already defined on line %d"):format(name, earlier.line), token.line,
             token.column)
    end
    local active = last and fn.block.first or #fn.active
    fn.block.labels[name] = { line = token.line }
    for _, pending in ipairs(fn.block.gotos[name] or {}) do
        if pending.active < active then
            fail(("<goto %s> at line %d jumps into the scope of local '%s'"):format(
                name, pending.line, fn.active[pending.active + 1].name), pending.line,
                pending.column)
        end
    end
    fn.block.gotos[name] = nil
end

return scope
