-- security_group_cut.lua - cutting an instance off by swapping the groups of its interfaces.
--
-- Owns: making the groups, the swap (through a window when flows are to be converted), removing
-- the opening group; what must hold is proven by security_group_proof.lua. Rehearsal and
-- execution must make the same changes in the same order: nothing here depends on what a read
-- says, but to stop.
local facts = require "run_facts"
local group_rules = require "group_rules"
local lists = require "lists"
local network = require "instance_network"
local proof = require "security_group_proof"

local security_group_cut = {}

-- Seconds for which EC2 may hold on to a group that nobody carries any more, and between looks.
local RELEASE = 60
local INTERVAL = 2

-- ---- preparing --------------------------------------------------------------------------

local NAME = { opening = "cordon-open-%s", final = "cordon-final-%s" }
local PURPOSE = {
    opening = "Opening group, to be deleted. Isolation of %s, cordon run %s",
    final = "No traffic. Isolation of %s, cordon run %s",
}

local function make_group(cut, kind, vpc)
    local name = NAME[kind]:format(facts.id)
    local id = ec2.create_security_group {
        GroupName = name, VpcId = vpc, Description = PURPOSE[kind]:format(cut.host.id, facts.id),
    }.GroupId
    return { kind = kind, vpc = vpc, id = id, name = name }
end

-- The new groups, opening groups first, as tasks.
local function groups_to_make(cut)
    local tasks = {}
    for _, kind in ipairs { "opening", "final" } do
        for _, vpc in ipairs(cut["makes_" .. kind] and cut.vpcs or {}) do
            tasks[#tasks + 1] = { kind .. " group in " .. vpc,
                                  function() return make_group(cut, kind, vpc) end }
        end
    end
    return tasks
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

-- As a task: true, or what was odd.
local function change(operation, id, permissions)
    return { id, function()
        local ok, odd = change_rules(operation, id, permissions)
        return ok or odd
    end }
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

local function faults_of_groups(cut, made, described)
    local faults = {}
    for _, group in ipairs(made) do
        local ok, why = judge(cut, group, described[group.id])
        if not ok then faults[#faults + 1] = why end
    end
    return faults
end

-- The groups are proven, not believed: nobody is put on one that was not read back as wanted.
local function prove(cut, made, odd)
    local ids = lists.ids(made)
    local read = proof.at_once {
        { "groups", function() return proof.describe_groups(ids) end },
        { "interfaces", function() return network.read_interfaces(cut.host.id) end },
    }
    local faults = proof.settle_reads(faults_of_groups(cut, made, read[1]), function()
        return faults_of_groups(cut, made, proof.describe_groups(ids))
    end)
    if #faults > 0 then
        table.move(odd, 1, #odd, #faults + 1, faults)
        error("the new groups are not as they must be, nobody was put on them: "
              .. table.concat(faults, "; "), 0)
    end
    for _, text in ipairs(odd) do log(text .. "; read back: as wanted") end
    return read[2]
end

local function report_attached(cut, interfaces)
    local new = proof.attached_meanwhile(cut, interfaces)
    if #new == 0 then return end
    expect(false, "no network interface was attached after the plan was made",
           table.concat(new, ", ") .. " is not covered by it: run the playbook again")
end

-- Makes the groups that `cut` needs, sets their rules, and reads both back. Three round trips.
function security_group_cut.prepare(cut)
    if not cut.makes_groups then return end
    local made = proof.at_once(groups_to_make(cut))
    for _, group in ipairs(made) do
        cut[group.kind][group.vpc] = group.id
        cut.names[group.id] = group.name
    end
    local odd = {}
    for _, answer in ipairs(proof.at_once(rule_tasks(cut, made))) do
        if answer ~= true then odd[#odd + 1] = answer end
    end
    report_attached(cut, prove(cut, made, odd))
    cut.made = made
end

-- ---- cutting ----------------------------------------------------------------------------

local function swap(interface, group)
    return { interface.id, function()
        ec2.modify_network_interface_attribute { NetworkInterfaceId = interface.id,
                                                 Groups = { group } }
        return true
    end }
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
    local id = cut.opening[vpc]
    return { id, function()
        local ok, odd = change_rules("revoke_security_group_" .. direction, id,
                                     group_rules.all_traffic(families(cut, vpc)))
        if ok then return true end
        local faults = proof.settle_reads({ odd }, function()
            local group = proof.describe_groups({ id })[id]
            local member = direction == "ingress" and "IpPermissions" or "IpPermissionsEgress"
            return #(group and group[member] or {}) > 0 and { id .. " has rules still" } or {}
        end)
        if #faults > 0 then error(odd .. "; " .. table.concat(faults, "; "), 0) end
        return true
    end }
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
        proof.at_once(swaps(cut, cut.final))
        return
    end
    window {
        open = function() proof.at_once(swaps(cut, cut.opening)) end,
        settle = cut.settle,
        close = function() proof.at_once(closing(cut)) end,
    }
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
        proof.be_patient(function()
            carriers = carriers_of(id)
            return #carriers == 0
        end, RELEASE, INTERVAL)
    end
    if #carriers > 0 then error(table.concat(carriers, "; ") .. ": it was not deleted", 0) end
    ec2.delete_security_group { GroupId = id }
    return true
end

-- Deletes the opening groups that the run made.
function security_group_cut.clean_up(cut)
    local ids = proof.opening_ids(cut)
    if #ids > 0 then parallel(ids, delete_when_free) end
    cut.opening, cut.makes_opening = {}, false
end

return security_group_cut
