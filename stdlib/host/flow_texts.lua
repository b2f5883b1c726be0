-- flow_texts.lua - why a flow is in its state, in one sentence that names the rule.
--
-- Owns: the sentences. Pure. It decides nothing.
local tracking = require "flow_tracking"

local texts = {}

local function seconds(number)
    return number and ("%d s"):format(number) or "a time that AWS does not document"
end

function texts.dropped(side)
    return ("it was untracked at %s, so it drops at once: %s"):format(side.id, side.open_why)
end

function texts.half_open(side)
    return ("it was untracked at %s and only its opening direction is still allowed (%s): AWS does "
        .. "not say whether its next packet makes a tracking entry"):format(side.id, side.open_why)
end

function texts.expired(side)
    return ("its tracking entry at %s was idle for too long, and %s"):format(side.id, side.open_why)
end

function texts.midstream(side)
    return ("its tracking entry at %s was idle for too long: AWS does not say whether a later "
        .. "packet of an open TCP connection makes a new one"):format(side.id)
end

function texts.changed_timeouts(side)
    return ("the idle time-out of %s was changed, and %s: AWS does not say which time-out an "
        .. "existing tracking entry keeps"):format(side.id, side.open_why)
end

function texts.icmp_timeout(side)
    return ("%s; ICMP is always tracked, and AWS does not document how long its entry at %s lives")
        :format(side.open_why, side.id)
end

function texts.gave_up(why)
    return ("%s, for longer than TCP retransmits (about 15 minutes)"):format(why)
end

function texts.never_tried()
    return "it was not opened when it was added, and it carries no packet that would open it"
end

function texts.readdressed(path, before)
    return ("it leaves by %s now, so its packets come from %s, no longer from %s"):format(
        path.id or path.kind or "another way", path.seen or "another address", before or "its own")
end

-- The time-out that the flow will meet: a UDP flow whose packets come in time is a stream.
local function coming_timeout(flow, entry)
    local steady = flow.every and flow.every <= entry.timeouts.udp * 1000000
    return tracking.idle(flow.protocol, entry, entry.timeouts,
                         steady and entry.created + 1 or entry.created)
end

local function outlives(flow, entry, side)
    local idle = coming_timeout(flow, entry)
    local always = side.always == "yes" and (" (" .. side.always_why .. ")") or ""
    return ("%s, but its tracking entry there lets it live on until it was idle for %s%s"):format(
        side.open_why, seconds(idle), always)
end

local function taken(flow)
    local path = flow.verdict.path
    if path.kind == "local" or not path.kind then return "in the VPC" end
    return ("by %s"):format(path.id or path.kind)
end

-- Why it lives: the interface whose rules no longer allow it, else the rule that does.
function texts.alive(flow)
    local verdict = flow.verdict
    if verdict.path.unfiltered then return verdict.path.unfiltered end
    for i, side in ipairs(verdict.sides) do
        local entry = flow.entries[i]
        if side.open ~= "yes" and entry.mode ~= "untracked" then
            return outlives(flow, entry, side)
        end
    end
    local allowed = {}
    for i, side in ipairs(verdict.sides) do
        local mode = side.free and "not filtered" or flow.entries[i].mode
        if mode == "maybe" then mode = "tracked or not" end
        allowed[i] = ("%s at %s (%s)"):format(side.open_why, side.id, mode)
    end
    return ("it goes %s, allowed by %s"):format(taken(flow), table.concat(allowed, " and "))
end

return texts
