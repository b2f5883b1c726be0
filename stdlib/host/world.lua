-- world.lua - the current simulated world, as the host asks about it.
--
-- Owns: the one world of `--sim`, `sim serve` and drills, under the session's name "live". Each
-- function takes one map and gives one value (host/run/advisor.h, `world`).
local default_world = require "sim_default_world"
local engine = require "flow_engine"
local rehearsal = require "rehearsal"
local session = require "sim_session"
local sim_clock = require "sim_clock"
local snapshot_world = require "snapshot_world"
local values = require "sim_values"

local LIVE = "live"
local world = {}
local flows   -- of the default world; nil: none are known
local offset  -- of a served world's time from the real one

-- {seed?}: the default world.
function world.open_default(about)
    offset = nil
    session.new_default(LIVE, about)
    local now = session.world(LIVE)
    flows = engine.new(now, { move_to = sim_clock.move_to })
    for _, flow in ipairs(default_world.flows(now)) do flows:add(flow) end
    return true
end

-- The connections and what became of them: {{name, from, to, port, state, why}, ...}.
function world.flows()
    local list = {}
    for _, flow in ipairs(flows and flows:report() or {}) do
        list[#list + 1] = { name = flow.name, state = flow.state, why = flow.why }
    end
    return list
end

-- {record}: the first record of a saved world; `add` {records} gives the others.
function world.begin(about)
    offset, flows = nil, nil
    return session.begin(LIVE, about.record)
end

function world.add(about)
    return session.add(LIVE, about.records)
end

-- {world?, from, count}: records to save; an empty list at the end.
function world.records(about)
    return session.records(about.world or LIVE, about.from, about.count)
end

-- ---- a copy of a VPC ----------------------------------------------------------------------

-- {vpc}: all of it will be wanted (advisor.h, rehearsal_wants).
function world.want_vpc(about)
    return rehearsal.want_vpc(about.vpc)
end

-- {vpc, at}: what was read of it becomes the world "snapshot": {resources, missing} or {error}.
function world.keep_vpc(about)
    local copy = rehearsal.worlds()
    local missing = rehearsal.missing()
    if not copy.resources.Vpcs[about.vpc] then
        local why = #missing > 0 and " could be read (permission for " .. missing[1] .. ")"
            or " is in " .. copy.region
        return { error = "no VPC " .. about.vpc .. why }
    end
    snapshot_world.prune(copy)
    copy.now, copy.seed = about.at, values.hash(about.vpc)
    session.put("snapshot", copy)
    return { resources = snapshot_world.count(copy), missing = missing }
end

function world.facts()
    local now = session.world(LIVE)
    return { account = now.account, region = now.region }
end

-- {service, operation, params}: {value} or {error} or {unknown, error} or {not_modelled}.
function world.answer(about)
    return session.answer(LIVE, about)
end

-- {seconds}
function world.advance(about)
    if not flows then return session.advance(LIVE, about.seconds) end
    flows:advance(about.seconds)
    return session.now(LIVE)
end

-- As answer, for a port: {at} is the real time in microseconds, which the simulated time follows
-- (from where it stands, when the world is of the future). It never waits: an answer's `wait_ms`
-- says how long to go on asking.
function world.serve(about)
    local now = session.world(LIVE)
    offset = offset or math.max(0, now.now - about.at)
    session.move_to(LIVE, about.at + offset)
    about.can_wait = false
    local answer = session.answer(LIVE, about)
    if answer.wait_until then answer.wait_ms = (answer.wait_until - now.now + 999) // 1000 end
    return answer
end

return world
