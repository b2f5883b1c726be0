-- lint_expressions.lua - expressions of the parser of lint_parser.lua.
--
-- Owns: what is shared with statements (tokens, errors, depth), and the expressions: constant,
-- number, string, vararg, function, table, name, index, call, method, paren, unary, binary.
local expressions = {}

local DEEPEST = 190        -- nested constructs; Lua's own parser gives up at 200
local MOST_NODES = 200000  -- of a file: what memory is needed for it
local LONGEST_CHAIN = 5000 -- of calls, fields or operators in one expression: the tree's depth

-- --- tokens ------------------------------------------------------------------

function expressions:advance()
    if self.ahead then
        self.token, self.ahead = self.ahead, nil
    else
        self.token = self.lexer:next()
    end
end

function expressions:node(kind, token)
    self.nodes = self.nodes + 1
    if self.nodes > MOST_NODES then self:fail("the file is too large to be checked", token) end
    return { kind = kind, line = token.line, column = token.column }
end

function expressions:fail(text, token)
    error({ syntax = true, text = text, line = token.line, column = token.column }, 0)
end

function expressions:syntax_error(text)
    local token = self.token
    error({ syntax = true, text = text .. " near " .. token.text, line = self.lexer.line,
            column = token.column, starts = token.line }, 0)
end

function expressions:accept(type)
    if self.token.type ~= type then return false end
    self:advance()
    return true
end

local function quoted(type)
    return type:find("^<%l") and type or "'" .. type .. "'"
end

function expressions:expect(type)
    if not self:accept(type) then self:syntax_error(quoted(type) .. " expected") end
end

-- What closes something that `opener` opened at `line`.
function expressions:expect_closing(type, opener, line)
    if self:accept(type) then return end
    if line == self.lexer.line then self:syntax_error(quoted(type) .. " expected") end
    self:syntax_error(("%s expected (to close %s at line %d)"):format(quoted(type),
                                                                     quoted(opener), line))
end

function expressions:name()
    local token = self.token
    self:expect("<name>")
    return token
end

function expressions:enter()
    self.level = self.level + 1
    if self.level > DEEPEST then self:fail("C stack overflow", self.token) end
end

function expressions:leave()
    self.level = self.level - 1
end

function expressions:linked(count)
    if count > LONGEST_CHAIN then
        self:fail("the expression is too long to be checked", self.token)
    end
    return count + 1
end

-- --- functions and tables ----------------------------------------------------

