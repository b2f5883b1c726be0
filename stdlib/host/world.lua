-- world.lua - the current simulated world, as the host asks about it.
--
-- Owns: the one world of `--sim`, `sim serve` and drills, under the session's name "live". Each
-- function takes one map and gives one value (host/run/advisor.h, `world`).
local session = require "sim_session"

local LIVE = "live"
local world = {}

-- {seed?}: the default world.
function world.open_default(about)
    return session.new_default(LIVE, about)
end

-- {record}: the first record of a saved world; `add` {records} gives the others.
function world.begin(about)
    return session.begin(LIVE, about.record)
end

function world.add(about)
    return session.add(LIVE, about.records)
end

-- {from, count}: records to save; an empty list at the end.
function world.records(about)
    return session.records(LIVE, about.from, about.count)
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
    return session.advance(LIVE, about.seconds)
end

-- {microseconds}: the simulated time follows a real clock.
function world.follow(about)
    return session.move_to(LIVE, about.microseconds)
end

return world
