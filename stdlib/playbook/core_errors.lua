-- core_errors.lua - the errors that playbooks see, and the checks that raise them.
--
-- Owns: the error table (code, message, operation, status, request_id, retryable, place,
-- called_from) and how it prints. Runs before any playbook code, with libraries that no
-- playbook can reach; `core` is shared by our own parts, `host` holds the C functions.
local core, host = ...

local PLAIN = "PlaybookError" -- misuse, and what the playbook raised itself: no code to show
local LONGEST = 4000 -- bytes of a text that go to the host
local SENT = { code = "string", message = "string", operation = "string", request_id = "string",
               place = "string", called_from = "string", status = "number", retryable = "boolean" }

local meta = { __name = "error", __metatable = false }

local function details(e)
  local parts = {}
  if e.operation then parts[#parts + 1] = tostring(e.operation) end
  if e.status then parts[#parts + 1] = "HTTP " .. tostring(e.status) end
  if e.request_id then parts[#parts + 1] = "request " .. tostring(e.request_id) end
  return #parts > 0 and " (" .. table.concat(parts, ", ") .. ")" or ""
end

-- Where in stdlib an error was raised on purpose tells an operator nothing: it is said of
-- playbooks, and of faults of the code itself (whose place Lua says).
local function is_told(e)
  return e.place and (e.fault or not string.find(e.place, "^stdlib/"))
end

local function with_place(e, text)
  if is_told(e) then text = tostring(e.place) .. ": " .. text end
  if e.called_from then text = text .. ", called from " .. tostring(e.called_from) end
  return text
end

function meta.__tostring(e)
  local text = tostring(e.message) .. details(e)
  if e.code and e.code ~= PLAIN then text = tostring(e.code) .. ": " .. text end
  return with_place(e, text)
end

function meta.__concat(a, b)
  return tostring(a) .. tostring(b)
end

function core.is_error(value)
  return host.metatable(value) == meta
end

-- Makes an error of a table of its fields, with the place of the code that is running.
function core.new_error(fields)
  local place, playbook = host.where()
  fields.place = fields.place or place or playbook
  if playbook ~= fields.place then fields.called_from = playbook end
  return setmetatable(fields, meta)
end

-- Raises what the playbook did wrong.
function core.fail(format, ...)
  local text = select("#", ...) > 0 and string.format(format, ...) or format
  error(core.new_error { code = PLAIN, message = text }, 0)
end

-- Lua's own messages begin with their place: it goes where ours have it.
local function split_place(text)
  local place, rest = string.match(text, "^([^\n]-:%d+): (.*)$")
  if not place then return nil, text end
  if string.find(place, "^%[cordon%]") then place = nil end
  return place, rest
end

-- The beginning says where, the end says what.
local function cut(text)
  if #text <= LONGEST then return text end
  return string.sub(text, 1, LONGEST // 2) .. " ... " .. string.sub(text, -LONGEST // 2)
end

local function text_of(value)
  local ok, text = pcall(tostring, value)
  return ok and cut(text) or "an error that cannot be printed"
end

-- Whatever was raised, as an error table. A message handler for xpcall too: then the
-- place is where it was raised.
function core.caught(value)
  if core.is_error(value) then return value end
  local fields = { code = PLAIN }
  fields.place, fields.message = split_place(text_of(value))
  fields.fault = fields.place ~= nil or nil
  if type(value) == "table" then
    for name, kind in pairs(SENT) do
      local given = rawget(value, name)
      if type(given) == kind and name ~= "message" then fields[name] = given end
    end
    if type(rawget(value, "message")) == "string" then fields.message = rawget(value, "message") end
  end
  return core.new_error(fields)
end

-- The fields of an error that go to the host; its message names the place.
function core.plain(e)
  local fields = {}
  for name, kind in pairs(SENT) do
    local value = rawget(e, name)
    if kind == "string" and type(value) == kind then value = cut(value) end
    if type(value) == kind and value == value then fields[name] = value end
  end
  fields.code = fields.code or PLAIN
  fields.message = with_place(fields, fields.message or "no message")
  return fields
end

-- " (did you mean 'x'?)" or "".
function core.suggestion(word, known)
  local words = {}
  for name in pairs(known) do
    if type(name) == "string" and string.find(name, "^%a") then words[#words + 1] = name end
  end
  local near = type(word) == "string" and host.nearest(word, words)
  return near and " (did you mean '" .. near .. "'?)" or ""
end

-- Checks a table of named fields: `known` maps a name to its type, or to a function that
-- returns what is wrong.
function core.check_fields(what, given, known)
  if type(given) ~= "table" then core.fail("%s wants a table, not a %s", what, type(given)) end
  for name, value in pairs(given) do
    local wanted = known[name]
    if not wanted then
      core.fail("%s: unknown field '%s'%s", what, tostring(name), core.suggestion(name, known))
    end
    local problem
    if type(wanted) == "function" then
      problem = wanted(value)
    elseif type(value) ~= wanted then
      problem = "must be a " .. wanted .. ", not a " .. type(value)
    end
    if problem then core.fail("%s: '%s' %s", what, name, problem) end
  end
end

-- As Lua's, but the handler runs after the stack was unwound: inside it, after a kill, the
-- clock could not be looked at. A playbook has no traceback to miss.
function core.xpcall(fn, handler, ...)
  core.check_type("xpcall: the handler", handler, "function")
  local results = table.pack(pcall(fn, ...))
  if results[1] then return table.unpack(results, 1, results.n) end
  return false, select(2, pcall(handler, results[2]))
end

function core.check_type(what, value, wanted)
  if type(value) ~= wanted then
    core.fail("%s must be a %s, not a %s", what, wanted, type(value))
  end
end
