-- core_requests.lua - asking the host, and the branches of `parallel`.
--
-- Owns: the numbers of requests, who waits for which reply, and the one scheduler. The
-- order in which branches go on is the order of the host's replies, and nothing else.
local core, host = ...

local TOKEN = {}       -- what a waiting branch yields; no playbook can hold it
local DEFAULT_LIMIT = 64

local sent, received = 0, 0
local replies = {}     -- by id: arrived, for code that blocks
local waiting = {}     -- by id: the branch that waits for it
local branches = {}    -- by coroutine
local runnable, first, last = {}, 1, 0

core.current = { name = "", parallels = 0 } -- the branch that is running
core.blocking = 0      -- above 0: even branches wait where they are (a module is loading)

local function make_runnable(branch, value)
  last = last + 1
  runnable[last] = { branch = branch, value = value }
end

-- Takes one reply from the host. They come in the order of the requests.
local function take()
  local m = host.receive()
  received = received + 1
  if m.t ~= "reply" or m.id ~= received then error("the host broke the protocol", 0) end
  local branch = waiting[m.id]
  if branch then
    waiting[m.id] = nil
    make_runnable(branch, m)
  else
    replies[m.id] = m
  end
end

local function can_yield()
  return core.blocking == 0 and branches[coroutine.running()] and coroutine.isyieldable()
end

local function await(id)
  if can_yield() then
    waiting[id] = core.current
    return coroutine.yield(TOKEN)
  end
  while not replies[id] do take() end
  local m = replies[id]
  replies[id] = nil
  return m
end

-- Sends a request and waits for its reply. Returns the value, or nil and the error.
function core.try_request(message)
  if not core.running and message.t ~= "require" then
    core.fail("'%s' is possible only inside the playbook's run function", message.t)
  end
  message.id = sent + 1
  local problem = host.send(message)
  if problem then core.fail("%s: %s", message.t, problem) end
  sent = sent + 1
  local m = await(message.id)
  if m.error then return nil, core.new_error(m.error) end
  return m.value
end

function core.request(message)
  local value, failure = core.try_request(message)
  if failure then error(failure, 0) end
  return value
end

-- --- branches ----------------------------------------------------------------

local function finished(branch)
  local group = branch.group
  branches[branch.co] = nil
  group.active = group.active - 1
  group.start()
  if group.active == 0 and group.parent then make_runnable(group.parent) end
end

local function resume(branch, value)
  local before = core.current
  core.current = branch
  local ok, got = coroutine.resume(branch.co, value)
  core.current = before
  if coroutine.status(branch.co) == "dead" then
    if not ok then branch.group.errors[branch.index] = core.caught(got) end
    finished(branch)
  end
end

local function pump(group)
  while group.active > 0 do
    if first <= last then
      local next_up = runnable[first]
      runnable[first] = nil
      first = first + 1
      resume(next_up.branch, next_up.value)
    else
      take()
    end
  end
end

local function new_branch(group, index)
  local branch = { group = group, index = index, parallels = 0,
                   name = group.prefix .. group.number .. "." .. index }
  branch.co = coroutine.create(function()
    local item = group.list[index]
    local ok, got = xpcall(group.fn, core.caught, item, index)
    if ok then group.results[index] = got else group.errors[index] = core.caught(got) end
  end)
  branches[branch.co] = branch
  return branch
end

local function new_group(list, fn, limit)
  local parent = core.current
  parent.parallels = parent.parallels + 1
  local group = { list = list, fn = fn, results = {}, errors = {}, active = 0,
                  number = parent.parallels,
                  prefix = parent.name == "" and "" or parent.name .. "/" }
  local count, started = #list, 0
  group.count = count
  function group.start()
    while group.active < limit and started < count do
      started = started + 1
      group.active = group.active + 1
      make_runnable(new_branch(group, started))
    end
  end
  return group
end

local function label(group, index)
  local item = group.list[index]
  local kind = type(item)
  if kind == "string" or kind == "number" then return "item " .. index .. " (" .. item .. ")" end
  return "item " .. index
end

local function raise_failures(group)
  local failures, texts, code = {}, {}, nil
  for index = 1, group.count do
    local e = group.errors[index]
    if e then
      failures[#failures + 1] = { index = index, item = group.list[index], error = e }
      texts[#texts + 1] = label(group, index) .. ": " .. tostring(e)
      if code == nil then code = e.code elseif code ~= e.code then code = false end
    end
  end
  if #failures == 0 then return end
  error(core.new_error {
    code = code or "PlaybookError", failures = failures,
    message = #failures .. " of " .. group.count .. " failed: " .. table.concat(texts, "; "),
  }, 0)
end

local function is_limit(n)
  if math.type(n) ~= "integer" or n < 1 then return "must be a whole number from 1" end
end

core.fields = { parallel = { limit = is_limit } } -- see core_steps.lua

-- Runs fn(item, index) for every item, each in a branch of its own. All finish; then it
-- returns the results in the order of the items, or raises one error for all failures.
function core.parallel(list, fn, options)
  core.check_type("parallel: the first argument", list, "table")
  core.check_type("parallel: the second argument", fn, "function")
  core.check_fields("parallel: options", options == nil and {} or options, core.fields.parallel)
  local group = new_group(list, fn, options and options.limit or DEFAULT_LIMIT)
  group.start()
  if group.active > 0 then
    if can_yield() then
      group.parent = core.current
      coroutine.yield(TOKEN)
    else
      pump(group)
    end
  end
  raise_failures(group)
  return group.results
end

-- --- coroutines of the playbook's own ----------------------------------------

-- Branches are ours: a playbook that got hold of one (coroutine.running) can neither
-- resume nor close it, and cannot yield out of it.
local function refuse_branch(co)
  if branches[co] then core.fail("a branch of parallel cannot be resumed or closed by hand") end
end

core.coroutine = {
  create = coroutine.create,
  wrap = coroutine.wrap,
  running = coroutine.running,
  isyieldable = function()
    return coroutine.isyieldable() and not branches[coroutine.running()]
  end,
  status = coroutine.status,
  resume = function(co, ...)
    refuse_branch(co)
    return coroutine.resume(co, ...)
  end,
  close = function(co)
    refuse_branch(co)
    return coroutine.close(co)
  end,
  yield = function(...)
    if branches[coroutine.running()] then
      core.fail("coroutine.yield is possible only in a coroutine of your own")
    end
    return coroutine.yield(...)
  end,
}
