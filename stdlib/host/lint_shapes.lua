-- lint_shapes.lua - parameters that are written down, against the shapes of the API model.
--
-- Owns: the rule "parameter". What is not written down as a constant or a table is accepted;
-- the gate checks everything again before it is sent. Says what codec/check.c says.
local nearest = require "nearest"
local tree = require "lint_tree"

local shapes = {}

local check

local WANTED = { structure = "a table of named parameters", list = "a list", map = "a map",
                 string = "a string", blob = "a string", integer = "an integer",
                 long = "an integer", float = "a number", double = "a number",
                 boolean = "true or false",
                 timestamp = "a time as 2026-11-24T02:15:30Z or in seconds since 1970" }

local FITS = { structure = { table = true }, list = { table = true }, map = { table = true },
               string = { string = true }, blob = { string = true }, integer = { number = true },
               long = { number = true }, float = { number = true }, double = { number = true },
               boolean = { boolean = true }, timestamp = { string = true, number = true } }

local LOWEST, HIGHEST = -2147483648, 2147483647 -- of a 32-bit integer

local function member_names(shape)
    local names = {}
    for name in pairs(shape.members) do names[#names + 1] = name end
    table.sort(names)
    return names
end

local function complain(context, node, path, text)
    local place = path == "" and "" or path .. ": "
    context.report(node, "error", "parameter", context.operation .. ": " .. place .. text)
end

local function below(path, name)
    return path == "" and name or path .. "." .. name
end

local function unknown_member(context, node, shape, path, name)
    local near = nearest(name, member_names(shape))
    complain(context, node, path, ("unknown parameter \"%s\"%s"):format(
        name, near and ("; did you mean %s?"):format(near) or ""))
end

local function check_required(context, node, shape, fields, path)
    for _, name in ipairs(member_names(shape)) do
        local member = shape.members[name]
        if member.required and not member.token and not fields[name] then
            complain(context, node, path, ("the required parameter %s is missing"):format(name))
        end
    end
end

local function check_structure(context, node, shape, path)
    local fields, complete = tree.fields(node)
    local given = 0
    for _, item in ipairs(node.items) do
        local name = tree.key(item.key)
        local member = name and shape.members[name]
        if member then
            given = given + 1
            check(context, item.value, member.shape, below(path, name))
        elseif name then
            unknown_member(context, item.key, shape, path, name)
        elseif not item.key or item.key.kind == "number" then
            local surely = item.key or tree.type(item.value)
            if surely then
                complain(context, item.value, path,
                         "must be a table of named parameters; this item has no name")
            end
        end
    end
    if complete then check_required(context, node, shape, fields, path) end
    if shape.union and complete and given ~= 1 then
        complain(context, node, path, "exactly one of its parameters must be given")
    end
end

local function check_empty(context, node, shape, path)
    if #node.items > 0 or not context.empty_vanishes then return end
    complain(context, node, path, ("an empty %s would vanish from the request; give it a value or "
                                   .. "leave it out"):format(shape.kind))
end

local function check_list(context, node, shape, path)
    check_empty(context, node, shape, path)
    for index, item in ipairs(node.items) do
        local name = tree.key(item.key)
        if name then
            complain(context, item.key, path, ("must be a list; \"%s\" is a name"):format(name))
        elseif not item.key then
            check(context, item.value, shape.item, ("%s[%d]"):format(path, index))
        end
    end
end

local function check_map(context, node, shape, path)
    check_empty(context, node, shape, path)
    for _, item in ipairs(node.items) do
        local name = tree.key(item.key)
        if name then check(context, item.value, shape.value, ("%s[%s]"):format(path, name)) end
    end
end

local function check_number(context, node, shape, path, value)
    if shape.kind ~= "integer" and shape.kind ~= "long" then return end
    local whole = math.tointeger(value)
    if not whole then
        complain(context, node, path, ("must be an integer, not %s"):format(value))
    elseif shape.kind == "integer" and (whole < LOWEST or whole > HIGHEST) then
        complain(context, node, path,
                 ("%d is out of range (%d to %d)"):format(whole, LOWEST, HIGHEST))
    end
end

-- The service may know more than the model: a warning.
local function check_choice(context, node, shape, path, value)
    if not shape.choices then return end
    for _, choice in ipairs(shape.choices) do if choice == value then return end end
    local near = nearest(value, shape.choices)
    local few = #shape.choices <= 8 and "; there are " .. table.concat(shape.choices, ", ") or ""
    local text = "%s: %s: \"%s\" is none of the values known%s"
    context.report(node, "warning", "parameter", text:format(
        context.operation, path, value, near and ("; did you mean %s?"):format(near) or few))
end

local CHECKS = { structure = check_structure, list = check_list, map = check_map }

check = function(context, node, shape_name, path)
    local shape = context.shapes[shape_name]
    local of, value = tree.type(node)
    if not shape or shape.any or not of or of == "nil" then return end
    if not FITS[shape.kind][of] then
        local shown = of == "string" and value and #value <= 40 and (" \"%s\""):format(value) or ""
        complain(context, node, path,
                 ("must be %s, not a %s%s"):format(WANTED[shape.kind], of, shown))
    elseif CHECKS[shape.kind] then
        CHECKS[shape.kind](context, tree.unwrapped(node), shape, path)
    elseif of == "number" and value then
        check_number(context, node, shape, path, value)
    elseif of == "string" and value then
        check_choice(context, node, shape, path, value)
    end
end

-- context: {operation (as written), shapes (of the service), empty_vanishes, report}. `node` is
-- the table of parameters, nil when the call has none: then `call` is the place.
function shapes.check(context, node, input, call)
    local shape = context.shapes[input]
    if node then
        local of = tree.type(node)
        if of and of ~= "table" and of ~= "nil" then
            complain(context, node, "", ("wants a table of parameters, not a %s"):format(of))
        elseif of == "table" and shape then
            check(context, node, input, "")
        elseif of == "table" and #tree.unwrapped(node).items > 0 then
            complain(context, node, "", "takes no parameters")
        end
    elseif shape then
        check_required(context, call, shape, {}, "")
    end
end

return shapes
