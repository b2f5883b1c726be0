-- undo_run.lua - a run in the simulator, recorded as the host records it, and taken back.
--
-- Owns: making calls with the advisor's before-states and inverses, the list of changes, applying
-- the stages of undo, and comparing states without what AWS alone decides.
local advisor = require "advisor"
local calls = require "calls"
local check = require "check"
local helper = require "sim_helper"
local kinds = require "sim_kinds"
local sim_clock = require "sim_clock"
local values = require "sim_values"

local undo_run = {}
local Run = {}
Run.__index = Run

-- Raised when a run stops in the middle: after `run.limit` calls, the last with `run.outcome`.
undo_run.STOP = setmetatable({}, { __name = "stop" })

-- `planned`: before-states are asked for with planned ids for what the run makes, as in a step
-- that makes something and uses it.
function undo_run.new(w, planned)
    return setmetatable({ w = w, changes = {}, created = {}, planned = planned, names = {} }, Run)
end

-- ---- as the host does ---------------------------------------------------------------------

local function answers(w, reads)
    local list = {}
    for i, read in ipairs(reads) do
        check.ok(not calls.planned_in(read.params), "a read of a planned id")
        list[i] = values.copy(helper.answer(w, read.operation, read.params, read.service))
    end
    return list
end

local function replaced(value, names)
    if type(value) ~= "table" then return names[value] or value end
    local copy = {}
    for key, inner in pairs(value) do copy[key] = replaced(inner, names) end
    return copy
end

