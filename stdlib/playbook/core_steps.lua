-- core_steps.lua - what a playbook is made of.
--
-- Owns: playbook, step, window, expect, log, print, wait. It asks; confirmation, the
-- gate and the duty to close a window are the host's.
local core, host = ...

-- core.fields: the named fields of each function that takes some, and what they must be (as
-- core.check_fields wants it). lint learns them from here.

-- --- playbook ----------------------------------------------------------------

local declarations = {} -- by the value that `playbook` returned

local function is_api(value)
  if value ~= 1 then return "must be 1, the only version there is" end
end

local function is_name(value)
  if type(value) ~= "string" or not string.find(value, "^[%l%d][%l%d-]*$") or #value > 64 then
    return "must be lower-case letters, digits and hyphens, 64 at most"
  end
end

local function is_summary(value)
  if type(value) ~= "string" or value == "" or #value > 200 then
    return "must be a text of 1 to 200 bytes"
  end
end

core.fields.playbook = { api = is_api, name = is_name, summary = is_summary, args = "table",
                         run = "function" }

function core.playbook(fields)
  core.check_fields("playbook", fields, core.fields.playbook)
  for _, name in ipairs { "api", "name", "summary", "run" } do
    if fields[name] == nil then core.fail("playbook: the field '%s' is missing", name) end
  end
  local declared = {}
  for name in pairs(core.fields.playbook) do declared[name] = fields[name] end
  local handle = host.freeze({}, "playbook")
  declarations[handle] = declared
  return handle
end

function core.declaration(handle)
  return handle ~= nil and declarations[handle] or nil
end

-- --- step --------------------------------------------------------------------

local open_step, open_window = false, false

local function is_policy(value)
  if value ~= "warn" then return "must be \"warn\"" end
end

local function is_hazards(value)
  if type(value) ~= "table" then return "must be a table of texts by code" end
  for code, text in pairs(value) do
    if type(code) ~= "string" or type(text) ~= "string" then
      return "must be a table of texts by code"
    end
  end
end

core.fields.step = { optional = "boolean", on_failure = is_policy, hazards = is_hazards,
                     when = function() end }

local function outside_branches(what)
  if core.current.name ~= "" then core.fail("%s inside parallel is not possible", what) end
end

local function check_step(title, options, fn)
  core.check_type("step: the title", title, "string")
  core.check_fields("step '" .. title .. "'", options, core.fields.step)
  core.check_type("step '" .. title .. "': the last argument", fn, "function")
  outside_branches("a step")
  if open_step then core.fail("step '%s': a step inside a step is not possible", title) end
end

-- Ends what `kind` began; returns what the body returned. A failure of the body is
-- raised again unless the host and the options both let it pass.
local function finish(kind, warn, ok, ...)
  if ok then
    core.request { t = kind, ok = true }
    return ...
  end
  local failure = core.caught((...))
  local _, refused = core.try_request { t = kind, ok = false, error = core.plain(failure) }
  if refused or not warn then error(failure, 0) end
  return nil, failure
end

-- step(title, [options,] fn): what fn returned; nil when it was skipped; nil and the
-- error when it failed and on_failure = "warn".
function core.step(title, options, fn)
  if fn == nil then options, fn = {}, options end
  check_step(title, options, fn)
  local when = rawget(options, "when")
  if when == false then
    core.log("step left out, its condition does not hold: " .. title)
    return nil
  end
  local sent = { optional = options.optional, on_failure = options.on_failure,
                 hazards = options.hazards }
  local answer = core.request { t = "step", branch = "", title = title, options = sent }
  if answer ~= "run" then return nil end
  open_step = true
  local results = table.pack(xpcall(fn, core.caught))
  open_step = false
  return finish("step_end", options.on_failure == "warn", table.unpack(results, 1, results.n))
end

-- --- window ------------------------------------------------------------------

local function is_settle(value)
  if type(value) ~= "number" or not (value >= 0 and value <= 3600) then
    return "must be seconds, 0 to 3600"
  end
end

core.fields.window = { open = "function", close = "function", settle = is_settle }

local function check_window(fields)
  core.check_fields("window", fields, core.fields.window)
  for _, name in ipairs { "open", "close" } do
    if fields[name] == nil then core.fail("window: the field '%s' is missing", name) end
  end
  outside_branches("a window")
  if not open_step then core.fail("a window is possible only inside a step") end
  if open_window then core.fail("a window inside a window is not possible") end
end

-- Whatever fails between open and close, the host sends the closing calls still due.
function core.window(fields)
  check_window(fields)
  local settle = fields.settle or 0
  core.request { t = "window", branch = "", settle = settle }
  open_window = true
  local results = table.pack(xpcall(function()
    fields.open()
    core.request { t = "settle" }
    return fields.close()
  end, core.caught))
  open_window = false
  return finish("window_end", false, table.unpack(results, 1, results.n))
end

-- --- expect, log, wait -------------------------------------------------------

function core.expect(ok, text, detail)
  core.check_type("expect: the text", text, "string")
  core.request { t = "expect", ok = ok and true or false, text = text, detail = detail }
  return ok
end

function core.log(text, value)
  core.check_type("log: the text", text, "string")
  core.request { t = "log", text = text, value = value }
end

-- The SHA-256 of a value's JSON (keys sorted, no blanks, an empty list as {}: Lua has one empty
-- table), in hex: for manifests of evidence.
function core.digest(value)
  return core.request { t = "digest", value = value }
end

function core.print(...)
  local texts = table.pack(...)
  for i = 1, texts.n do texts[i] = tostring(texts[i]) end
  core.log(table.concat(texts, "\t"))
end

local function is_seconds(value)
  if type(value) ~= "number" or not (value > 0 and value <= 86400) then
    return "must be seconds, above 0"
  end
end

core.fields.wait = { timeout = is_seconds, interval = is_seconds }

-- Calls fn until it returns something true, which it returns; raises after `timeout`
-- seconds of the host's clock. In a rehearsal it returns true at once.
function core.wait(fn, options)
  core.check_type("wait: the first argument", fn, "function")
  options = options == nil and {} or options
  core.check_fields("wait: options", options, core.fields.wait)
  local timeout, interval = options.timeout or 60, options.interval or 2
  local began = core.request { t = "wait", timeout = timeout }
  if began == "skip" then return true end
  local over = began + math.floor(timeout * 1000000)
  while true do
    local result = fn()
    if result then return result end
    if core.request { t = "sleep", seconds = interval } >= over then
      error(core.new_error { code = "RequestTimeout",
                             message = "waited " .. timeout .. " s in vain" }, 0)
    end
  end
end