function expressions:parameters(fn, is_method)
    local variables = {}
    if is_method then
        variables[1] = self.scope:declare({ value = "self", line = fn.line, column = fn.column })
        variables[1].is_self = true
    end
    if self.token.type ~= ")" then
        repeat
            if self.token.type == "<name>" then
                variables[#variables + 1] = self.scope:declare(self:name())
            elseif self:accept("...") then
                fn.is_vararg = true
            else
                self:syntax_error("<name> or '...' expected")
            end
        until fn.is_vararg or not self:accept(",")
    end
    for _, variable in ipairs(variables) do
        variable.is_parameter = true
        self.scope:activate(variable)
    end
    return variables
end

-- From the parameters to `end`; `first` is the word `function`.
function expressions:function_body(first, is_method)
    local fn, outer = self:node("function", first), self.fn
    fn.outer = outer
    self.functions[#self.functions + 1] = fn
    self.scope:open_function(fn)
    self.fn = fn
    self:expect("(")
    fn.parameters = self:parameters(fn, is_method)
    self:expect(")")
    fn.body = self:statements()
    self:expect_closing("end", "function", first.line)
    self.scope:close_function()
    self.fn = outer
    return fn
end

local function table_item(self)
    if self.token.type == "<name>" then
        self.ahead = self.ahead or self.lexer:next()
        if self.ahead.type == "=" then
            local key = self:node("string", self.token)
            key.value = self.token.value
            self:advance()
            self:advance()
            return { key = key, value = self:expression() }
        end
    elseif self.token.type == "[" then
        self:advance()
        local key = self:expression()
        self:expect("]")
        self:expect("=")
        return { key = key, value = self:expression() }
    end
    return { value = self:expression() }
end

function expressions:table()
    local node, line = self:node("table", self.token), self.lexer.line
    node.items = {}
    self:expect("{")
    while self.token.type ~= "}" do
        node.items[#node.items + 1] = table_item(self)
        if not self:accept(",") and not self:accept(";") then break end
    end
    self:expect_closing("}", "{", line)
    return node
end

-- --- suffixes ----------------------------------------------------------------

function expressions:expressions()
    local list = { self:expression() }
    while self:accept(",") do list[#list + 1] = self:expression() end
    return list
end

function expressions:single_name(token)
    local node = self:node("name", token)
    node.name = token.value
    node.variable = self.scope:find(node.name)
    if node.variable then node.variable.uses = node.variable.uses + 1 end
    return node
end

local function primary_expression(self)
    local token = self.token
    if token.type == "<name>" then
        self:advance()
        return self:single_name(token)
    elseif token.type == "(" then
        local line, node = self.lexer.line, self:node("paren", token)
        self:advance()
        node.inner = self:expression()
        self:expect_closing(")", "(", line)
        return node
    end
    self:syntax_error("unexpected symbol")
end

-- .name or :name
function expressions:field(object)
    self:advance()
    local token = self:name()
    local node = self:node("index", token)
    node.object, node.key = object, self:node("string", token)
    node.key.value = token.value
    return node
end

-- `line`: where the expression began, which Lua calls the place of the parenthesis.
local function arguments(self, line)
    local token = self.token
    if token.type == "<string>" then
        local node = self:node("string", token)
        node.value = token.value
        self:advance()
        return { node }
    elseif token.type == "{" then
        return { self:table() }
    elseif token.type ~= "(" then
        self:syntax_error("function arguments expected")
    end
    local list = {}
    self:advance()
    if self.token.type ~= ")" then list = self:expressions() end
    self:expect_closing(")", "(", line)
    return list
end

local CALLS = { ["("] = true, ["{"] = true, ["<string>"] = true }

local function suffix(self, node, line)
    local token = self.token
    if token.type == "." then return self:field(node) end
    if token.type == "[" then
        local index = self:node("index", token)
        self:advance()
        index.object, index.key = node, self:expression()
        self:expect("]")
        return index
    elseif token.type == ":" then
        local index = self:field(node)
        local call = self:node("method", index)
        call.object, call.name = node, index.key.value
        call.arguments = arguments(self, line)
        return call
    end
    local call = self:node("call", node)
    call.callee, call.arguments = node, arguments(self, line)
    return call
end

function expressions:suffixed_expression()
    local line = self.lexer.line
    local node, links = primary_expression(self), 0
    local type = self.token.type
    while type == "." or type == "[" or type == ":" or CALLS[type] do
        links = self:linked(links)
        node = suffix(self, node, line)
        type = self.token.type
    end
    return node
end

-- --- operators ---------------------------------------------------------------

local CONSTANTS = { ["nil"] = {}, ["true"] = { value = true }, ["false"] = { value = false } }

local function simple_expression(self)
    local token, node = self.token, nil
    if token.type == "<number>" or token.type == "<string>" then
        node = self:node(token.type:match("%l+"), token)
        node.value = token.value
    elseif CONSTANTS[token.type] then
        node = self:node("constant", token)
        node.value = CONSTANTS[token.type].value
    elseif token.type == "..." then
        if not self.fn.is_vararg then
            self:syntax_error("cannot use '...' outside a vararg function")
        end
        node = self:node("vararg", token)
    elseif token.type == "{" then
        return self:table()
    elseif token.type == "function" then
        self:advance()
        return self:function_body(token, false)
    else
        return self:suffixed_expression()
    end
    self:advance()
    return node
end

local UNARY = { ["not"] = true, ["-"] = true, ["~"] = true, ["#"] = true }
local UNARY_PRIORITY = 12

local LEFT = { ["or"] = 1, ["and"] = 2, ["<"] = 3, [">"] = 3, ["<="] = 3, [">="] = 3, ["~="] = 3,
               ["=="] = 3, ["|"] = 4, ["~"] = 5, ["&"] = 6, ["<<"] = 7, [">>"] = 7, [".."] = 9,
               ["+"] = 10, ["-"] = 10, ["*"] = 11, ["/"] = 11, ["//"] = 11, ["%"] = 11,
               ["^"] = 14 }
local RIGHT = setmetatable({ [".."] = 8, ["^"] = 13 }, { __index = LEFT })

local function operators(self, limit)
    self:enter()
    local node, links = nil, 0
    local token = self.token
    if UNARY[token.type] then
        self:advance()
        node = self:node("unary", token)
        node.operator, node.operand = token.type, operators(self, UNARY_PRIORITY)
    else
        node = simple_expression(self)
    end
    while LEFT[self.token.type] and LEFT[self.token.type] > limit do
        links = self:linked(links)
        local sign = self.token.type
        local binary = self:node("binary", node)
        self:advance()
        binary.operator, binary.left, binary.right = sign, node, operators(self, RIGHT[sign])
        node = binary
    end
    self:leave()
    return node
end

function expressions:expression()
    return operators(self, 0)
end

return expressions