-- The ids of all that a result names and nobody knew before.
local function note_created(run, value, known)
    if type(value) == "table" then
        for _, inner in pairs(value) do note_created(run, inner, known) end
    elseif type(value) == "string" and value:find("^%l[%l%-]*%-0%x+$") and not known:find(value, 1, true)
        and not run.names[value] then
        run.created[#run.created + 1] = value
        run.names[value] = ("%s-(planned-%d)"):format(value:match("^(%l[%l%-]*)%-"), #run.created)
    end
end

-- What a playbook's creations carry, so that they are found again.
local TYPES = { create_network_acl = "network-acl", create_route_table = "route-table",
                create_internet_gateway = "internet-gateway", create_subnet = "subnet",
                create_vpc = "vpc", create_nat_gateway = "natgateway",
                create_network_interface = "network-interface", allocate_address = "elastic-ip",
                create_egress_only_internet_gateway = "egress-only-internet-gateway" }

local function tagged(operation, params)
    if not TYPES[operation] then return params end
    return values.with(params, { TagSpecifications = { {
        ResourceType = TYPES[operation], Tags = { { Key = "cordon:run", Value = "run-1" } } } } })
end

-- Makes the call and records it; the change. `outcome`: "unknown": done, but nobody knows; "lost":
-- not done, and nobody knows.
function Run:call(operation, params, service, outcome)
    local w = self.w
    if self.limit and #self.changes == self.limit then error(undo_run.STOP, 0) end
    if self.limit and #self.changes == self.limit - 1 then outcome = outcome or self.outcome end
    if self.tags then params = tagged(operation, params) end
    local call = { service = service or "ec2", operation = operation, params = params,
                   created = self.created }
    local asked = call
    if self.planned then
        asked = { service = call.service, operation = operation,
                  params = replaced(params, self.names),
                  created = values.copy(self.created) }
        for _, id in pairs(self.names) do asked.created[#asked.created + 1] = id end
    end
    local before = advisor.before(asked, answers(w, advisor.reads_needed(asked)))
    advisor.diff(asked, before)
    advisor.hits(asked, before)
    local planned_inverse = advisor.inverse(asked, before)
    local known, result = helper.resources(w), nil
    if outcome ~= "lost" then
        result = helper.call(w, operation, params, service)
        note_created(self, result, known)
        if not self.planned then self:check_fate(call, params) end
    end
    local change = { key = tostring(#self.changes + 1), service = call.service,
                     operation = operation, params = values.copy(params),
                     before = values.copy(before), ok = true }
    if outcome then change.ok = nil else change.result = values.copy(result) end
    change.inverse = planned_inverse
    if not outcome and not self.planned then
        change.inverse = advisor.inverse(call, before, result)
    end
    self.changes[#self.changes + 1] = change
    if self.limit and #self.changes == self.limit then error(undo_run.STOP, 0) end
    return result, change
end

-- Where the advisor says that it can tell whether a call was made, it tells so.
function Run:check_fate(call, params)
    local asked = { service = call.service, operation = call.operation, params = params,
                    created = self.before_created or {} }
    local fate = advisor.fate(asked, answers(self.w, advisor.fate_reads(asked)))
    self.fates = self.fates or {}
    self.fates[#self.fates + 1] = fate.state
    check.ok(fate.state ~= "not_done", call.operation .. " was made, fate says it was not")
    return fate
end

function Run:undo()
    local list = answers(self.w, advisor.undo_reads(self.changes))
    return advisor.undo(self.changes, list)
end

function Run:left()
    return advisor.left(self.changes, answers(self.w, advisor.undo_reads(self.changes))).items
end

-- Makes the calls of the stages, letting time pass for what takes its time.
function Run:apply(plan)
    local count = 0
    for _, stage in ipairs(plan.stages) do
        for _, call in ipairs(stage) do
            helper.call(self.w, call.operation, call.params, call.service)
            count = count + 1
        end
        sim_clock.advance(self.w.world, 120)
    end
    return count
end

-- ---- comparing ----------------------------------------------------------------------------

-- What AWS names anew each time, or counts by itself.
local DROPPED = {
    NetworkAclAssociationId = true, RouteTableAssociationId = true, AttachmentId = true,
    AttachTime = true, AssociationId = true, SecurityGroupRuleId = true,
    SecurityGroupRuleArn = true, LastModifiedTimestamp = true, LaunchTime = true,
    StateTransitionReason = true,
}
local IGNORED = { ClientTokens = true, Snapshots = true }
local UNORDERED = { Associations = true, Routes = true }

local function plain(value, member)
    if type(value) ~= "table" then return value end
    local copy, texts = {}, {}
    for key, inner in pairs(value) do
        local is_evidence = type(inner) == "table" and tostring(inner.Key):find("^cordon:")
        if not DROPPED[key] and not is_evidence then copy[key] = plain(inner, key) end
    end
    -- A route to an instance is one to its interface.
    if copy.NetworkInterfaceId and copy.DestinationCidrBlock then copy.InstanceId = nil end
    if not UNORDERED[member] then return copy end
    for _, inner in pairs(copy) do texts[#texts + 1] = check.show(inner) end
    table.sort(texts)
    return texts
end

local function is_gone(kind, resource)
    return kind == "NatGateways" and resource.State == "deleted"
        or kind == "Attributes" and resource.DeletedAt ~= nil
end

-- The whole state as text, kind by kind.
function undo_run.state(w)
    local out = {}
    for _, kind in ipairs(kinds.names) do
        local lines = {}
        for _, resource in pairs(IGNORED[kind] and {} or w.world.resources[kind]) do
            if not is_gone(kind, resource) then lines[#lines + 1] = check.show(plain(resource)) end
        end
        table.sort(lines)
        out[#out + 1] = kind .. "\n" .. table.concat(lines, "\n")
    end
    return table.concat(out, "\n")
end

-- Equal states, or the first lines that differ.
function undo_run.same(before, after, what)
    if before == after then return end
    local here, lines = {}, {}
    for line in before:gmatch("[^\n]+") do here[line] = true end
    for line in after:gmatch("[^\n]+") do
        if here[line] then here[line] = nil else lines[#lines + 1] = "now:    " .. line end
    end
    for line in pairs(here) do lines[#lines + 1] = "before: " .. line end
    error(what .. " left a difference:\n" .. table.concat(lines, "\n"), 2)
end

-- Every item's state by "subject attribute".
function undo_run.states(items)
    local map = {}
    for _, item in ipairs(items) do map[item.subject .. " " .. item.attribute] = item.state end
    return map
end

-- Undone: the state is `before` again, a second undo has nothing to do.
function Run:check_undone(before, what)
    local plan = self:undo()
    self:apply(plan)
    undo_run.same(before, undo_run.state(self.w), what)
    local again = self:undo()
    check.equal(again.stages, {}, what .. ": a second undo")
    for _, item in ipairs(again.items) do
        check.ok(item.state == "already" or item.state == "kept",
                 what .. ": " .. item.subject .. " " .. item.attribute .. " is " .. item.state)
    end
    return plan
end

return undo_run
