-- drill.lua - one drill, as the host asks about it.
--
-- Owns: the drill's stage (declaration, world, flows, runs, verdicts) from `start` to `result`.
-- Each function takes one map and gives one value (host/run/advisor.h, `drill`). The drill file
-- itself runs elsewhere, confined: what comes from there is checked first.
local builder = require "sim_builder"
local declaration = require "drill_declaration"
local engine = require "flow_engine"
local expect = require "drill_expect"
local fields = require "drill_fields"
local moments = require "drill_moments"
local sim = require "sim"
local sim_clock = require "sim_clock"
local sim_load = require "sim_load"
local sim_world = require "sim_world"
local words = require "drill_world"

local drill = {}

local MOST_VERDICTS = 1000

local stage

local function set_world(world)
    stage.world = world
    stage.builder = builder.new(world)
    stage.flows = engine.new(world, { move_to = sim_clock.move_to })
end

-- {}: forgets the drill before.
function drill.start()
    stage = { objects = {}, runs = {}, verdicts = {}, wanted_cut = {}, waits = {}, faults = {},
              asked = 0 }
    set_world(sim_world.new {})
    return true
end

-- ---- the drill's own process asks ----------------------------------------------------------

local asks = {}

function asks.declare(about)
    if stage.declared then fields.fail("a file declares one drill") end
    stage.declared = declaration.read(about.options or {})
    stage.faults = stage.declared.faults
    set_world(sim_world.new { seed = stage.declared.seed })
end

local function in_world(word)
    return function(about)
        if stage.before then fields.fail("'%s' belongs into world: the drill has begun", word) end
        return words[word](stage, about)
    end
end

for _, word in ipairs { "vpc", "subnet", "group", "allow", "route_table", "instance", "interface",
                        "elastic_ip", "nat", "managed_interface", "flow", "role", "load_balancer",
                        "target_group", "auto_scaling_group" } do
    asks[word] = in_world(word)
end
asks.find = function(about) return words.find(stage, about) end

-- In world it builds; in expect it is a colleague's call.
asks.call = function(about)
    local value = words.call(stage, about)
    if stage.before then stage.flows:changed() end
    return value
end

