-- lint_tree.lua - going through a tree, and reading constants from it.
--
-- Owns: which children a node has. Pure.
local tree = {}

local visit

local function visit_list(list, visitor)
    for _, node in ipairs(list) do visit(node, visitor) end
end

local children = {}

function children.call(node, visitor)
    visit(node.callee, visitor)
    visit_list(node.arguments, visitor)
end

function children.method(node, visitor)
    visit(node.object, visitor)
    visit_list(node.arguments, visitor)
end

function children.index(node, visitor)
    visit(node.object, visitor)
    visit(node.key, visitor)
end

function children.binary(node, visitor)
    visit(node.left, visitor)
    visit(node.right, visitor)
end

function children.unary(node, visitor) visit(node.operand, visitor) end

function children.paren(node, visitor) visit(node.inner, visitor) end

function children.table(node, visitor)
    for _, item in ipairs(node.items) do
        if item.key then visit(item.key, visitor) end
        visit(item.value, visitor)
    end
end

children["function"] = function(node, visitor)
    if node.fn then -- the statement
        visit(node.target, visitor)
        visit(node.fn, visitor)
    else
        visit_list(node.body, visitor)
    end
end

function children.local_function(node, visitor) visit(node.fn, visitor) end

children["local"] = function(node, visitor) visit_list(node.values, visitor) end

children["return"] = children["local"]

function children.assign(node, visitor)
    visit_list(node.targets, visitor)
    visit_list(node.values, visitor)
end

function children.call_statement(node, visitor) visit(node.call, visitor) end

children["if"] = function(node, visitor)
    for _, clause in ipairs(node.clauses) do
        visit(clause.condition, visitor)
        visit_list(clause.body, visitor)
    end
    visit_list(node.otherwise or {}, visitor)
end

children["do"] = function(node, visitor) visit_list(node.body, visitor) end

children["while"] = function(node, visitor)
    visit(node.condition, visitor)
    visit_list(node.body, visitor)
end

children["repeat"] = children["while"]

function children.for_in(node, visitor)
    visit_list(node.values, visitor)
    visit_list(node.body, visitor)
end

children.for_number = children.for_in

function children.label(node, visitor) visit_list(node.following, visitor) end

visit = function(node, visitor)
    visitor(node)
    local descend = children[node.kind]
    if descend then descend(node, visitor) end
end

-- Calls `visitor` with a node and all below it, in the order of the source.
tree.visit = visit

-- The global that a name node means; nil for locals and other nodes.
function tree.global(node)
    return node.kind == "name" and not node.variable and node.name or nil
end

-- What an index node or a table item is called, when that is written down.
function tree.key(key)
    return key and key.kind == "string" and key.value or nil
end

-- Fields of a table that are written down by name, and whether these are all of them.
function tree.fields(node)
    local fields, complete = {}, true
    for _, item in ipairs(node.items) do
        local name = tree.key(item.key)
        if name then fields[name] = item
        elseif item.key and item.key.kind ~= "number" and item.key.kind ~= "constant" then
            complete = false
        elseif not item.key and (item.value.kind == "vararg" or item.value.kind == "call"
                                 or item.value.kind == "method") then
            complete = false
        end
    end
    return fields, complete
end

local function unwrapped(node)
    while node.kind == "paren" do node = node.inner end
    return node
end

tree.unwrapped = unwrapped

local NUMBERS = { ["+"] = true, ["-"] = true, ["*"] = true, ["/"] = true, ["//"] = true,
                  ["%"] = true, ["^"] = true }
local BOOLEANS = { ["=="] = true, ["~="] = true, ["<"] = true, [">"] = true, ["<="] = true,
                   [">="] = true }

-- The type that a value surely has ("string", "number", "boolean", "table", "function",
-- "nil"), or nil; and the value where it is a constant.
function tree.type(node)
    node = unwrapped(node)
    local kind = node.kind
    if kind == "string" or kind == "number" then return kind, node.value end
    if kind == "constant" then return type(node.value), node.value end
    if kind == "table" or kind == "function" then return kind end
    if kind == "unary" and node.operator == "-" then
        local of, value = tree.type(node.operand)
        if of == "number" then return of, value and -value end
    elseif kind == "unary" and node.operator == "not" then
        return "boolean"
    elseif kind == "unary" and node.operator == "#" then
        return "number"
    elseif kind == "binary" and node.operator == ".." then
        return "string"
    elseif kind == "binary" and NUMBERS[node.operator] then
        return "number"
    elseif kind == "binary" and BOOLEANS[node.operator] then
        return "boolean"
    end
    return nil
end

-- The value of an expression that consists of constants; nil and true when it does not.
function tree.constant(node, depth)
    node, depth = unwrapped(node), depth or 0
    if node.kind ~= "table" then
        local of, value = tree.type(node)
        if value == nil and of ~= "nil" then return nil, true end
        return value
    end
    local result, at, unknown = {}, 0, depth > 20
    for _, item in ipairs(not unknown and node.items or {}) do
        local key = item.key and tree.key(item.key)
        if not item.key then
            at = at + 1
            key = at
        end
        local value, missing = tree.constant(item.value, depth + 1)
        unknown = unknown or missing or key == nil
        if not unknown then result[key] = value end
    end
    if unknown then return nil, true end
    return result
end

return tree
