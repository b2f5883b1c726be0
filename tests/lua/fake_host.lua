-- fake_host.lua - plays the host and the playbook process for tests of playbooks.
--
-- Owns: the playbook API over plain functions, one pass at a time: branches of `parallel` take
-- turns in an order drawn from a seed, calls are recorded with their branch and their ordinal.
local fake_host = {}

local READ = { describe = true, get = true }

local function is_read(operation) return READ[operation:match("^%l+")] ~= nil end

local function sorted_pairs(map)
    local keys = {}
    for key in pairs(map) do keys[#keys + 1] = key end
    table.sort(keys, function(a, b)
        if type(a) == type(b) then return a < b end
        return type(a) < type(b)
    end)
    local i = 0
    return function()
        i = i + 1
        if keys[i] ~= nil then return keys[i], map[keys[i]] end
    end
end

-- An undefined name is an error, but for the ticket, which may not have been given.
local function strict(env)
    return setmetatable(env, { __index = function(_, name)
        if name == "ticket" then return nil end
        error(("undefined name %q"):format(name), 2)
    end })
end

local pass = {}
pass.__index = pass

function pass:record(operation, params, answer)
    local branch = self.branch
    local ordinal = (self.ordinals[branch] or 0) + 1
    self.ordinals[branch] = ordinal
    local call = { branch = branch, ordinal = ordinal, operation = operation, params = params,
                   step = self.step_title, phase = self.phase }
    self.mutations[#self.mutations + 1] = call
    local ok, result = pcall(function()
        if self.gate then self.gate(self.mutations, call) end
        return answer()
    end)
    call.result, call.failed = ok and result or nil, not ok and result or nil
    if not ok then error(result, 0) end
    return result
end

function pass:call(operation, params)
    -- A round trip lasts a turn: others go on meanwhile.
    if coroutine.isyieldable() then coroutine.yield() end
    if is_read(operation) then
        self.reads[#self.reads + 1] = { operation = operation, params = params,
                                        step = self.step_title, phase = self.phase }
        return self.answer(operation, params)
    end
    assert(self.step_title, operation .. " outside a step")
    return self:record(operation, params, function() return self.answer(operation, params) end)
end

local function failures_text(failures)
    local texts = {}
    for _, failure in ipairs(failures) do
        local e = failure.error
        texts[#texts + 1] = ("%d: %s"):format(failure.item, type(e) == "table"
                                              and e.code .. ": " .. e.message or tostring(e))
    end
    return table.concat(texts, "; ")
end

function pass:parallel(list, fn)
    local parent = self.branch
    self.parallels[parent] = (self.parallels[parent] or 0) + 1
    local prefix = (parent == "" and "" or parent .. "/") .. self.parallels[parent]
    local running, results, failures = {}, {}, {}
    for i, item in ipairs(list) do
        running[#running + 1] = { item = i, branch = prefix .. "." .. i,
                                  thread = coroutine.create(function()
                                      local ok, value = pcall(fn, item, i)
                                      if ok then results[i] = value
                                      else failures[#failures + 1] = { item = i, error = value } end
                                  end) }
    end
    while #running > 0 do
        local turn = self.random(#running)
        local one = running[turn]
        self.branch = one.branch
        assert(coroutine.resume(one.thread))
        self.branch = parent
        if coroutine.status(one.thread) == "dead" then table.remove(running, turn) end
    end
    if #failures > 0 then
        table.sort(failures, function(a, b) return a.item < b.item end)
        error({ code = "ParallelFailed", message = failures_text(failures) }, 0)
    end
    return results
end

function pass:run_step(title, options, fn)
    if fn == nil then options, fn = {}, options end
    assert(not self.step_title, "a step inside a step")
    if options.when == false then return end
    self.steps[#self.steps + 1] = { title = title, hazards = options.hazards }
    self.step_title = title
    local ok, e = pcall(fn)
    self.step_title = nil
    if ok then return end
    if options.on_failure == "warn" then
        self.warnings[#self.warnings + 1] = title .. ": " .. self.text(e)
        return
    end
    error(e, 0)
end

function pass.text(e)
    return type(e) == "table" and (e.code .. ": " .. e.message) or tostring(e)
end

-- What open did not finish, the host closes: here it is enough that close always runs.
function pass:window(w)
    assert(self.step_title and w.open and w.close and w.settle, "window misused")
    self.phase = "open"
    local opened, e = pcall(w.open)
    self.settled = w.settle
    if self.settle then self.settle(w.settle) end
    self.phase = "close"
    local closed, e2 = pcall(w.close)
    self.phase = nil
    if not opened then error(e, 0) end
    if not closed then error(e2, 0) end
end

function pass:wait(fn)
    if self.rehearsal then return true end
    for _ = 1, 3 do
        if fn() then return true end
    end
    error({ code = "RequestTimeout", message = "waited in vain" }, 0)
end

-- The pages of a read, one after the other.
local function pages(self, operation, params)
    local token, over
    return function()
        if over then return nil end
        local asked = { NextToken = token }
        for key, value in pairs(params or {}) do asked[key] = value end
        local page = self:call(operation, asked)
        token = page.NextToken
        over = token == nil or token == ""
        return page
    end
end

local function environment(self)
    local env = { pairs = sorted_pairs, ipairs = ipairs, type = type, tostring = tostring,
                  tonumber = tonumber, pcall = pcall, error = error, select = select,
                  next = next, assert = assert, string = string, table = table, math = math,
                  utf8 = utf8, setmetatable = setmetatable }
    env.ec2 = setmetatable({}, { __index = function(_, operation)
        if operation == "pages" then
            return function(name, params) return pages(self, name, params) end
        end
        return function(params) return self:call(operation, params or {}) end
    end })
    env.parallel = function(list, fn) return self:parallel(list, fn) end
    env.window = function(w) self:window(w) end
    env.wait = function(fn) return self:wait(fn) end
    env.log = function(text) self.logs[#self.logs + 1] = text end
    env.expect = function(ok, text, detail)
        self.expects[#self.expects + 1] = { ok = ok, text = text, detail = detail }
    end
    env.playbook = function(declaration) return declaration end
    env.run_id, env.ticket = self.run_id, self.ticket
    local loaded = {}
    env.require = function(name)
        if loaded[name] == nil then
            loaded[name] = assert(loadfile(("stdlib/playbook/%s.lua"):format(name), "t", env))()
        end
        return loaded[name]
    end
    return strict(env)
end

local function generator(seed)
    local state = seed
    return function(n)
        state = (state * 1103515245 + 12345) % 2147483648
        return state // 65536 % n + 1
    end
end

-- One pass of a playbook file. options: args, answer(operation, params), seed, rehearsal,
-- run_id, ticket, settle(seconds) (what a window waits), gate(mutations, call) (raises when the call
-- must not be made). Gives {mutations, reads, steps, expects, logs, warnings, value, error}.
function fake_host.pass(file, options)
    local self = setmetatable({ branch = "", ordinals = {}, parallels = {}, mutations = {},
                                reads = {}, steps = {}, expects = {}, logs = {}, warnings = {},
                                answer = options.answer, rehearsal = options.rehearsal,
                                random = generator(options.seed or 1),
                                run_id = options.run_id or "20261124T021530Z-isolate-sg-7f3a",
                                ticket = options.ticket, settle = options.settle,
                                gate = options.gate }, pass)
    local declaration = assert(loadfile(file, "t", environment(self)))()
    local ok, value = pcall(declaration.run, options.args, function(...) self:run_step(...) end)
    if ok then self.value = value else self.error = pass.text(value) end
    return self, declaration
end

-- A module of stdlib/playbook/ in an environment without a world.
function fake_host.module(name)
    local self = setmetatable({ logs = {}, expects = {} }, pass)
    self.run_id = "20261124T021530Z-test-0001"
    return environment(self).require(name)
end

local PLANNED_KINDS = { create_security_group = { member = "GroupId", prefix = "sg" } }

-- What the host does before a rehearsal: the instance is read, then the copy of its VPC. A
-- read that fails leaves a gap.
local function take_snapshot(rehearsal, options)
    local list = { { service = "ec2", operation = "describe_instances",
                     params = { InstanceIds = { options.args.instance } } } }
    while #list > 0 do
        for _, call in ipairs(list) do
            local ok, result = pcall(options.answer, call.operation, call.params)
            if ok then rehearsal.seen(call, result) end
        end
        list = rehearsal.wants()
    end
end

-- A rehearsal on a copy of the VPC; reads that the copy does not cover go to `answer`.
function fake_host.rehearse(file, options)
    local rehearsal = require "rehearsal"
    rehearsal.begin()
    take_snapshot(rehearsal, options)
    local planned, sent = 0, {}
    local function skeleton_of(operation)
        local kind = PLANNED_KINDS[operation]
        if not kind then return {} end
        planned = planned + 1
        return { [kind.member] = ("%s-(planned-%d)"):format(kind.prefix, planned) }
    end
    local function answer(operation, params)
        local call = { service = "ec2", operation = operation, params = params }
        local skeleton = not is_read(operation) and skeleton_of(operation) or nil
        local reply = rehearsal.answer(call, skeleton)
        if reply.error then error(reply.error, 0) end
        if not reply.send then return reply.value end
        local result = options.answer(operation, params)
        sent[#sent + 1] = operation
        rehearsal.seen(call, result)
        return result
    end
    local self = fake_host.pass(file, { args = options.args, answer = answer, seed = options.seed,
                                        rehearsal = true, ticket = options.ticket })
    self.sent = sent
    return self
end

-- The mutations of a pass by their key, "branch#ordinal".
function fake_host.by_key(mutations)
    local map = {}
    for _, call in ipairs(mutations) do map[call.branch .. "#" .. call.ordinal] = call end
    return map
end

return fake_host
