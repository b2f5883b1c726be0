-- flow_verdict.lua - what a world as it stands means for one flow.
--
-- Owns: putting together the way (routes, NACLs), the groups at each end, and how each end would
-- track the flow. Pure, and without memory: what the flow's past means, flow_state.lua knows.
local automatic = require "flow_automatic"
local groups = require "flow_groups"
local path = require "flow_path"
local protocols = require "flow_protocols"
local tracking = require "flow_tracking"

local verdict = {}

local OTHER = { ingress = "egress", egress = "ingress" }

-- How a packet that the rules let through leaves the flow: "tracked", "untracked", "maybe".
local function target_of(untracked, always)
    if untracked == "no" or always == "yes" then return "tracked" end
    if untracked == "yes" and always == "no" then return "untracked" end
    return "maybe"
end

local function judge_side(view, flow, side)
    local interface, remote = side.interface, side.remote
    local judged = { id = interface.id, direction = side.direction,
                     timeouts = tracking.timeouts(view, interface) }
    judged.free = #interface.groups == 0 and interface.managed
    judged.open, judged.open_why = groups.allow(view, interface, side.direction, flow.open, remote)
    judged.reply, judged.reply_why = groups.allow(view, interface, OTHER[side.direction],
                                                  flow.reply, remote)
    judged.always, judged.always_why = automatic.judge(side.way, interface, remote.interface)
    judged.target = target_of(groups.leave_untracked(view, interface, side.direction, flow.open),
                              judged.always)
    return judged
end

local function possible(result)
    local answer, why = result.path.answer, result.path.why
    for _, side in ipairs(result.sides) do
        local both = protocols.both(answer, side.open)
        if both ~= answer then answer, why = both, side.open_why end
    end
    return answer, why
end

-- {path, sides = {{id, direction, open, reply (answers of the groups, with _why), always,
-- target, timeouts, free}}, possible, why}: possible: could the flow be opened now?
function verdict.judge(view, flow)
    local result = { path = path.judge(view, flow), sides = {} }
    if result.path.unfiltered then
        result.possible, result.why = "yes", result.path.unfiltered
        return result
    end
    for i, side in ipairs(result.path.sides) do
        result.sides[i] = judge_side(view, flow, side)
    end
    result.possible, result.why = possible(result)
    return result
end

return verdict
