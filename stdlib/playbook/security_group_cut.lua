-- security_group_cut.lua - cutting an instance off by swapping the groups of its interfaces.
--
-- Owns: making the groups and proving them, the swap (through a window when flows are to be
-- converted), reading back, removing the opening group. Rehearsal and execution must make the
-- same changes in the same order: nothing here depends on what a read says, but to stop.
local facts = require "run_facts"
local group_rules = require "group_rules"
local network = require "instance_network"

local security_group_cut = {}

-- Seconds for which EC2 may show an older state than it is in.
local CONSISTENCY = 15
local RELEASE = 60

-- Runs independent tasks at once; each is a function.
local function at_once(tasks)
    return parallel(tasks, function(task) return task() end)
end

-- ---- preparing --------------------------------------------------------------------------

-- The new groups: {kind, vpc}, opening groups first.
local function groups_to_make(cut)
    local list = {}
    for _, kind in ipairs { "opening", "final" } do
        for _, vpc in ipairs(cut.vpcs) do
            if cut["makes_" .. kind] then list[#list + 1] = { kind = kind, vpc = vpc } end
        end
    end
    return list
end

local PURPOSE = {
    opening = "Opening group, to be deleted. Isolation of %s, cordon run %s",
    final = "No traffic. Isolation of %s, cordon run %s",
}

local function make_group(cut, new)
    local name = ("cordon-%s-%s"):format(new.kind, facts.id)
    local id = ec2.create_security_group {
        GroupName = name, VpcId = new.vpc,
        Description = PURPOSE[new.kind]:format(cut.host.id, facts.id),
    }.GroupId
    return { kind = new.kind, vpc = new.vpc, id = id, name = name }
end

-- These mean that the rule is as wanted already; the content is read back and judged anyway.
local DONE_ALREADY = { ["InvalidPermission.Duplicate"] = true,
                       ["InvalidPermission.NotFound"] = true }

-- One rule change. true, or false and what was odd about the answer.
local function change_rules(operation, id, permissions)
    local ok, result = pcall(ec2[operation], { GroupId = id, IpPermissions = permissions })
    if not ok then
        if type(result) == "table" and DONE_ALREADY[result.code] then
            return false, ("%s of %s: %s"):format(operation, id, result.code)
        end
        error(result, 0)
    end
    if #(result.UnknownIpPermissions or {}) > 0 then
        return false, ("%s of %s: UnknownIpPermissions, nothing was changed"):format(operation, id)
    end
    return true
end

local function change(operation, id, permissions)
    return function()
        local ok, odd = change_rules(operation, id, permissions)
        return ok or odd
    end
end

-- A new group lets everything out. In a VPC with IPv6 that is two rules; each is revoked by a
-- call of its own, since a call with one rule that is missing revokes none.
local function blanking(cut, group, tasks)
    local all = group_rules.all_traffic
    tasks[#tasks + 1] = change("revoke_security_group_egress", group.id, all("v4"))
    if cut.host.vpcs[group.vpc].v6 then
        tasks[#tasks + 1] = change("revoke_security_group_egress", group.id, all("v6"))
    end
    if cut.forensics then
        tasks[#tasks + 1] = change("authorize_security_group_ingress", group.id, cut.forensics)
    end
end

-- Where the VPC has no IPv6 no address has it either: opening it would convert nothing, and
-- the rule is not there to be authorized.
local function families(cut, vpc)
    return cut.host.vpcs[vpc].v6 and "both" or "v4"
end

local function rule_tasks(cut, made)
    local tasks = {}
    for _, group in ipairs(made) do
        if group.kind == "final" then
            blanking(cut, group, tasks)
        else
            tasks[#tasks + 1] = change("authorize_security_group_ingress", group.id,
                                       group_rules.all_traffic(families(cut, group.vpc)))
        end
    end
    return tasks
end

local function judge(cut, group, described)
    if not described then return false, group.id .. " is not shown" end
    if group.kind == "final" then return group_rules.is_final(described, cut.forensics) end
    return group_rules.is_open(described, cut.host.vpcs[group.vpc].v6)
end

local function describe_groups(ids)
    local map = {}
    local result = ec2.describe_security_groups { GroupIds = ids }
    for _, group in ipairs(result.SecurityGroups or {}) do map[group.GroupId] = group end
    return map
end

local function faults_of_groups(cut, made, described)
    local faults = {}
    for _, group in ipairs(made) do
        local ok, why = judge(cut, group, described[group.id])
        if not ok then faults[#faults + 1] = why end
    end
    return faults
end

local function ids_of(list)
    local ids = {}
    for i, item in ipairs(list) do ids[i] = item.id end
    return ids
end

-- Reads until `faults()` gives an empty list, for as long as EC2 may lag. Returns the last.
local function settle_reads(first, faults)
    local last = first
    if #last > 0 then
        wait(function()
            last = faults()
            return #last == 0
        end, { timeout = CONSISTENCY })
    end
    return last
end

-- The groups are proven, not believed: nobody is put on one that was not read back as wanted.
local function prove(cut, made, odd)
    local ids = ids_of(made)
    local read = at_once {
        function() return describe_groups(ids) end,
        function() return network.read_interfaces(cut.host.id) end,
    }
    local faults = settle_reads(faults_of_groups(cut, made, read[1]), function()
        return faults_of_groups(cut, made, describe_groups(ids))
    end)
    if #faults > 0 then
        table.move(odd, 1, #odd, #faults + 1, faults)
        error("the new groups are not as they must be, nobody was put on them: "
              .. table.concat(faults, "; "), 0)
    end
    for _, text in ipairs(odd) do log(text .. "; read back: as wanted") end
    return read[2]
end

local function attached_meanwhile(cut, interfaces)
    local known, new = {}, {}
    for _, interface in ipairs(cut.host.interfaces) do known[interface.id] = true end
    for _, raw in ipairs(interfaces) do
        if not known[raw.NetworkInterfaceId] then new[#new + 1] = raw.NetworkInterfaceId end
    end
    return new
end

local function report_attached(cut, interfaces)
    local new = attached_meanwhile(cut, interfaces)
    if #new == 0 then return end
    expect(false, "no network interface was attached after the plan was made",
           table.concat(new, ", ") .. " is not covered by it: run the playbook again")
end

-- Makes the groups that `cut` needs, sets their rules, and reads both back. Three round trips.
function security_group_cut.prepare(cut)
    if not cut.makes_groups then return end
    local made = parallel(groups_to_make(cut), function(new) return make_group(cut, new) end)
    for _, group in ipairs(made) do
        cut[group.kind][group.vpc] = group.id
        cut.names[group.id] = group.name
    end
    local odd = {}
    for _, answer in ipairs(at_once(rule_tasks(cut, made))) do
        if answer ~= true then odd[#odd + 1] = answer end
    end
    report_attached(cut, prove(cut, made, odd))
    cut.made = made
end

-- ---- cutting ----------------------------------------------------------------------------

local function swap(interface, group)
    return function()
        ec2.modify_network_interface_attribute { NetworkInterfaceId = interface.id,
                                                 Groups = { group } }
        return true
    end
end

local function swaps(cut, groups)
    local tasks = {}
    for _, interface in ipairs(cut.interfaces) do
        tasks[#tasks + 1] = swap(interface, groups[interface.vpc])
    end
    return tasks
end

-- Takes all traffic away from an opening group. An answer that may mean "not done" is settled
-- by reading the group.
local function close_group(cut, direction, vpc)
    return function()
        local id = cut.opening[vpc]
        local ok, odd = change_rules("revoke_security_group_" .. direction, id,
                                     group_rules.all_traffic(families(cut, vpc)))
        if ok then return true end
        local faults = settle_reads({ odd }, function()
            local group = describe_groups({ id })[id]
            local member = direction == "ingress" and "IpPermissions" or "IpPermissionsEgress"
            return #(group and group[member] or {}) > 0 and { id .. " still has rules" } or {}
        end)
        if #faults > 0 then error(odd .. "; " .. table.concat(faults, "; "), 0) end
        return true
    end
end

-- Two ways at once, each of which cuts alone. A prepared step1 keeps its rules: they are
-- meant for the next incident.
local function closing(cut)
    local tasks = swaps(cut, cut.final)
    for _, vpc in ipairs(cut.makes_opening and cut.vpcs or {}) do
        tasks[#tasks + 1] = close_group(cut, "ingress", vpc)
        tasks[#tasks + 1] = close_group(cut, "egress", vpc)
    end
    return tasks
end

-- Puts every interface on the final group: at once, or through the opening group when the
-- flows are to be converted. Two round trips and the settle time, or one.
function security_group_cut.cut(cut)
    if not cut.convert then
        at_once(swaps(cut, cut.final))
        return
    end
    window {
        open = function() at_once(swaps(cut, cut.opening)) end,
        settle = cut.settle,
        close = function() at_once(closing(cut)) end,
    }
end

-- ---- verifying --------------------------------------------------------------------------

local function groups_text(raw)
    local ids = {}
    for i, group in ipairs(raw.Groups or {}) do ids[i] = group.GroupId end
    return table.concat(ids, ", ")
end

local function faults_of_interfaces(cut, interfaces)
    local shown, faults = {}, {}
    for _, raw in ipairs(interfaces) do shown[raw.NetworkInterfaceId] = raw end
    for _, interface in ipairs(cut.interfaces) do
        local raw = shown[interface.id]
        -- One that is gone carries nothing into the instance.
        if raw and groups_text(raw) ~= cut.final[interface.vpc] then
            faults[#faults + 1] = ("%s carries %s"):format(interface.id, groups_text(raw))
        end
    end
    return faults
end

local function final_ids(cut)
    local known, ids = {}, {}
    for _, vpc in ipairs(cut.vpcs) do
        local id = cut.final[vpc]
        if id and not known[id] then
            known[id] = true
            ids[#ids + 1] = id
        end
    end
    return ids
end

local function opening_ids(cut)
    local ids = {}
    for _, vpc in ipairs(cut.makes_opening and cut.vpcs or {}) do ids[#ids + 1] = cut.opening[vpc] end
    return ids
end

local function faults_of_final(cut, described)
    local faults = {}
    for _, id in ipairs(final_ids(cut)) do
        local ok, why = false, id .. " is not shown"
        if described[id] then ok, why = group_rules.is_final(described[id], cut.forensics) end
        if not ok then faults[#faults + 1] = why end
    end
    return faults
end

local function faults_of_opening(cut, described)
    local faults = {}
    for _, id in ipairs(opening_ids(cut)) do
        local ok, why = true, nil
        if described[id] then ok, why = group_rules.is_blank(described[id]) end
        if not ok then faults[#faults + 1] = why end
    end
    return faults
end

local function all_of(faults)
    local list = {}
    for _, kind in ipairs { "interfaces", "final", "opening", "attached" } do
        table.move(faults[kind], 1, #faults[kind], #list + 1, list)
    end
    return list
end

local function read_back(cut)
    local ids = final_ids(cut)
    local opening = opening_ids(cut)
    table.move(opening, 1, #opening, #ids + 1, ids)
    local read = at_once {
        function() return network.read_interfaces(cut.host.id) end,
        function() return describe_groups(ids) end,
    }
    return { interfaces = faults_of_interfaces(cut, read[1]),
             final = faults_of_final(cut, read[2]), opening = faults_of_opening(cut, read[2]),
             attached = attached_meanwhile(cut, read[1]) }
end

-- Fresh reads of all that the isolation rests on: lists of faults by kind, all empty when it
-- holds. Reads again while EC2 may lag.
function security_group_cut.faults(cut)
    local faults = read_back(cut)
    settle_reads(all_of(faults), function()
        faults = read_back(cut)
        return all_of(faults)
    end)
    return faults, all_of(faults)
end

local function final_text(cut)
    return table.concat(final_ids(cut), ", ")
end

-- Reads back and states what must hold; nothing here raises.
function security_group_cut.verify(cut)
    local faults = security_group_cut.faults(cut)
    local function state(kind, text, after)
        local list = faults[kind]
        expect(#list == 0, text, #list > 0 and table.concat(list, "; ") .. (after or "") or nil)
    end
    state("interfaces", "every network interface carries exactly " .. final_text(cut))
    state("final", ("%s lets nothing in or out%s"):format(final_text(cut),
          cut.forensics and ", but for " .. cut.forensics_cidr or ""))
    if cut.makes_opening then state("opening", "the opening group has no rule left") end
    state("attached", "no network interface was attached meanwhile",
          " is not covered: run the playbook again")
end

-- ---- cleaning up ------------------------------------------------------------------------

local function carriers_of(id)
    local result = ec2.describe_network_interfaces { Filters = {
        { Name = "group-id", Values = { id } } } }
    local ids = {}
    for i, raw in ipairs(result.NetworkInterfaces or {}) do
        ids[i] = raw.NetworkInterfaceId .. " carries " .. id
    end
    return ids
end

-- EC2 refuses to delete a group that somebody carries (DependencyViolation), for a while after
-- the last one has left it too. So the reads are repeated, and the delete is made once: a
-- second one would not be the call that was rehearsed.
local function delete_when_free(id)
    local carriers = carriers_of(id)
    if #carriers > 0 then
        wait(function()
            carriers = carriers_of(id)
            return #carriers == 0
        end, { timeout = RELEASE })
    end
    if #carriers > 0 then error(table.concat(carriers, "; ") .. ": it was not deleted", 0) end
    ec2.delete_security_group { GroupId = id }
    return true
end

-- Deletes the opening groups that the run made.
function security_group_cut.clean_up(cut)
    local ids = opening_ids(cut)
    if #ids > 0 then parallel(ids, delete_when_free) end
end

return security_group_cut
