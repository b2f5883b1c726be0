-- lint_parser.lua - Lua 5.4 source into a tree.
--
-- Owns: the parser's state and the statements; expressions are in lint_expressions.lua, names in
-- lint_scope.lua. Errors are those of Lua's own lparser.c, in its words. Nothing is run, and no
-- bytecode is made: the text of a playbook never meets Lua's compiler in the host.
--
-- A node has `kind`, `line` and `column`. Statements: local, assign, call, do, while, repeat, if,
-- for_number, for_in, function, local_function, return, break, goto, label. A list of statements
-- is a plain list. `variable` of a name is its declaration, nil when it is global.
local expressions = require "lint_expressions"
local lexer = require "lint_lexer"
local scope = require "lint_scope"

local parser = {}

local state = setmetatable({}, { __index = expressions })
state.__index = state

local statement

-- --- blocks ------------------------------------------------------------------

local ENDS = { ["else"] = true, ["elseif"] = true, ["end"] = true, ["<eof>"] = true }

function state:block_ends(until_too)
    local type = self.token.type
    return ENDS[type] or (until_too and type == "until") or false
end

function state:statements()
    local list = {}
    while not self:block_ends(true) do
        if self.token.type == "return" then
            list[#list + 1] = self:return_statement()
            break
        end
        list[#list + 1] = statement(self)
    end
    return list
end

-- A block with a scope of its own.
function state:block(is_loop)
    self.scope:open_block(is_loop)
    local list = self:statements()
    self.scope:close_block()
    return list
end

function state:return_statement()
    local node = self:node("return", self.token)
    self:advance()
    node.values = {}
    local empty = self:block_ends(true) or self.token.type == ";"
    if not empty then node.values = self:expressions() end
    self:accept(";")
    return node
end

-- --- statements --------------------------------------------------------------

local parse = {}

parse["if"] = function(self, first)
    local node = self:node("if", first)
    node.clauses = {}
    repeat
        self:advance()
        local clause = { condition = self:expression() }
        self:expect("then")
        clause.body = self:block(false)
        node.clauses[#node.clauses + 1] = clause
    until self.token.type ~= "elseif"
    if self:accept("else") then node.otherwise = self:block(false) end
    self:expect_closing("end", "if", first.line)
    return node
end

parse["while"] = function(self, first)
    local node = self:node("while", first)
    self:advance()
    node.condition = self:expression()
    self.scope:open_block(true)
    self:expect("do")
    node.body = self:block(false)
    self:expect_closing("end", "while", first.line)
    self.scope:close_block()
    return node
end

parse["do"] = function(self, first)
    local node = self:node("do", first)
    self:advance()
    node.body = self:block(false)
    self:expect_closing("end", "do", first.line)
    return node
end

-- The condition sees the locals of the body.
parse["repeat"] = function(self, first)
    local node = self:node("repeat", first)
    self:advance()
    self.scope:open_block(true)
    self.scope:open_block(false)
    node.body = self:statements()
    self:expect_closing("until", "repeat", first.line)
    node.condition = self:expression()
    self.scope:close_block()
    self.scope:close_block()
    return node
end

-- The body of a `for`, in which `names` are visible.
function state:for_body(node, names)
    self:expect("do")
    self.scope:open_block(false)
    node.variables = {}
    for i, token in ipairs(names) do
        node.variables[i] = self.scope:declare(token)
        node.variables[i].is_loop = true
    end
    for _, variable in ipairs(node.variables) do self.scope:activate(variable) end
    node.body = self:statements()
    self.scope:close_block()
end

parse["for"] = function(self, first)
    local node = self:node("for_in", first)
    self:advance()
    local names = { self:name() }
    self.scope:open_block(true)
    if self.token.type == "=" then
        node.kind = "for_number"
        self:advance()
        node.values = { self:expression() }
        self:expect(",")
        node.values[2] = self:expression()
        if self:accept(",") then node.values[3] = self:expression() end
    elseif self.token.type == "," or self.token.type == "in" then
        while self:accept(",") do names[#names + 1] = self:name() end
        self:expect("in")
        node.values = self:expressions()
    else
        self:syntax_error("'=' or 'in' expected")
    end
    self:for_body(node, names)
    self:expect_closing("end", "for", first.line)
    self.scope:close_block()
    return node
end

parse["function"] = function(self, first)
    local node = self:node("function", first)
    self:advance()
    local target = self:single_name(self:name())
    node.target = target
    while self.token.type == "." do node.target = self:field(node.target) end
    if self.token.type == ":" then
        node.is_method = true
        node.target = self:field(node.target)
    end
    node.fn = self:function_body(first, node.is_method)
    if node.target == target and target.variable then
        self.scope:assign(target.variable, target.line, target.column)
    end
    return node
end

function state:local_function(first)
    local node = self:node("local_function", first)
    node.variable = self.scope:declare(self:name())
    self.scope:activate(node.variable)
    node.fn = self:function_body(first, false)
    node.fn.name = node.variable.name
    return node
end

local ATTRIBUTES = { const = true, close = true }

function state:attribute()
    if not self:accept("<") then return nil end
    local token = self:name()
    self:expect(">")
    if not ATTRIBUTES[token.value] then
        self:fail("unknown attribute '" .. token.value .. "'", token)
    end
    return token.value
end

parse["local"] = function(self, first)
    self:advance()
    if self:accept("function") then return self:local_function(first) end
    local node, closes = self:node("local", first), false
    node.variables, node.values = {}, {}
    repeat
        local token = self:name()
        local attribute = self:attribute()
        if attribute == "close" then
            if closes then self:fail("multiple to-be-closed variables in local list", token) end
            closes = true
        end
        node.variables[#node.variables + 1] = self.scope:declare(token, attribute)
    until not self:accept(",")
    if self:accept("=") then node.values = self:expressions() end
    for _, variable in ipairs(node.variables) do self.scope:activate(variable) end
    return node
end

parse["::"] = function(self, first)
    local node = self:node("label", first)
    self:advance()
    local token = self:name()
    self:expect("::")
    -- What follows in the list is parsed by whoever calls; to know whether the label is the last
    -- statement, empty ones are taken here, as Lua does.
    node.following = {}
    while self.token.type == ";" or self.token.type == "::" do
        node.following[#node.following + 1] = statement(self)
    end
    self.scope:label(token, self:block_ends(false))
    return node
end

parse["break"] = function(self, first)
    self:advance()
    self.scope:jump("break", first)
    return self:node("break", first)
end

parse["goto"] = function(self, first)
    self:advance()
    local token = self:name()
    self.scope:jump(token.value, first)
    return self:node("goto", first)
end

parse[";"] = function(self, first)
    self:advance()
    return self:node("empty", first)
end

local ASSIGNABLE = { name = true, index = true }

local function check_target(self, target)
    if not ASSIGNABLE[target.kind] then self:syntax_error("syntax error") end
    if target.variable then
        target.variable.uses = target.variable.uses - 1 -- it was no use
        self.scope:assign(target.variable, target.line, target.column)
    end
end

-- An assignment or a call.
local function expression_statement(self, first)
    local expression = self:suffixed_expression()
    if self.token.type ~= "=" and self.token.type ~= "," then
        if expression.kind ~= "call" and expression.kind ~= "method" then
            self:syntax_error("syntax error")
        end
        local node = self:node("call_statement", first)
        node.call = expression
        return node
    end
    local node = self:node("assign", first)
    node.targets = { expression }
    check_target(self, expression)
    while self:accept(",") do
        local target = self:suffixed_expression()
        check_target(self, target)
        node.targets[#node.targets + 1] = target
    end
    self:expect("=")
    node.values = self:expressions()
    return node
end

statement = function(self)
    self:enter()
    local first = self.token
    local node = (parse[first.type] or expression_statement)(self, first)
    self:leave()
    return node
end

-- --- the whole ---------------------------------------------------------------

local function parse_chunk(source)
    local self = setmetatable({ lexer = lexer.new(source), scope = scope.new(), level = 0,
                                nodes = 0, functions = {} }, state)
    local chunk = { kind = "function", line = 1, column = 1, parameters = {}, is_vararg = true,
                    is_chunk = true }
    self.functions[1] = chunk
    self.fn = chunk
    self.scope:open_function(chunk)
    self:advance()
    chunk.body = self:statements()
    if self.token.type ~= "<eof>" then self:syntax_error("<eof> expected") end
    self.scope:close_function()
    return { chunk = chunk, variables = self.scope.variables, functions = self.functions }
end

-- {chunk, variables, functions}; nil and {text, line, column} when it is not Lua.
function parser.parse(source)
    local ok, result = pcall(parse_chunk, source)
    if ok then return result end
    if type(result) == "table" and result.syntax then return nil, result end
    error(result, 0)
end

return parser
