-- core_modules.lua - modules of a playbook: services, require, and time.
--
-- Owns: ec2, sqs, sts (a method per operation, pages), require, os.time and os.date on
-- the host's clock, and a sort that does the same in every pass.
local core, host = ...

-- --- services ----------------------------------------------------------------

local function call(service, operation, params)
  if params == nil then params = {} end
  if type(params) ~= "table" then
    core.fail("%s.%s wants a table of parameters, not a %s", service, operation, type(params))
  end
  local value = core.request { t = "call", branch = core.current.name, service = service,
                               operation = operation, params = params }
  return value == nil and {} or value
end

local described = {}

local function describe(service, operation)
  local key = service .. "." .. operation
  if not described[key] then
    described[key] = core.request { t = "describe", service = service, operation = operation }
  end
  return described[key]
end

local function copy(fields)
  local result = {}
  for name, value in pairs(fields) do result[name] = value end
  return result
end

-- An iterator over the pages of a paginated read.
local function pages(service, operation, params)
  core.check_type(service .. ".pages: the operation's name", operation, "string")
  if params ~= nil then core.check_type(service .. ".pages: parameters", params, "table") end
  local model = describe(service, operation)
  if model.page_input == "" or model.page_output == "" then
    core.fail("%s.%s has no pages: call it directly", service, operation)
  end
  params = copy(params or {})
  local token, over
  return function()
    if over then return nil end
    local page = call(service, model.method, params)
    local following = page[model.page_output]
    if following ~= nil and following == token then
      core.fail("%s.%s: the same page came twice", service, operation)
    end
    token = following
    params[model.page_input] = following
    over = following == nil or following == ""
    return page
  end
end

local function service_module(service)
  local methods = {
    pages = function(operation, params) return pages(service, operation, params) end,
  }
  return host.freeze(function(_, name)
    if type(name) ~= "string" then return nil end
    if not methods[name] then
      methods[name] = function(params) return call(service, name, params) end
    end
    return methods[name]
  end, service)
end

core.services = {}
for _, service in ipairs(core.load.modules or {}) do
  core.services[service] = service_module(service)
end

-- --- require -----------------------------------------------------------------

local LOADING = {}
local loaded = {}

-- Our own modules come first for the host too, so it need not be asked for them.
local function module_chunk(name)
  local carried = host.carried(name)
  if carried then return carried end
  local answer = core.request { t = "require", name = name }
  local chunk, problem = host.load(answer.source, answer.file)
  if not chunk then core.fail("require '%s': %s", name, problem) end
  return chunk
end

-- A module's code runs to its end before anything else goes on, so that two branches can
-- want the same one.
local function run_module(name)
  local chunk = module_chunk(name)
  local module = chunk(name)
  return module == nil and true or module
end

function core.require(name)
  core.check_type("require: the module's name", name, "string")
  if not string.find(name, "^[%a_][%w_-]*$") or name == "core"
    or string.find(name, "^core_") then
    core.fail("require '%s': a module has a plain name, without folders or dots", name)
  end
  if core.services[name] then return core.services[name] end
  if loaded[name] == LOADING then core.fail("require '%s': it requires itself", name) end
  if loaded[name] == nil then
    loaded[name] = LOADING
    core.blocking = core.blocking + 1
    local ok, got = xpcall(function()
      return run_module(name)
    end, core.caught)
    core.blocking = core.blocking - 1
    loaded[name] = ok and got or nil
    if not ok then error(core.caught(got), 0) end
  end
  return loaded[name]
end

-- --- time --------------------------------------------------------------------

-- Days since 1970 of a date of the proleptic Gregorian calendar.
local function days_of(year, month, day)
  local carried = (month - 1) // 12
  year, month = year + carried, month - carried * 12
  if month <= 2 then year, month = year - 1, month + 12 end
  return 365 * year + year // 4 - year // 100 + year // 400 + (153 * (month - 3) + 2) // 5
    + day - 719469
end

local function date_of(days)
  local z = days + 719468
  local era = z // 146097
  local doe = z - era * 146097
  local yoe = (doe - doe // 1460 + doe // 36524 - doe // 146096) // 365
  local doy = doe - (365 * yoe + yoe // 4 - yoe // 100)
  local mp = (5 * doy + 2) // 153
  local month = mp < 10 and mp + 3 or mp - 9
  return yoe + era * 400 + (month <= 2 and 1 or 0), month, doy - (153 * mp + 2) // 5 + 1
end

local function number(fields, name, otherwise)
  local n = math.tointeger(fields[name] == nil and otherwise or fields[name])
  if not n or n < -100000 or n > 10000000 then core.fail("os.time: '%s' is no number for a date", name) end
  return n
end

-- os.time(): the host's clock, in seconds since 1970; with a table, that moment in UTC.
local function time(fields)
  if fields == nil then return core.request { t = "time" } // 1000000 end
  core.check_type("os.time: the argument", fields, "table")
  local days = days_of(number(fields, "year"), number(fields, "month"), number(fields, "day"))
  return days * 86400 + number(fields, "hour", 12) * 3600 + number(fields, "min", 0) * 60
    + number(fields, "sec", 0)
end

-- os.date(format, seconds): in UTC, whether the format begins with '!' or not.
local function date(format, seconds)
  seconds = math.tointeger(seconds == nil and time() or seconds)
  if not seconds or math.abs(seconds) > 1 << 45 then core.fail("os.date: no such time") end
  format = string.gsub(format == nil and "%Y-%m-%dT%H:%M:%SZ" or format, "^!", "")
  local days, rest = seconds // 86400, seconds % 86400
  local year, month, day = date_of(days)
  local hour, min, sec = rest // 3600, rest % 3600 // 60, rest % 60
  if format == "*t" then
    return { year = year, month = month, day = day, hour = hour, min = min, sec = sec,
             wday = (days + 4) % 7 + 1, yday = days - days_of(year, 1, 1) + 1, isdst = false }
  end
  local two = function(n) return string.format("%02d", n) end
  local fields = { Y = string.format("%04d", year), m = two(month), d = two(day), H = two(hour),
                   M = two(min), S = two(sec), Z = "UTC", ["%"] = "%" }
  fields.F = fields.Y .. "-" .. fields.m .. "-" .. fields.d
  fields.T = fields.H .. ":" .. fields.M .. ":" .. fields.S
  return (string.gsub(format, "%%(.?)", function(letter)
    return fields[letter] or core.fail("os.date: '%%%s' is not known here (YmdHMSFTZ are)", letter)
  end))
end

core.os = { time = time, date = date }

-- --- sort --------------------------------------------------------------------

local function merge(from, to, low, middle, high, less)
  local left, right = low, middle
  for at = low, high - 1 do
    if left < middle and (right >= high or not less(from[right], from[left])) then
      to[at] = from[left]
      left = left + 1
    else
      to[at] = from[right]
      right = right + 1
    end
  end
end

-- Lua's own picks its pivots by the clock. This one is stable, and ends whatever the
-- comparing function says.
function table.sort(list, less)
  core.check_type("table.sort: the first argument", list, "table")
  if less ~= nil then core.check_type("table.sort: the second argument", less, "function") end
  less = less or function(a, b) return a < b end
  local count = #list
  if count > 1 << 24 then core.fail("table.sort: too long a list") end
  local from, to = {}, {}
  for i = 1, count do from[i] = list[i] end
  local width = 1
  while width < count do
    for low = 1, count, 2 * width do
      merge(from, to, low, math.min(low + width, count + 1), math.min(low + 2 * width, count + 1), less)
    end
    from, to = to, from
    width = 2 * width
  end
  for i = 1, count do list[i] = from[i] end
end
