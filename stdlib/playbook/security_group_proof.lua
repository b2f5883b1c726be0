-- security_group_proof.lua - reading back what an isolation by security groups rests on.
--
-- Owns: fresh reads of interfaces and groups, judged against what was decided; patience while
-- EC2 shows an older state. It changes nothing.
local group_rules = require "group_rules"
local network = require "instance_network"

local proof = {}

-- Seconds for which EC2 may show an older state than it is in, and between two looks.
local CONSISTENCY = 15
local INTERVAL = 0.5

-- Calls `done` until it is true, for `timeout` seconds at most. That the time is over is no
-- error here: whoever asks looks at what was read last.
function proof.be_patient(done, timeout, interval)
    local ok, e = pcall(wait, done, { timeout = timeout, interval = interval })
    if not ok and not (type(e) == "table" and e.code == "RequestTimeout") then error(e, 0) end
end

-- Runs independent tasks at once: {label, function}. A failure is told with its label.
function proof.at_once(tasks)
    local labels = {}
    for i, task in ipairs(tasks) do labels[i] = task[1] end
    return parallel(labels, function(_, i) return tasks[i][2]() end)
end

-- Group id -> the group, as EC2 describes it now.
function proof.describe_groups(ids)
    local map = {}
    local result = ec2.describe_security_groups { GroupIds = ids }
    for _, group in ipairs(result.SecurityGroups or {}) do map[group.GroupId] = group end
    return map
end

-- Reads until `faults()` gives an empty list, for as long as EC2 may lag. Returns the last.
function proof.settle_reads(first, faults)
    local last = first
    if #last > 0 then
        proof.be_patient(function()
            last = faults()
            return #last == 0
        end, CONSISTENCY, INTERVAL)
    end
    return last
end

-- Ids of interfaces among `interfaces` (a fresh read) that the decision did not know.
function proof.attached_meanwhile(cut, interfaces)
    local known, new = {}, {}
    for _, interface in ipairs(cut.host.interfaces) do known[interface.id] = true end
    for _, raw in ipairs(interfaces) do
        if not known[raw.NetworkInterfaceId] then new[#new + 1] = raw.NetworkInterfaceId end
    end
    return new
end

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

-- The opening groups that the run made and has not deleted yet.
function proof.opening_ids(cut)
    local ids = {}
    for _, vpc in ipairs(cut.makes_opening and cut.vpcs or {}) do
        ids[#ids + 1] = cut.opening[vpc]
    end
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
    for _, id in ipairs(proof.opening_ids(cut)) do
        local ok, why = true, nil
        if described[id] then ok, why = group_rules.is_blank(described[id]) end
        if not ok then faults[#faults + 1] = why end
    end
    return faults
end

-- What waiting can cure: an interface that was attached stays.
local CURABLE = { "interfaces", "final", "opening" }
local ALL = { "interfaces", "final", "opening", "attached" }

local function listed(faults, kinds)
    local list = {}
    for _, kind in ipairs(kinds) do
        table.move(faults[kind], 1, #faults[kind], #list + 1, list)
    end
    return list
end

local function read_back(cut)
    local ids = final_ids(cut)
    local opening = proof.opening_ids(cut)
    table.move(opening, 1, #opening, #ids + 1, ids)
    local read = proof.at_once {
        { "interfaces", function() return network.read_interfaces(cut.host.id) end },
        { "groups", function() return proof.describe_groups(ids) end },
    }
    return { interfaces = faults_of_interfaces(cut, read[1]),
             final = faults_of_final(cut, read[2]), opening = faults_of_opening(cut, read[2]),
             attached = proof.attached_meanwhile(cut, read[1]) }
end

-- Fresh reads of all that the isolation rests on: lists of faults by kind, all empty when it
-- holds; and all of them in one list. Reads again while EC2 may lag.
function proof.faults(cut)
    local faults = read_back(cut)
    proof.settle_reads(listed(faults, CURABLE), function()
        faults = read_back(cut)
        return listed(faults, CURABLE)
    end)
    return faults, listed(faults, ALL)
end

-- "quarantine (sg-1)"
local function final_text(cut)
    local texts = {}
    for i, id in ipairs(final_ids(cut)) do
        local name = cut.names[id]
        texts[i] = name and ("%s (%s)"):format(name, id) or id
    end
    return table.concat(texts, ", ")
end

-- Reads back and states what must hold; nothing here raises.
function proof.verify(cut)
    local faults = proof.faults(cut)
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

return proof
