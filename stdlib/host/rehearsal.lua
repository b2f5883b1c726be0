-- rehearsal.lua - a rehearsal on a simulated copy of the real VPC.
--
-- Owns: two worlds: "base", what AWS said, and "planned", a fork of it in which the rehearsed
-- mutations happen, with planned ids. Reads that the copy covers are answered from it; others go
-- to AWS, and their results become part of both. It never calls out.
local calls = require "calls"
local session = require "sim_session"
local sim_load = require "sim_load"
local sim_world = require "sim_world"
local snapshots = require "snapshot"

local BASE, PLANNED = "base", "planned"

local rehearsal = {}
local state

local function world()
    return session.world(state.forked and PLANNED or BASE)
end

function rehearsal.begin()
    session.new(BASE, {})
    state = { forked = false, names = {} }
    state.snapshot = snapshots.new(function(kind) return session.world(BASE).resources[kind] or {} end)
    return true
end
rehearsal.begin()

-- For diffs of the plan: the name of a planned group; the planned id of a name.
function rehearsal.name_of(id)
    return state.names[id]
end

function rehearsal.id_of(name)
    for _, id in ipairs(calls.sorted_keys(state.names)) do
        if state.names[id] == name then return id end
    end
    return nil
end

-- All of this VPC is needed, and of no other: a world to drill on.
function rehearsal.want_vpc(vpc)
    return state.snapshot:want_whole(vpc)
end

-- The reads that are still needed for the copy of the VPCs involved.
function rehearsal.wants()
    return state.snapshot:wants()
end

-- ---- mutations --------------------------------------------------------------------------

local function fork()
    if state.forked then return end
    session.fork(BASE, PLANNED, true)
    state.forked = true
end

-- An error about something outside the copy predicts nothing.
local function is_outside(call, failure)
    return failure.code:find("NotFound", 1, true) ~= nil and not calls.planned_in(call.params)
end

-- The copy holds what EC2 and SQS have: of others' resources it cannot know anything.
local COPIED = { ec2 = true, sqs = true }

local function change(call, skeleton)
    if not COPIED[call.service] then return { value = skeleton or {} } end
    fork()
    local answer = session.answer(PLANNED, call)
    if answer.not_modelled then return { value = skeleton or {} } end
    if answer.error and is_outside(call, answer.error) then return { value = skeleton or {} } end
    if call.operation == "create_security_group" and answer.value then
        state.names[answer.value.GroupId] = call.params.GroupName
    end
    return answer
end

-- ---- reads ------------------------------------------------------------------------------

local function cannot_answer(call, id)
    return { error = { code = "NotRehearsable", status = 400,
                       message = ("%s names %s, which does not exist yet: a rehearsal cannot answer "
                                  .. "that"):format(call.operation, id) } }
end

local function read(call)
    local planned = calls.planned_in(call.params)
    if not planned and not state.snapshot:covers(call) then return { send = true } end
    local answer = session.answer(state.forked and PLANNED or BASE, call)
    if answer.not_modelled then
        return planned and cannot_answer(call, planned) or { send = true }
    end
    -- Until the first change it is what AWS said a moment ago.
    answer.fresh = not state.forked and answer.value ~= nil or nil
    return answer
end

local READ_VERBS = { describe = true, get = true, list = true, search = true }

-- {send = true}, {value = ..., fresh = true when AWS said so} or {error = ...}.
function rehearsal.answer(call, skeleton)
    call.params = call.params or {}
    if skeleton == nil and READ_VERBS[call.operation:match("^%l+")] then return read(call) end
    if call.params.DryRun then return { value = skeleton or {} } end
    return change(call, skeleton)
end

-- ---- what AWS said ----------------------------------------------------------------------

-- Into the planned world comes only what it did not have: what a rehearsed call changed stays.
local function learn_planned(call, result)
    local fresh = sim_world.new {}
    if sim_load.load(fresh, call.operation, result, call.params) == nil then return end
    local planned = session.world(PLANNED)
    for kind, resources in pairs(fresh.resources) do
        for id, resource in pairs(resources) do
            if not planned.resources[kind][id] then sim_world.put(planned, kind, resource) end
        end
    end
end

-- Who the caller is: groups of other accounts are not looked up here.
local function learn_identity(call, result)
    local base = session.world(BASE)
    base.account, base.region = result.Account or base.account, call.region or base.region
    base.caller = result.Arn or base.caller
end

function rehearsal.seen(call, result)
    result = result or {}
    if call.operation == "get_caller_identity" then
        learn_identity(call, result)
    elseif call.service == "ec2" then
        session.load(BASE, call, result)
        if state.forked then learn_planned(call, result) end
        state.snapshot:seen(call, result)
    end
    return true
end

-- For other trusted modules (consequences): the copy, and the copy with the plan carried out.
function rehearsal.worlds()
    return session.world(BASE), world()
end

-- What of the copy could not be read.
function rehearsal.missing()
    return state.snapshot:missing()
end

return rehearsal
