-- flow_engine.lua - the flows of a world, and what becomes of them.
--
-- Owns: the flows, the clock's events, and looking again only at the flows that a change
-- touches. The world is somebody else's: it is read here, and only its clock is moved (by
-- `advance`). All times are simulated microseconds.
--
--   local flows = engine.new(world)
--   flows:add { name = "c2", from = "i-1", to = "198.51.100.7", port = 4444 }
--   ... change the world ...
--   flows:changed()       -- or: flows:changed { { kind = "SecurityGroups", id = "sg-1" } }
--   flows:advance(5)
--   flows:state "c2"                      --> "cut", "no rule of eni-1 (sg-9) allows it out"
--
-- A flow: {name, from, to (an instance, an interface or an address), port, source_port, protocol
-- ("tcp"), family, direction ("ingress" or "egress", checked only), activity ({ every = seconds }
-- or "dormant"; { every = 1 }), started (microseconds, now), via (the interface of a load
-- balancer that keeps the client's address), type, code (ICMP)}.
local ends = require "flow_ends"
local heap = require "flow_heap"
local state = require "flow_state"
local verdict = require "flow_verdict"
local view = require "flow_view"

local LONGEST_ADVANCE = 100 * 366 * 86400

local engine = {}
engine.__index = engine

-- options.move_to(world, microseconds): moves the world's clock, when things happen in it by
-- themselves (world.later holds them, each with its time `at`).
function engine.new(world, options)
    return setmetatable({ world = world, view = view.new(world), flows = {}, by_name = {},
                          resting = {}, events = heap.new(), now = world.now,
                          revision = world.revision,
                          move_to = options and options.move_to }, engine)
end

local function unindex(self, flow)
    for key in pairs(flow.rests_on or {}) do
        local set = self.resting[key]
        if set then set[flow.order] = nil end
    end
end

local function index(self, flow, rests_on)
    unindex(self, flow)
    flow.rests_on = rests_on
    for key in pairs(rests_on) do
        local set = self.resting[key]
        if not set then
            set = {}
            self.resting[key] = set
        end
        set[flow.order] = true
    end
end

local function judge(self, flow)
    local result, rests_on = self.view:recorded(verdict.judge, self.view, flow.spec)
    index(self, flow, rests_on)
    return result
end

local function schedule(self, flow)
    local at = state.next_moment(flow, self.now)
    flow.event = at and { at = at, order = flow.order } or nil
    if at then self.events:push(flow.event) end
end

-- Lets the time go on to `until_us` under the verdicts that hold.
local function run_until(self, until_us)
    local event = self.events:first()
    while event and event.at <= until_us do
        self.events:pop()
        local flow = self.flows[event.order]
        if flow.event == event then
            self.now = math.max(self.now, event.at)
            state.run(flow, event.at)
            schedule(self, flow)
        end
        event = self.events:first()
    end
    self.now = math.max(self.now, until_us)
end

local function look_again(self, flow, changed)
    local result = judge(self, flow)
    state.run(flow, self.now)
    if state.change(flow, result, self.now) then changed[#changed + 1] = flow.name end
    schedule(self, flow)
end

-- The orders of the flows that rest on what was touched, sorted; nil: all.
local function touched_flows(self, touched)
    local orders, list = {}, {}
    for _, one in ipairs(touched) do
        local keys = self.view:touch(one.kind, one.id)
        if not keys then return nil end
        for _, key in ipairs(keys) do
            for order in pairs(self.resting[key] or {}) do
                if not orders[order] then
                    orders[order] = true
                    list[#list + 1] = order
                end
            end
        end
    end
    table.sort(list)
    return list
end

-- What the world says has changed since it was last looked at; nil when it does not say.
local function own_changes(self)
    local revision, changes = self.world.revision, self.world.changes
    if not revision or not self.revision or not changes then return nil end
    if revision - self.revision > #changes then return nil end
    return table.move(changes, #changes - (revision - self.revision) + 1, #changes, 1, {})
end

-- Call it after the world has changed. `touched`: a list of {kind, id} of what was changed, made
-- or removed; without it, what the world's own log of changes says (world.revision and
-- .changes), else all is looked at again. Returns the names of the flows whose state changed.
function engine:changed(touched)
    run_until(self, self.world.now)
    touched = touched or own_changes(self)
    self.revision = self.world.revision
    if touched and #touched == 0 then return {} end
    local orders, changed = touched and touched_flows(self, touched), {}
    if not orders then
        self.view:forget_everything()
        for _, flow in ipairs(self.flows) do look_again(self, flow, changed) end
        return changed
    end
    for _, order in ipairs(orders) do look_again(self, self.flows[order], changed) end
    return changed
end

-- Takes in the changes that the world's own log holds; a world without one is looked at again
-- only when its owner says so.
local function keep_up(self)
    if self.world.revision then
        self:changed()
    else
        run_until(self, self.world.now)
    end
end

-- Adds a flow and returns its state and why. Raises a text for one that makes no sense.
function engine:add(spec)
    keep_up(self)
    local started = spec.started or self.now
    if started > self.now then
        error(("flow %s: it starts later: add it then"):format(tostring(spec.name)), 0)
    end
    local resolved = ends.resolve(self.view, spec)
    if self.by_name[resolved.name] then
        error(("there are two flows named %s"):format(resolved.name), 0)
    end
    local flow = { name = resolved.name, order = #self.flows + 1, spec = resolved,
                   protocol = resolved.protocol, every = resolved.every }
    self.flows[flow.order], self.by_name[flow.name] = flow, flow
    state.begin(flow, judge(self, flow), self.now, started)
    schedule(self, flow)
    return flow.state, flow.why
end

local function next_stop(world, until_us)
    local stop = until_us
    for _, later in ipairs(world.later or {}) do
        if later.at > world.now and later.at < stop then stop = later.at end
    end
    return stop
end

-- Moves the world's clock on, with all that happens on the way.
function engine:advance(seconds)
    local world = self.world
    if type(seconds) ~= "number" or not (seconds >= 0 and seconds <= LONGEST_ADVANCE) then
        error(("time does not go on by %s seconds"):format(tostring(seconds)), 0)
    end
    keep_up(self)
    local target = world.now + math.floor(seconds * 1000000 + 0.5)
    while self.move_to and world.now < target do
        local stop = next_stop(world, target)
        run_until(self, stop)
        self.move_to(world, stop)
        keep_up(self)
    end
    run_until(self, target)
    world.now = target
end

local function flow_of(self, name)
    return self.by_name[name] or error(("there is no flow %s"):format(tostring(name)), 0)
end

-- A flow's state now, and why.
function engine:state(name)
    local flow = flow_of(self, name)
    keep_up(self)
    return flow.state, flow.why
end

-- Its moments of change: {{at, state, why}}, oldest first.
function engine:history(name)
    keep_up(self)
    return flow_of(self, name).history
end

-- What it is, where it goes and how each interface tracks it, for a report.
local function describe(flow)
    local sides = {}
    for i, side in ipairs(flow.verdict.sides) do
        local entry = flow.entries and flow.entries[i]
        sides[i] = { interface = side.id, direction = side.direction,
                     mode = entry and entry.mode, always = side.always,
                     always_why = side.always_why }
    end
    return { name = flow.name, state = flow.state, why = flow.why, protocol = flow.protocol,
             family = flow.spec.family, port = flow.spec.open.lo, from = flow.spec.from.text,
             to = flow.spec.to.text, way = flow.verdict.path.kind, through = flow.verdict.path.id,
             last_packet = flow.last_packet, sides = sides,
             every = flow.every and flow.every / 1000000 or nil }
end

-- All flows, in the order in which they were added.
function engine:report()
    keep_up(self)
    local list = {}
    for i, flow in ipairs(self.flows) do list[i] = describe(flow) end
    return list
end

local function copy(map)
    local result = {}
    for key, value in pairs(map) do result[key] = value end
    return result
end

-- Verdicts and what a flow rests on are never changed in place, so both may share them.
local function copy_flow(flow)
    local result = copy(flow)
    result.history, result.entries = table.move(flow.history, 1, #flow.history, 1, {}), {}
    for i, entry in ipairs(flow.entries or {}) do result.entries[i] = copy(entry) end
    result.rests_on, result.event = nil, nil
    return result
end

-- An engine on a fork of the world (equal to it now), whose flows are as they are here.
function engine:fork(world)
    keep_up(self)
    local child = engine.new(world, { move_to = self.move_to })
    for order, flow in ipairs(self.flows) do
        local twin = copy_flow(flow)
        child.flows[order], child.by_name[twin.name] = twin, twin
        index(child, twin, flow.rests_on)
        schedule(child, twin)
    end
    return child
end

return engine
