-- drill_expect.lua - what a drill expects, judged.
--
-- Owns: the words of expect(w). Each gives {ok, text, why}: the text says what was expected, the
-- why what was found instead. It changes nothing.
local calls = require "calls"
local compare = require "drill_compare"
local engine = require "flow_engine"
local fields = require "drill_fields"
local nearest = require "nearest"
local sim_clock = require "sim_clock"
local sim_world = require "sim_world"
local world_words = require "drill_world"

local expect = {}

local function verdict(ok, text, why)
    return { ok = ok and true or false, text = text, why = not ok and why or nil }
end

local function run_of(stage)
    local run = stage.runs[#stage.runs]
    if not run then fields.fail("nothing has run yet") end
    return run
end

-- ---- flows --------------------------------------------------------------------------------

local function flow_name(stage, options)
    local name = options.flow
    if stage.flows.by_name[name] then return name end
    local near = type(name) == "string" and nearest(name, calls.sorted_keys(stage.flows.by_name))
    fields.fail("there is no flow '%s'%s", tostring(name):sub(1, 100),
                near and (" (did you mean '" .. near .. "'?)") or "")
end

local function moment_of(stage, name)
    local moments = run_of(stage).moments
    if moments[name] then return moments[name] end
    local near = nearest(name, calls.sorted_keys(moments))
    fields.fail("the run has no moment '%s'%s", name:sub(1, 100),
                near and (" (did you mean '" .. near .. "'?)") or "")
end

-- Its state now, or at a moment of the last run.
local function state_of(stage, options)
    local name = flow_name(stage, options)
    if not options.at then
        local state, why = stage.flows:state(name)
        return name, state, why
    end
    local at, found = moment_of(stage, options.at), nil
    for _, change in ipairs(stage.flows:history(name)) do
        if change.at <= at then found = change end
    end
    if not found then fields.fail("the flow '%s' did not exist at '%s'", name, options.at) end
    return name, found.state, found.why
end

local function has_state(wanted)
    return function(stage, options)
        local name, state, why = state_of(stage, options)
        local when = options.at and (" at \"%s\""):format(options.at) or ""
        local result = verdict(state == wanted, ("%s is %s%s"):format(name, wanted, when),
                               ("it is %s: %s"):format(state, why or "no reason is known"))
        if wanted == "cut" and not options.at then stage.wanted_cut[name] = true end
        return result
    end
end

expect.cut = has_state("cut")
expect.alive = has_state("alive")
expect.paused = has_state("paused")
expect.unknown = has_state("unknown")

-- A flow that was declared impossible was not open at any moment.
function expect.never_open(stage, options)
    local name, state, why = state_of(stage, options)
    for _, change in ipairs(stage.flows:history(name)) do
        if change.state ~= "never possible" then state, why = change.state, change.why end
    end
    return verdict(state == "never possible", ("%s is not open at any moment"):format(name),
                   ("it was %s: %s"):format(state, why or "no reason is known"))
end

-- For drills that judge themselves: no expectation.
function expect.state(stage, options)
    local _, state, why = state_of(stage, options)
    return { state = state, why = why }
end

-- Could a new connection be opened? On a copy of the world: nothing is added to this one.
local function probe(stage, options)
    local flow = world_words.flow_of(stage, options)
    flow.name = flow.name or "probe"
    local copy = engine.new(sim_world.fork(stage.world), { move_to = sim_clock.move_to })
    local state, why = copy:add(flow)
    local to = type(flow.to) == "table" and flow.to.id or flow.to
    local from = type(flow.from) == "table" and flow.from.id or flow.from
    local text = ("a new connection from %s to %s%s"):format(
        tostring(from), tostring(to), flow.port and (" port %d"):format(flow.port) or "")
    return state, text, ("it would be %s: %s"):format(state, why or "")
end

function expect.blocked(stage, options)
    local state, text, found = probe(stage, options)
    return verdict(state == "never possible", text .. " is blocked", found)
end

function expect.open(stage, options)
    local state, text, found = probe(stage, options)
    return verdict(state == "alive", text .. " is possible", found)
end

-- ---- the world ----------------------------------------------------------------------------

local function instances_named(stage, names)
    local set = {}
    for _, name in ipairs(names) do
        set[world_words.find(stage, { options = { name = name } }).id] = true
    end
    return set
end

local function touches(stage, flow, instances)
    for _, side in ipairs { flow.spec.from, flow.spec.to } do
        local known = stage.before.resources.NetworkInterfaces
        local interface = side.interface and known[side.interface]
        if interface and instances[(interface.Attachment or {}).InstanceId] then return true end
    end
    return false
end

-- Flows of others that are not as they were.
local function other_flows(stage, instances)
    local list = {}
    for _, flow in ipairs(stage.flows.flows) do
        local now = stage.flows:state(flow.name)
        if not touches(stage, flow, instances) and now ~= stage.flows_before[flow.name] then
            list[#list + 1] = ("the flow %s was %s and is %s"):format(
                flow.name, tostring(stage.flows_before[flow.name]), now)
        end
    end
    return list
end

function expect.unchanged_except(stage, options)
    local names = options.names
    local instances = instances_named(stage, names)
    local other = compare.elsewhere(compare.differences(stage.before, stage.world), instances)
    local texts = other_flows(stage, instances)
    if #other > 0 then texts[#texts + 1] = compare.text(other) end
    return verdict(#texts == 0, "nothing changed but " .. table.concat(names, ", "),
                   table.concat(texts, "; "))
end

function expect.same_as_before(stage)
    local found = compare.differences(stage.before, stage.world)
    return verdict(#found == 0, "the world is as before the run", compare.text(found))
end

-- ---- the run ------------------------------------------------------------------------------

function expect.exit(stage, options)
    local run = run_of(stage)
    local text = ("the run ends with exit code %s"):format(tostring(options.code))
    return verdict(run.exit == options.code, text,
                   ("it ended with %s: %s"):format(run.exit, run.note or "no more is known"))
end

-- A number: all calls that change something; or a table of numbers by operation.
function expect.calls(stage, options)
    local run, wanted = run_of(stage), options.wanted
    if type(wanted) == "number" then
        return verdict(run.mutations == wanted, ("%d calls change something"):format(wanted),
                       ("there were %d"):format(run.mutations))
    end
    local texts, found = {}, {}
    for _, operation in ipairs(calls.sorted_keys(wanted)) do
        local count = run.calls[operation] or 0
        texts[#texts + 1] = ("%s %s times"):format(operation, tostring(wanted[operation]))
        if count ~= wanted[operation] then
            found[#found + 1] = ("%s was called %d times"):format(operation, count)
        end
    end
    return verdict(#found == 0, "it calls " .. table.concat(texts, ", "), table.concat(found, "; "))
end

local function length_of(window)
    return window.closed and (window.closed - window.opened) / 1000000
end

local function longest(windows)
    local most = 0
    for _, window in ipairs(windows) do
        local length = length_of(window)
        if not length then return nil end
        most = math.max(most, length)
    end
    return most
end

-- most, least: seconds; none = true: there was no window.
function expect.window(stage, options)
    fields.check("window", options, { most = fields.seconds(86400), least = fields.seconds(86400),
                                      none = "boolean" })
    local windows = run_of(stage).windows
    if options.none then
        return verdict(#windows == 0, "no window is opened", ("%d were opened"):format(#windows))
    end
    local text = "a window is opened and closed"
    if options.most then text = ("%s after %g s at most"):format(text, options.most) end
    if options.least then text = ("%s and %g s at least"):format(text, options.least) end
    if #windows == 0 then return verdict(false, text, "no window was opened") end
    local length = longest(windows)
    if not length then return verdict(false, text, "it is still open, as the journal says") end
    local ok = (not options.most or length <= options.most)
        and (not options.least or length >= options.least)
    return verdict(ok, text, ("it was open for %g s"):format(length))
end

local function says(field, what)
    return function(stage, options)
        local shown = run_of(stage)[field] or ""
        local found = shown:find(options.text, 1, true) ~= nil
        return verdict(found, ("%s \"%s\""):format(what, options.text),
                       "--verbose shows what was said")
    end
end
expect.plan_names = says("plan", "the plan says")
expect.says = says("transcript", "the run says")

-- The drill's own judgement.
function expect.that(_, options)
    return verdict(options.ok, options.text, options.why or "it does not hold")
end

-- ---- what crosses -------------------------------------------------------------------------

local AT = { flow = fields.name, at = fields.name }
local FLOW_STATE = { cut = AT, alive = AT, paused = AT, unknown = AT, state = AT,
                     never_open = { flow = fields.name } }
local function is_wanted(value)
    if type(value) == "number" then return nil end
    if type(value) ~= "table" then return "must be a number, or numbers by operation" end
    for operation, count in pairs(value) do
        if type(operation) ~= "string" or math.type(count) ~= "integer" then
            return "must be a number, or numbers by operation"
        end
    end
end

local OPTIONS = {
    unchanged_except = { names = fields.list_of(fields.name) }, same_as_before = {},
    exit = { code = fields.whole(0, 255) }, calls = { wanted = is_wanted },
    plan_names = { text = fields.text }, says = { text = fields.text },
    that = { ok = "boolean", text = fields.name, why = fields.text },
}
local NEEDED = { "flow", "names", "code", "wanted", "text" }

-- Judges one expectation of that name; raises for what is none.
function expect.judge(stage, word, options)
    local known = FLOW_STATE[word] or OPTIONS[word]
    if known then
        fields.check(word, options, known)
        for _, name in ipairs(NEEDED) do
            if known[name] then fields.needs(word, options, name) end
        end
    end
    return expect[word](stage, options)
end

function expect.knows(word)
    return word ~= "judge" and word ~= "knows" and expect[word] ~= nil
end

return expect
