-- core_drill.lua - one drill: its names, its declaration, its world, what it expects.
--
-- Owns: the words of a drill file and the order load, world, run, expect, done. A drill builds
-- nothing and judges nothing here: every word is a question to the host, which keeps the world
-- and the verdicts.
local core, host = ...

core.running = true -- a drill may ask from its first line on

local function ask(word, options, on)
  return core.request { t = "drill", ask = word, options = options, on = on }
end

-- --- the words of world ------------------------------------------------------

local OBJECT = {} -- kind of object -> its methods

-- What the host made, as a drill holds it: its number there, its id and its name.
local function object(made)
  if type(made) ~= "table" or not made.kind then return made end
  return setmetatable({ handle = made.handle, id = made.id, name = made.name },
                      OBJECT[made.kind] or OBJECT.other)
end

local function no_word(what, name, list)
  core.fail("%s has no '%s'%s", what, tostring(name), core.suggestion(name, list))
end

local function methods(kind, list)
  OBJECT[kind] = {
    __metatable = false,
    __index = function(_, name)
      return list[name] or no_word(kind, name, list)
    end,
  }
end

-- on:word { ... }
local function makes(word)
  return function(on, options) return object(ask(word, options or {}, { handle = on.handle })) end
end

methods("vpc", { subnet = makes "subnet", group = makes "group",
                 route_table = makes "route_table", load_balancer = makes "load_balancer",
                 target_group = makes "target_group",
                 auto_scaling_group = makes "auto_scaling_group" })
methods("subnet", { instance = makes "instance", nat = makes "nat",
                    managed_interface = makes "managed_interface" })
methods("instance", { interface = makes "interface", elastic_ip = makes "elastic_ip" })
methods("group", { allow = function(on, direction, rules)
  ask("allow", { direction = direction, rules = rules }, { handle = on.handle })
end })
methods("other", {})

-- A w of world or expect: a frozen table of its words.
local function words(what, list)
  return setmetatable({}, {
    __metatable = false,
    __index = function(_, name)
      return list[name] or no_word(what, name, list)
    end,
    __newindex = function(_, name) core.fail("%s cannot be given '%s'", what, tostring(name)) end,
  })
end

local function with_options(word)
  return function(_, options) return object(ask(word, options or {})) end
end

local function call(_, operation, params, service)
  return ask("call", { operation = operation, params = params, service = service })
end

local function find(_, name) return object(ask("find", { name = name })) end

local world = words("w (in world)", {
  vpc = with_options "vpc", role = with_options "role", flow = with_options "flow", fault = with_options "fault",
  call = call, instance = find,
  load = function(_, file) ask("load", { file = file }) end,
})

-- --- the words of expect -----------------------------------------------------

local function told(answer) return answer.ok end

-- w:cut "c2", or at a moment.
local function of_flow(word, moment)
  return function(_, name) return told(ask(word, { flow = name, at = moment })) end
end

local function flow_words(moment)
  local list = {}
  for _, word in ipairs { "cut", "alive", "paused", "unknown" } do
    list[word] = of_flow(word, moment)
  end
  function list.state(_, name)
    local answer = ask("state", { flow = name, at = moment })
    return answer.state, answer.why
  end
  return list
end

local expected = flow_words(nil)

function expected.at(_, moment)
  return words("w:at(\"" .. tostring(moment) .. "\")", flow_words(moment))
end

function expected.unchanged_except(_, ...)
  return told(ask("unchanged_except", { names = { ... } }))
end

local function plain(word, member)
  return function(_, value) return told(ask(word, { [member] = value })) end
end

expected.same_as_before = function() return told(ask("same_as_before", {})) end
expected.journal_verifies = function() return told(ask("journal_verifies", {})) end
expected.exit = plain("exit", "code")
expected.calls = plain("calls", "wanted")
expected.plan_names = plain("plan_names", "text")
expected.says = plain("says", "text")
expected.window = function(_, options) return told(ask("window", options or {})) end
expected.never_open = plain("never_open", "flow")
expected.blocked = function(_, flow) return told(ask("blocked", flow)) end
expected.open = function(_, flow) return told(ask("open", flow)) end
expected.that = function(_, ok, text, why)
  return told(ask("that", { ok = ok and true or false, text = text, why = why }))
end
expected.run = function(_, run) return ask("run", run).exit end
expected.undo = function(_, options) return ask("undo", options or {}).exit end
expected.close = function() return ask("close", {}).exit end
expected.pass = function(_, seconds) ask("pass", { seconds = seconds }) end
expected.fault = with_options "fault"
expected.call, expected.instance = call, find

local after = words("w (in expect)", expected)

-- --- drill -------------------------------------------------------------------

local declared
local handle = host.freeze({}, "drill")

function core.drill(fields)
  core.check_type("drill: the argument", fields, "table")
  local sent = {}
  -- Functions stay here: the host is told that they are there.
  for name, value in pairs(fields) do
    if type(value) == "function" then value = true end
    sent[name] = value
  end
  for _, name in ipairs { "world", "expect" } do
    if fields[name] ~= nil then
      core.check_type("drill: '" .. name .. "'", fields[name], "function")
    end
  end
  ask("declare", sent)
  declared = { world = fields.world, expect = fields.expect }
  return handle
end

-- --- names -------------------------------------------------------------------

local names = core.names
for _, name in ipairs { "assert", "error", "getmetatable", "ipairs", "next", "pairs", "pcall",
                        "rawequal", "rawget", "rawlen", "select", "setmetatable", "tonumber",
                        "tostring", "type", "_VERSION" } do
  names[name] = _ENV[name]
end
for _, name in ipairs { "math", "string", "table", "utf8" } do
  names[name] = host.freeze(_ENV[name], name)
end
for _, name in ipairs { "drill", "require", "xpcall" } do names[name] = core[name] end
names.os, names._G = host.freeze(core.os, "os"), core.environment

function names.print(...)
  local texts = table.pack(...)
  for i = 1, texts.n do texts[i] = tostring(texts[i]) end
  core.request { t = "log", text = table.concat(texts, "  ") }
end

local HINTS = { ec2 = "a drill asks w", sqs = "a drill asks w",
                playbook = "a drill runs one by its name" }

names[true] = function(name, assigned)
  if assigned then core.fail("'%s' belongs to cordon: choose another name, or a local", name) end
  local hint = HINTS[name] and ": " .. HINTS[name] or core.suggestion(name, names)
  core.fail("undefined name '%s'%s", name, hint)
end

-- --- the drill ---------------------------------------------------------------

local function run()
  local chunk, problem = load(core.load.source, "@" .. core.load.file, "t")
  if not chunk then error(problem, 0) end
  if chunk() ~= handle or not declared then
    core.fail("the file %s must end with: return drill { ... }", core.load.file)
  end
  ask("loaded", {})
  declared.world(world)
  ask("run_all", {})
  declared.expect(after)
end

local ok, failure = xpcall(run, core.caught)
local message = { t = "done", ok = ok }
if not ok then message.error = core.plain(failure) end
local refused = host.send(message)
if refused then error(refused, 0) end
