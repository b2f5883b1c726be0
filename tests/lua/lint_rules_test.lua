-- lint_rules_test.lua - what lint finds in playbooks, and what it leaves alone.
local check = require "check"
local lint = require "lint"

-- --- facts -------------------------------------------------------------------

local function set_of(text)
    local set = {}
    for word in text:gmatch("%S+") do set[word] = true end
    return set
end

local function list_of(text)
    local list = {}
    for word in text:gmatch("%S+") do list[#list + 1] = word end
    return list
end

local GLOBALS = set_of [[assert error getmetatable ipairs load next pairs pcall rawequal rawget select
    setmetatable tonumber tostring type xpcall playbook window expect log print parallel wait require
    run_id ticket _G ec2 sqs]]
GLOBALS.string = set_of "format gsub match find"
GLOBALS.table = set_of "concat insert sort unpack"

local NAMES = {
    globals = GLOBALS,
    hints = { io = "files are out of a playbook's reach", step = "it is the second argument of run" },
    fields = { playbook = { api = "any", name = "any", summary = "any", args = "table", run = "function" },
               step = { optional = "boolean", on_failure = "any", hazards = "any", when = "any" },
               window = { open = "function", close = "function", settle = "any" },
               wait = { timeout = "any", interval = "any" }, parallel = { limit = "any" } },
}

local function structure(members)
    local shape = { kind = "structure", members = {} }
    for name, of in pairs(members) do
        local required = of:find("!", 1, true) ~= nil
        shape.members[name] = { shape = of:gsub("[!?]", ""), required = required,
                                token = of:find("?", 1, true) ~= nil }
    end
    return shape
end

local SHAPES = {
    ec2 = {
        Describe = structure { InstanceIds = "Strings", MaxResults = "Integer", Filters = "Filters",
                               DryRun = "Boolean" },
        Tag = structure { Resources = "Strings!", Tags = "Tags!", DryRun = "Boolean" },
        Modify = structure { NetworkInterfaceId = "String!", Groups = "Strings", Kind = "Kind" },
        Create = structure { GroupName = "String!", ClientToken = "String!?", Size = "Double",
                             Since = "Timestamp", Data = "Blob", Any = "Any", One = "One" },
        Strings = { kind = "list", item = "String" }, Filters = { kind = "list", item = "Filter" },
        Filter = structure { Name = "String", Values = "Strings" },
        Tags = { kind = "list", item = "Tag1" }, Tag1 = structure { Key = "String", Value = "String" },
        String = { kind = "string" }, Integer = { kind = "integer" }, Boolean = { kind = "boolean" },
        Double = { kind = "double" }, Timestamp = { kind = "timestamp" }, Blob = { kind = "blob" },
        Any = { kind = "structure", members = {}, any = true },
        One = { kind = "structure", union = true,
                members = { A = { shape = "String" }, B = { shape = "String" } } },
        Kind = { kind = "string", choices = { "instance", "volume" } },
    },
    sqs = { Send = structure { Attributes = "Map", QueueUrl = "String!" }, String = { kind = "string" },
            Map = { kind = "map", value = "String" } },
}

local OPERATIONS = {
    ["ec2.describe_instances"] = { mutates = false, pages = true, input = "Describe" },
    ["ec2.describe_regions"] = { mutates = false, input = "Describe" },
    ["ec2.create_tags"] = { mutates = true, input = "Tag" },
    ["ec2.modify_network_interface_attribute"] = { mutates = true, input = "Modify" },
    ["ec2.create_security_group"] = { mutates = true, input = "Create" },
    ["ec2.describe_instnces"] = { unknown = 'ec2 has no operation "describe_instnces"; did you mean x?' },
    ["ec2.get_password_data"] = { mutates = false, credentials = true, input = "Describe" },
    ["sqs.send_message"] = { mutates = true, input = "Send" },
}

local function read(path)
    local file = assert(io.open(path))
    local text = file:read("a")
    file:close()
    return text
end

local function stdlib()
    local modules = {}
    for _, name in ipairs(list_of [[isolate evidence cut_decision group_rules instance_network
            network_paths run_facts security_group_cut security_group_proof survivors]]) do
        local file = "stdlib/playbook/" .. name .. ".lua"
        modules[name] = { file = file, source = read(file), own = false }
    end
    return modules
end

local MODULES = stdlib()

-- cordon's own modules only where they are wanted: they take a while.
local function facts_with(source, modules, load_error)
    local all = {}
    for name, module in pairs(source:find("require \"", 1, true) and MODULES or {}) do
        all[name] = module
    end
    for name, module in pairs(modules or {}) do all[name] = module end
    return { names = NAMES, services = { "ec2", "sqs" }, protocols = { ec2 = "ec2", sqs = "json" },
             operations = OPERATIONS, shapes = SHAPES, modules = all, load_error = load_error,
             module_names = { "isolate", "evidence" } }
end

local function checked(source, modules, load_error)
    return lint.check("f.lua", source, facts_with(source, modules, load_error))
end

-- "line:rule text" of each finding; warnings begin with "w ".
local function findings(source, modules, load_error)
    local list = {}
    for i, f in ipairs(checked(source, modules, load_error)) do
        list[i] = ("%s%d:%s %s"):format(f.severity == "warning" and "w " or "", f.line, f.rule, f.text)
    end
    return list
end

-- A playbook whose `run` has these lines; the first of them is line 1.
local function playbook(body, args, head)
    return (head or "") .. "return playbook { api = 1, name = 'x', summary = 'x', args = { "
        .. (args or "") .. " }, run = function(args, step) " .. body .. "\nend }"
end

local function clean(source, modules)
    check.equal(findings(source, modules), {})
end

-- Exactly one finding, which begins so and has the words.
local function finds(source, beginning, words, modules)
    local list = findings(source, modules)
    check.equal(#list, 1, check.show(list))
    check.equal(list[1]:sub(1, #beginning), beginning)
    if words then check.has(list[1], words) end
end

local function body_finds(body, beginning, words) finds(playbook(body), beginning, words) end
local function body_clean(body) clean(playbook(body)) end

local TAG = "ec2.create_tags { Resources = { 'i-1' }, Tags = { { Key = 'a', Value = 'b' } } }"

-- --- the tests ---------------------------------------------------------------

local tests = {}
local function test(name, fn) tests[#tests + 1] = { name, fn } end

test("shipped playbooks and the template are clean", function()
    for _, path in ipairs { "playbooks/isolate-sg.lua", "playbooks/templates/new-playbook.lua" } do
        clean(read(path))
    end
end)

test("syntax errors have Lua's words and place", function()
    finds("local x =\n\n }", "3:syntax unexpected symbol near '}'")
end)

test("undefined names, with the nearest one or what to do", function()
    body_finds("prnt(1)", "1:global undefined name 'prnt'", "did you mean 'print'?")
    body_finds("local counter = 1 log(countr) log(counter)", "1:global", "did you mean 'counter'?")
    body_finds("io.open('x')", "1:global", "files are out of a playbook's reach")
    body_finds("log(string.fromat('x'))", "1:field string has no 'fromat'", "did you mean 'format'?")
    body_clean("log(run_id, ticket, _G, string.format('x'))")
    body_clean("local _ENV = { log = log } log(anything)")
end)

test("assigning globals", function()
    body_finds("print = 1", "1:assigned-global 'print' belongs to cordon")
    body_finds("mine = 1 log(mine)", "w 1:assigned-global 'mine' is made global: write local mine")
    finds(playbook("helper()", nil, "function helper() end\n"), "w 1:assigned-global")
end)

test("unused locals are warnings, parameters and loops are not", function()
    body_finds("local x = 1", "w 1:unused-local the local 'x' is never used")
    body_finds("local function f() end", "w 1:unused-local")
    body_finds("local x = 1; x = 2", "w 1:unused-local")
    body_clean("local _ = 1 for i, v in ipairs({}) do log(v) end log(function(a) end)")
end)

test("operations that do not exist", function()
    body_finds("ec2.describe_instnces {}", '1:operation ec2 has no operation "describe_instnces"')
    body_finds("local api = ec2\nlog(api.describe_instnces)", "2:operation")
    body_finds("ec2.get_password_data {}", "1:operation ec2.get_password_data returns credentials")
    body_finds("ec2:describe_instances {}", "1:operation write ec2.describe_instances with a dot")
end)

test("pages: only where there are some", function()
    body_clean("for p in ec2.pages('describe_instances', { MaxResults = 5 }) do log(p) end")
    body_finds("ec2.pages('describe_regions')", "1:operation ec2.describe_regions has no pages")
    body_finds("ec2.pages('describe_instnces')", "1:operation ec2 has no")
    body_finds("ec2.pages('describe_instances', { Max = 1 })", "1:parameter",
               "unknown parameter \"Max\"")
end)

test("unknown parameters, however deep", function()
    body_finds("ec2.describe_instances { InstanceId = { 'i' } }", "1:parameter",
               'unknown parameter "InstanceId"; did you mean InstanceIds?')
    body_finds("ec2.describe_instances { Filters = { { Name = 'a', Vals = { 'b' } } } }", "1:parameter",
               'ec2.describe_instances: Filters[1]: unknown parameter "Vals"')
    body_finds("pcall(ec2.describe_instances, { Instances = {} })", "1:parameter", "Instances")
    body_clean("local p = { Anything = 1 } ec2.describe_instances(p)")
    body_clean("local k = 'x' ec2.describe_instances { [k] = 1 }")
end)

test("required parameters", function()
    body_finds("step('x', function() ec2.create_tags { Resources = { 'i' } } end)", "1:parameter",
               "the required parameter Tags is missing")
    body_finds("step('x', function() ec2.create_security_group() end)", "1:parameter", "GroupName")
    body_clean("step('x', function() ec2.create_security_group { GroupName = 'x' } end)")
    body_clean("local k = 'x' step('x', function() ec2.create_tags { [k] = 1 } end)")
end)

test("literals of the wrong type", function()
    local function wrong(fields, words)
        body_finds("step('x', function() ec2.create_security_group { GroupName = 'x', " .. fields
                   .. " } end)", "1:parameter", words)
    end
    wrong("Size = 'big'", "Size: must be a number, not a string \"big\"")
    wrong("Since = true", "Since: must be a time")
    wrong("Data = 1", "Data: must be a string, not a number")
    wrong("One = { A = 'a', B = 'b' }", "exactly one")
    body_finds("ec2.describe_instances { MaxResults = '5' }", "1:parameter", "must be an integer")
    body_finds("ec2.describe_instances { MaxResults = 1.5 }", "1:parameter", "must be an integer, not 1.5")
    body_finds("ec2.describe_instances { MaxResults = 3000000000 }", "1:parameter", "out of range")
    body_finds("ec2.describe_instances { DryRun = 'yes' }", "1:parameter", "true or false")
    body_finds("ec2.describe_instances { InstanceIds = 'i-1' }", "1:parameter", "must be a list")
    body_finds("ec2.describe_instances { InstanceIds = { Name = 'x' } }", "1:parameter", "must be a list")
    body_finds("ec2.describe_instances { InstanceIds = {} }", "1:parameter", "an empty list would vanish")
    body_finds("ec2.describe_instances { 'i-1' }", "1:parameter", "table of named parameters")
    body_finds("ec2.describe_instances { InstanceIds = { 'a' .. 1, 2 } }", "1:parameter",
               "InstanceIds[2]: must be a string, not a number")
    body_finds("ec2.describe_instances 'i-1'", "1:parameter", "wants a table of parameters")
    body_finds("ec2.describe_instances({}, 1)", "w 1:parameter", "what follows it is ignored")
end)

test("values that are not written down are accepted", function()
    body_clean("local a, b = log(1), log(2) ec2.describe_instances { InstanceIds = a, MaxResults = b, Filters = { a } }")
    body_clean("step('x', function() ec2.create_security_group { GroupName = run_id, Any = { x = {} },"
               .. " Since = 5, Size = 1, One = { A = 'a' } } end)")
    body_clean("step('x', function() sqs.send_message { QueueUrl = 'q', Attributes = { x = 'y' } } end)")
    body_finds("step('x', function() sqs.send_message { QueueUrl = 'q', Attributes = { x = 1 } } end)",
               "1:parameter", "Attributes[x]: must be a string")
    body_finds("step('x', function() ec2.modify_network_interface_attribute { NetworkInterfaceId = 'e',"
               .. " Kind = 'instanse' } end)", "w 1:parameter", "did you mean instance?")
end)

test("changes outside steps", function()
    body_finds(TAG, "1:outside-step ec2.create_tags changes something, outside any step")
    body_clean("step('x', function() " .. TAG .. " end)")
    body_clean("pcall(ec2.create_tags, { Resources = { 'i' }, Tags = { { Key = 'a' } }, DryRun = true })")
    body_finds("pcall(ec2.create_tags, { Resources = { 'i' }, Tags = { { Key = 'a' } }, DryRun = false })",
               "1:outside-step")
    body_clean("step('x', { optional = true }, function() " .. TAG .. " end)")
    body_finds("pcall(ec2.create_tags, { Resources = { 'i' }, Tags = { { Key = 'a' } } })", "1:outside-step")
    body_finds("parallel({ 1 }, function() " .. TAG .. " end)", "1:outside-step")
end)

test("helpers are followed", function()
    local helper = "local function tag() " .. TAG .. " end\n"
    body_clean(helper .. "step('x', function() tag() end) step('y', tag)")
    body_finds(helper .. "tag()", "1:outside-step", "(reached from line 2)")
    body_finds(helper .. "step('x', tag)\ntag()", "1:outside-step", "(reached from line 3)")
    clean(playbook("step('x', function() tag() end)", nil, helper))
    clean(playbook("tools.tag() step('x', function() tools.change() end)", nil,
                   "local tools = {} function tools.tag() end\nfunction tools.change() " .. TAG .. " end "))
end)

test("a helper that takes a function is as good as what it is given", function()
    local each = "local function each(fn) parallel({ 1 }, function(x) fn(x) end) end\n"
    body_clean(each .. "each(function(x) log(x) end) step('x', function() each(function() " .. TAG
               .. " end) end)")
    body_finds(each .. "each(function() " .. TAG .. " end)", "2:outside-step")
    body_clean("local function in_step(title, fn) step(title, fn) end\nin_step('x', function() " .. TAG
               .. " end)")
    body_clean("local tasks = { { 'a', function() " .. TAG .. " end } }\nstep('x', function()"
               .. " for _, task in ipairs(tasks) do task[2]() end end)")
end)

test("what cannot be decided is a warning", function()
    finds(playbook("step('x', function() end)", nil, "local t = require 'x1' t.later(function() " .. TAG
                   .. " end)\n"), "w 1:call-at-load", nil, { x1 = { file = "x1.lua", own = false,
                   source = "return { later = function(f) return load(f) end }" } })
    body_finds("local o = log('x') o.call(function() " .. TAG .. " end)", "w 1:outside-step", "perhaps")
    body_finds("local op = run_id step('y', function() end)\nec2[op] {}", "w 2:outside-step",
               "ec2.[...] may change something")
    body_clean("local op = run_id step('y', function() ec2[op] {} end)")
    body_clean("log(ec2['describe_' .. run_id] {})")
    finds(playbook("log(#handlers)", nil, "local handlers = { f = function() " .. TAG .. " end }\n"),
          "w 1:outside-step", "nothing shows that it stands inside a step")
end)

test("cordon's own modules are followed too", function()
    local head = 'local isolate = require "isolate"\n'
    local use = "local host = isolate.instance('i-1')\n"
    OPERATIONS["ec2.delete_security_group"] = { mutates = true, input = "" }
    finds(playbook(use .. "isolate.with_security_groups(host)", nil, head), "3:outside-step",
          "isolate.with_security_groups (by ec2.")
    clean(playbook(use .. "step('x', function() isolate.with_security_groups(host) end)", nil, head))
    OPERATIONS["ec2.delete_security_group"] = nil
end)

test("a team's own modules are checked, in their own file", function()
    local modules = { tools = { file = "lib/tools.lua", own = true,
                                source = "local t = {}\nfunction t.go() ec2.describe_instnces {} end\n"
                                    .. "function t.change() " .. TAG .. " end\nreturn t" } }
    local found = checked(playbook("tools.go() step('x', tools.change)", nil,
                                   "local tools = require 'tools'\n"), modules)
    check.equal(#found, 1)
    check.equal({ found[1].file, found[1].line, found[1].rule }, { "lib/tools.lua", 2, "operation" })
    finds(playbook("log(x1)", nil, "local x1 = require 'x1'\n"), "1:module no module \"x1\"", nil,
          { x1 = { missing = 'no module "x1"' } })
    finds(playbook("log(i)", nil, "local i = require 'isolat'\n"), "1:module", "did you mean 'isolate'?",
          { isolat = { missing = "none" } })
end)

test("calls when the file is loaded", function()
    finds(playbook("", nil, "ec2.describe_instances {}\n"), "1:call-at-load", "possible only inside run")
    finds(playbook("", nil, "local function f() ec2.describe_instances {} end f()\n"), "1:call-at-load")
end)

test("changes inside wait", function()
    body_finds("step('x', function() wait(function() " .. TAG .. " end) end)", "1:change-in-wait")
    body_clean("wait(function() return ec2.describe_instances {} end)")
end)

test("steps and windows in the wrong place", function()
    body_finds("step('a', function() step('b', function() end) end)", "1:step a step inside a step")
    body_finds("parallel({ 1 }, function() step('b', function() end) end)", "1:step a step inside parallel")
    body_finds("window { open = function() end, close = function() end }", "1:window a window is possible")
    local window = "window { open = function() end, close = function() %s end, settle = 1 }"
    body_clean("step('a', function() " .. window:format("") .. " end)")
    body_finds("step('a', function() " .. window:format(window:format("")) .. " end)", "1:window a window inside")
    body_finds("step('a', function() parallel({ 1 }, function() " .. window:format("") .. " end) end)",
               "1:window a window inside parallel")
    body_finds("step('a', function() window { open = function() end, settle = 1 } end)", "1:declaration",
               "the field 'close' is missing")
end)

test("options and fields", function()
    body_finds("step('a', { optinal = true }, function() end)", "1:declaration", "did you mean 'optional'?")
    body_finds("step('a', { optional = 1 }, function() end)", "1:declaration", "must be a boolean")
    body_finds("step('a', { on_failure = 'stop' }, function() end)", "1:declaration", "must be \"warn\"")
    body_finds("step('a')", "1:declaration", "the last argument must be a function")
    body_finds("step(function() end, function() end)", "1:declaration", "the title must be a string")
    body_finds("wait(function() end, { timeot = 1 })", "1:declaration", "did you mean 'timeout'?")
    body_finds("parallel({}, log, { limt = 1 })", "1:declaration", "did you mean 'limit'?")
    finds("return playbook { api = 1, name = 'x', sumary = 'x', summary = 'x', run = log }", "1:declaration",
          "did you mean 'summary'?")
end)

test("arguments declared and not used, used and not declared", function()
    finds(playbook("", "a = { type = 'string' }"), "1:unused-argument the argument 'a' is declared")
    clean(playbook("log(args.a)", "a = { type = 'string' }"))
    clean(playbook("local function f(x) log(x.a) end f(args)", "a = {}"))
    finds(playbook("log(args.insance, args.instance)", "instance = { type = 'instance' }"), "1:argument",
          "args.insance is not declared (did you mean 'instance'?)")
    clean(playbook("log('x', args)", "a = {}"))
    clean(playbook("for k, v in pairs(args) do log(k, v) end", "a = {}"))
    clean(playbook("for _, k in ipairs { 'a' } do log(args[k]) end", "a = {}"))
    clean(playbook("log('x')", "accept = { type = 'list' }"))
    clean(playbook("local function never() log(args.a) end log(function() never() end)", "a = {}"))
end)

test("arguments declared wrongly", function()
    finds(playbook("log(args.a)", "a = { type = 'instnce' }"), "1:argument", "did you mean instance?")
    finds(playbook("log(args.a)", "a = { type = 'number', default = 'x' }"), "1:argument", "is not a number")
    finds(playbook("log(args.a)", "a = { requird = true }"), "1:argument", "did you mean 'required'?")
    finds(playbook("log(args.a)", "a = { type = 'choice' }"), "1:argument", "without choices")
    finds(playbook("log(args.a)", "a = 'string'"), "1:argument", "without a table")
end)

test("why the sandbox refused it, unless that was said", function()
    check.equal(findings("return 1", nil, "f.lua:1: the file must end with: return playbook { ... }"),
                { "1:load the file must end with: return playbook { ... }" })
    check.equal(#findings("x = }", nil, "f.lua:1: unexpected symbol near '}'"), 1)
    check.equal(findings("return 1", nil, "it used up its time"), { "1:load it used up its time" })
end)

test("findings are sorted and no more than can be read", function()
    local list = findings(playbook(("nonsense()\n"):rep(2000)))
    check.equal(#list, 200)
    check.has(list[1], "1:global")
    check.has(list[200], "200:global")
end)

test("what is named is looked up, through aliases too", function()
    local names = lint.names([[local sqs = require "sqs" local q = sqs local t = require "tools"
        ec2.a {} q.b {} ec2.pages("c") string.format("x") local other = {} other.d {}]], { "ec2", "sqs" })
    check.equal(names, { modules = { "tools" }, operations = { "ec2.a", "sqs.b", "ec2.c" } })
end)

test("a playbook that goes round in circles ends", function()
    local parts = {}
    for i = 1, 60 do parts[i] = ("local function g%d(x) x(g%d) return x end"):format(i, i) end
    for i = 1, 60 do for j = 1, 60 do parts[#parts + 1] = ("g%d(g%d)"):format(i, j) end end
    check.ok(#findings(table.concat(parts, "\n")) <= 1)
end)

return tests
