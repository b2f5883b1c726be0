-- core.lua - one pass of a playbook: its names, its declaration, its run.
--
-- Owns: which names a playbook sees, and the order load, playbook, run, done.
local core, host = ...

-- --- names -------------------------------------------------------------------

local names = core.names
local NEVER_UNDEFINED = { ticket = true } -- nil unless the host gave it

local function add(name, value)
  names[name] = value
end

for _, name in ipairs { "assert", "error", "getmetatable", "ipairs", "load", "next", "pairs",
                        "pcall", "rawequal", "rawget", "rawlen", "rawset", "select",
                        "setmetatable", "tonumber", "tostring", "type", "_VERSION" } do
  add(name, _ENV[name])
end
for _, name in ipairs { "math", "string", "table", "utf8" } do
  add(name, host.freeze(_ENV[name], name))
end
for _, name in ipairs { "playbook", "window", "expect", "log", "print", "parallel", "wait",
                        "require", "xpcall", "digest" } do
  add(name, core[name])
end
add("coroutine", host.freeze(core.coroutine, "coroutine"))
add("os", host.freeze(core.os, "os"))
add("_G", core.environment)
add("run_id", core.load.run_id)
add("ticket", core.load.ticket)
for service, module in pairs(core.services) do add(service, module) end

-- What an undefined name was perhaps meant for; lint says it too.
core.hints = {
  io = "files are out of a playbook's reach", debug = "it is out of a playbook's reach",
  package = "use require", dofile = "use require", loadfile = "use require",
  collectgarbage = "memory is managed for you", warn = "use log",
  step = "it is the second argument of run",
}

-- Called by the environment with a name that it does not know, or must not write.
names[true] = function(name, assigned)
  if NEVER_UNDEFINED[name] and not assigned then return nil end
  if assigned then core.fail("'%s' belongs to cordon: choose another name, or a local", name) end
  local hint = core.hints[name] and ": " .. core.hints[name] or core.suggestion(name, names)
  core.fail("undefined name '%s'%s", name, hint)
end

-- --- the pass ----------------------------------------------------------------

local function send(message)
  local problem = host.send(message)
  if problem then error("what the playbook gave cannot be sent: " .. problem, 0) end
end

local function finish(ok, value)
  if ok then
    local problem = host.send { t = "done", ok = true, value = value }
    if not problem then return end
    value = core.new_error { code = "PlaybookError",
                             message = "what run returned cannot be sent: " .. problem }
  end
  send { t = "done", ok = false, error = core.plain(core.caught(value)) }
end

local function load_playbook()
  local chunk, problem = host.load(core.load.source, core.load.file)
  if not chunk then error(problem, 0) end
  local declared = core.declaration(chunk())
  if not declared then core.fail("the file %s must end with: return playbook { ... }", core.load.file) end
  local message = { t = "playbook", api = declared.api, name = declared.name,
                    summary = declared.summary, args = declared.args or {} }
  local refused = host.send(message)
  if refused then core.fail("playbook: %s", refused) end
  return declared
end

local ok, declared = xpcall(load_playbook, core.caught)
if not ok then
  finish(false, declared)
  return
end
local message = host.receive()
if message.t ~= "run" then error("the host broke the protocol", 0) end
core.running = true
finish(xpcall(declared.run, core.caught, message.args or {}, core.step))