-- A fault that names what the world has.
function asks.fault(about)
    if #stage.faults >= 100 then fields.fail("a drill has 100 faults at most") end
    stage.faults[#stage.faults + 1] = declaration.fault(about.options)
end

-- Lets time go by.
function asks.pass(about)
    fields.check("pass", about.options, { seconds = fields.seconds(30 * 86400) })
    fields.needs("pass", about.options, "seconds")
    stage.flows:advance(about.options.seconds)
end

local function keep_verdict(verdict)
    if #stage.verdicts >= MOST_VERDICTS then
        fields.fail("a drill has %d expectations at most", MOST_VERDICTS)
    end
    stage.verdicts[#stage.verdicts + 1] = verdict
    return { ok = verdict.ok }
end

local function expectation(word, about)
    if not stage.before then fields.fail("'%s' belongs into expect: nothing has run yet", word) end
    local verdict = expect.judge(stage, word, about.options or {})
    if word == "state" then return verdict end
    return keep_verdict(verdict)
end

local function answer_ask(about)
    local word = tostring(about.ask)
    if asks[word] then return asks[word](about) end
    if expect.knows(word) then return expectation(word, about) end
    fields.fail("a drill has no word '%s'", word:sub(1, 100))
end

local function as_reply(ok, result)
    if ok then return { value = result } end
    if type(result) == "table" and result.message then
        return { error = { code = result.code, message = result.message } }
    end
    return { error = { code = "PlaybookError", message = tostring(result) } }
end

-- {ask, on, options}: {value} or {error}.
function drill.ask(about)
    return as_reply(pcall(answer_ask, about))
end

-- {options}: a further run of expect: {value = {playbook, pairs, ticket}} or {error}.
function drill.one_run(about)
    return as_reply(pcall(declaration.run, about.options))
end

-- {text, ok, why}: a verdict of the host's own.
function drill.verdict(about)
    return as_reply(pcall(keep_verdict, { text = about.text, ok = about.ok, why = about.why }))
end

-- What is declared: {name, runs, seed, latency}.
function drill.declared()
    local d = stage.declared
    return d and { name = d.name, runs = d.runs, seed = d.seed, latency = d.latency } or {}
end

-- {record} and {records}: a saved world (host/run/world_file.h), before anything was built.
function drill.begin(about)
    set_world(words.load_first(stage, about.record))
    return true
end

function drill.add(about)
    for _, record in ipairs(about.records) do sim_load.add(stage.world, record) end
    return true
end

-- ---- a run --------------------------------------------------------------------------------

-- {}: a run begins: {now}. The first one fixes what "before" is.
function drill.run_begin()
    if not stage.before then
        stage.before, stage.flows_before = sim_world.fork(stage.world), {}
        for _, flow in ipairs(stage.flows.flows) do stage.flows_before[flow.name] = flow.state end
        stage.started = stage.world.now
    end
    stage.run = { calls = {}, mutations = 0, count = 0, transcript = "", plan = nil }
    stage.asked = 0
    stage.world.disk = nil
    return { now = stage.world.now }
end

local function move_to(microseconds)
    local seconds = (microseconds - stage.world.now) / 1000000
    if seconds > 0 then stage.flows:advance(seconds) end
end

-- A dry run asks about permissions; a fault that counts calls does not count it.
local function faults_for(call)
    if not call.params.DryRun then return stage.faults end
    local denials = {}
    for _, rule in ipairs(stage.faults) do
        if rule.deny and not rule.nth then denials[#denials + 1] = rule end
    end
    return denials
end

-- What takes a run back, or closes its window, is not the run's.
local function count(call)
    local run = stage.run
    if run.ended then return end
    run.count = run.count + 1
    if call.params.DryRun then return end
    run.calls[call.operation] = (run.calls[call.operation] or 0) + 1
    if call.mutates then run.mutations = run.mutations + 1 end
end

-- {service, operation, params, mutates, now}: as sim.answer, and {now, disk}.
function drill.answer(about)
    about.params = about.params or {}
    move_to(about.now)
    count(about)
    stage.world.faults = faults_for(about)
    local answer = sim.answer(stage.world, about)
    stage.flows:changed()
    return { value = answer.value, error = answer.error, unknown = answer.unknown,
             kill = answer.kill, not_modelled = answer.not_modelled,
             now = stage.world.now, disk = stage.world.disk }
end

-- {seconds}: the run waits.
function drill.advance(about)
    stage.flows:advance(about.seconds)
    stage.waits[#stage.waits + 1] = { till = stage.world.now, seconds = about.seconds }
    return { now = stage.world.now }
end

function drill.facts()
    return { account = stage.world.account, region = stage.world.region, now = stage.world.now }
end

-- {question ("step", "id" or "unplanned"), about, transcript}: {answer}; no answer: {}.
function drill.operator(about)
    local run, operator = stage.run, stage.declared.operator
    run.plan = run.plan or about.transcript
    if about.question == "id" then return { answer = about.about } end
    if about.question == "unplanned" then return { answer = operator.unplanned or "no" } end
    stage.asked = stage.asked + 1
    local answer = operator[about.about] or operator[stage.asked] or "yes"
    return { answer = answer }
end

-- {exit, transcript, lines, note}: it has ended, or was killed.
function drill.run_end(about)
    local run = stage.run
    run.exit, run.note, run.ended = about.exit, about.note, true
    run.transcript = about.transcript or run.plan or ""
    run.plan = run.plan or run.transcript
    run.moments, run.windows = moments.read(about.lines), moments.windows(about.lines)
    stage.flows:changed()
    stage.runs[#stage.runs + 1] = run
    return true
end

-- {lines}: the journal of the last run was written on (close).
function drill.journal(about)
    local run = stage.runs[#stage.runs]
    run.moments, run.windows = moments.read(about.lines), moments.windows(about.lines)
    return true
end

-- ---- the end ------------------------------------------------------------------------------

local function is_declared(failure)
    for _, text in ipairs(stage.declared.failures or {}) do
        if failure.text:find(text, 1, true) then return true end
    end
    return false
end

local function declared_come(failures)
    for _, text in ipairs(stage.declared.failures or {}) do
        local came = false
        for _, failure in ipairs(failures) do came = came or failure.text:find(text, 1, true) end
        if not came then return false, text end
    end
    return true
end

-- A drill that is meant to fail must fail in what it declares, and in nothing else.
local function passed(failures)
    if not stage.declared.failures then return #failures == 0 end
    for _, failure in ipairs(failures) do
        if not is_declared(failure) then return false end
    end
    local come, missing = declared_come(failures)
    return come, not come and ("it is meant to fail in \"%s\", and did not"):format(missing) or nil
end

local function cut_at(name)
    for _, change in ipairs(stage.flows:history(name)) do
        if change.state == "cut" then return change.at end
    end
end

-- Simulated microseconds from the first run's start until all flows that were to be cut were.
local function contained_after()
    local last, any = stage.started, false
    for name in pairs(stage.wanted_cut) do
        local at = cut_at(name)
        if not at then return nil end
        last, any = math.max(last, at), true
    end
    return any and last - stage.started or nil
end

-- Of that, what the run waited of its own will (a window's settle time).
local function waited_before(microseconds)
    local seconds = 0
    for _, wait in ipairs(stage.waits) do
        if wait.till <= stage.started + microseconds then seconds = seconds + wait.seconds end
    end
    return seconds
end

local function score()
    local count = 0
    for _, run in ipairs(stage.runs) do count = count + run.count end
    local after, latency = contained_after(), stage.declared.latency
    local waited = after and waited_before(after) or 0
    local travelled = after and after / 1000000 - waited
    return { seconds = after and after / 1000000, calls = count, waited = waited,
             wanted = next(stage.wanted_cut) ~= nil,
             round_trips = after and latency > 0 and math.floor(travelled / latency + 0.5) or nil,
             took = stage.started and (stage.world.now - stage.started) / 1000000 or 0 }
end

-- {passed, count, failures = {{text, why}}, meant (texts), why, score}.
function drill.result()
    local failures = {}
    for _, verdict in ipairs(stage.verdicts) do
        if not verdict.ok then
            failures[#failures + 1] = { text = verdict.text, why = verdict.why }
        end
    end
    local ok, why = passed(failures)
    return { passed = ok, why = why, count = #stage.verdicts, failures = failures,
             meant = stage.declared.failures, score = score() }
end

return drill
