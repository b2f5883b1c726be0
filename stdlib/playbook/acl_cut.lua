-- acl_cut.lua - cutting subnets off with network ACLs, and proving it.
--
-- Owns: denies in front of a list, or a new list for the subnets of one instance; the reads that
-- prove it. Where an answer decides what comes next (a list that is full) the calls have places
-- of their own in the plan, so that others keep theirs.
local acl_rules = require "acl_rules"
local facts = require "run_facts"
local network = require "instance_network"
local proof = require "security_group_proof"

local acl_cut = {}

local function failed_with(e, code)
    return type(e) == "table" and e.code == code
end

local function describe(filter, values)
    return ec2.describe_network_acls { Filters = { { Name = filter, Values = values } } }
        .NetworkAcls or {}
end

-- ---- entries ------------------------------------------------------------------------------

local function entry_params(acl, slot)
    local entry = slot.entry
    return { NetworkAclId = acl, RuleNumber = slot.number, Egress = entry.Egress,
             Protocol = entry.Protocol, RuleAction = entry.RuleAction,
             CidrBlock = entry.CidrBlock, Ipv6CidrBlock = entry.Ipv6CidrBlock,
             PortRange = entry.PortRange }
end

local function create(acl, slot)
    return ec2.create_network_acl_entry(entry_params(acl, slot))
end

-- How many entries a list may have is for EC2 to say. If it is full, the entry that would match
-- last goes; undo brings it back.
local function make_room(acl, slot, refusal)
    local spare = slot.spare
    if not spare then error(refusal, 0) end
    log(("%s is full: %s is deleted to make room; undo puts it back"):format(
        acl, acl_rules.text(spare)))
    ec2.delete_network_acl_entry { NetworkAclId = acl, RuleNumber = spare.RuleNumber,
                                   Egress = spare.Egress }
    create(acl, slot)
end

-- Puts one entry where it belongs.
local function put(acl, slot)
    if slot.done then return end
    if slot.old then
        ec2.replace_network_acl_entry(entry_params(acl, slot))
        return
    end
    local ok, e = pcall(create, acl, slot)
    if ok then return end
    if failed_with(e, "NetworkAclEntryLimitExceeded") then
        make_room(acl, slot, e)
    elseif failed_with(e, "NetworkAclEntryAlreadyExists") then
        -- Somebody took the number since the plan was made: not rehearsed, so it is asked again.
        ec2.replace_network_acl_entry(entry_params(acl, slot))
    else
        error(e, 0)
    end
end

-- One direction and family, entry after entry. Each is an item of a `parallel` of its own: its
-- calls have their own numbers in the plan, however many those before it needed.
local function put_all(part)
    for _, slot in ipairs(part.slots) do
        if not slot.done then parallel({ slot.number }, function() put(part.acl, slot) end) end
    end
end

local function part_label(part)
    return ("%s %s %s"):format(part.acl, part.egress and "outbound" or "inbound", part.family)
end

local function put_everywhere(parts)
    local tasks = {}
    for i, part in ipairs(parts) do
        tasks[i] = { part_label(part), function() put_all(part) end }
    end
    proof.at_once(tasks)
end

-- ---- new lists ----------------------------------------------------------------------------

local function make_list(cut, vpc)
    local name = "cordon-isolation-" .. facts.id
    local ok, result = pcall(ec2.create_network_acl, {
        VpcId = vpc, TagSpecifications = { { ResourceType = "network-acl",
                                             Tags = { { Key = "Name", Value = name } } } } })
    if ok then return result.NetworkAcl.NetworkAclId end
    if failed_with(result, "NetworkAclLimitExceeded") then
        error(("%s has as many network ACLs as it may have: use mode=existing, which changes the "
               .. "list of %s (%s)"):format(vpc, cut.subnets[1].id, tostring(result)), 0)
    end
    error(result, 0)
end

local function families_in(cut, vpc)
    for _, subnet in ipairs(cut.subnets) do
        if subnet.vpc == vpc then return subnet.families end
    end
end

-- A new list denies everything already. The denies are written out all the same, so that whoever
-- reads it sees that it is meant.
local function parts_of_new(cut)
    local parts = {}
    for _, vpc in ipairs(cut.vpcs) do
        local more = acl_rules.changes_both_ways(cut.made[vpc], {}, families_in(cut, vpc), cut.keep)
        table.move(more, 1, #more, #parts + 1, parts)
    end
    return parts
end

local function faults_of_new(cut)
    local ids, shown, faults = {}, {}, {}
    for i, vpc in ipairs(cut.vpcs) do ids[i] = cut.made[vpc] end
    local result = ec2.describe_network_acls { NetworkAclIds = ids }
    for _, acl in ipairs(result.NetworkAcls or {}) do shown[acl.NetworkAclId] = acl end
    for _, vpc in ipairs(cut.vpcs) do
        local acl, families = shown[cut.made[vpc]], families_in(cut, vpc)
        if not acl then
            faults[#faults + 1] = cut.made[vpc] .. " is not shown"
        else
            for _, judge in ipairs { acl_rules.leaks, acl_rules.missing } do
                for _, text in ipairs(judge(acl.Entries, families, cut.keep)) do
                    faults[#faults + 1] = cut.made[vpc] .. ": " .. text
                end
            end
        end
    end
    return faults
end

-- Makes the new lists that `cut` needs, and reads them back: nobody is put on one that is not as
-- it must be. Three round trips.
function acl_cut.prepare(cut)
    if not cut.makes_list then return end
    local ids = parallel(cut.vpcs, function(vpc) return make_list(cut, vpc) end)
    for i, vpc in ipairs(cut.vpcs) do cut.made[vpc] = ids[i] end
    cut.host.made = table.move(ids, 1, #ids, #(cut.host.made or {}) + 1, cut.host.made or {})
    put_everywhere(parts_of_new(cut))
    local faults = proof.settle_reads(faults_of_new(cut), function() return faults_of_new(cut) end)
    if #faults > 0 then
        error("the new list is not as it must be, no subnet was put on it: "
              .. table.concat(faults, "; "), 0)
    end
end

-- ---- cutting ------------------------------------------------------------------------------

local function move_subnets(cut)
    local tasks = {}
    for i, subnet in ipairs(cut.subnets) do
        tasks[i] = { subnet.id, function()
            ec2.replace_network_acl_association { AssociationId = subnet.association,
                                                  NetworkAclId = cut.made[subnet.vpc] }
        end }
    end
    proof.at_once(tasks)
end

-- Cuts. One round trip; three where a list is full.
function acl_cut.cut(cut)
    if cut.mode == "new" then move_subnets(cut) else put_everywhere(cut.parts) end
end

-- ---- proof --------------------------------------------------------------------------------

local function faults_of_subnets(cut, acls)
    local shown, faults = {}, { edge = {}, kept = {} }
    for _, acl in ipairs(acls) do
        for _, association in ipairs(acl.Associations or {}) do
            shown[association.SubnetId] = acl
        end
    end
    local function add(kind, subnet, text)
        table.insert(faults[kind], ("%s: %s"):format(subnet, text))
    end
    for _, subnet in ipairs(cut.subnets) do
        local acl, made = shown[subnet.id], cut.made[subnet.vpc]
        if not acl then
            add("edge", subnet.id, "its network ACL is not shown")
        elseif made and acl.NetworkAclId ~= made then
            add("edge", subnet.id, ("it is on %s, not on %s"):format(acl.NetworkAclId, made))
        else
            for _, text in ipairs(acl_rules.leaks(acl.Entries, subnet.families, cut.keep)) do
                add("edge", subnet.id, acl.NetworkAclId .. " " .. text)
            end
            for _, text in ipairs(acl_rules.missing(acl.Entries, subnet.families, cut.keep)) do
                add("kept", subnet.id, text)
            end
        end
    end
    return faults
end

local function read_back(cut)
    local ids = {}
    for i, subnet in ipairs(cut.subnets) do ids[i] = subnet.id end
    local read = proof.at_once {
        { "network ACLs", function() return describe("association.subnet-id", ids) end },
        { "interfaces", function() return network.read_interfaces(cut.host.id) end },
    }
    local faults = faults_of_subnets(cut, read[1])
    faults.attached = proof.attached_meanwhile(cut, read[2])
    return faults
end

-- Fresh reads of all that the cut rests on: lists of faults by kind (edge, kept, attached).
function acl_cut.faults(cut)
    local faults = read_back(cut)
    proof.settle_reads(faults.edge, function()
        faults = read_back(cut)
        return faults.edge
    end)
    return faults
end

local function state(list, text, after)
    expect(#list == 0, text, #list > 0 and table.concat(list, "; ") .. (after or "") or nil)
end

-- Reads back and states what must hold; nothing here raises. Which entry a packet meets first is
-- all that decides at the subnet's edge, so these reads say what can be reached.
function acl_cut.verify(cut)
    local faults, ids = acl_cut.faults(cut), {}
    for i, subnet in ipairs(cut.subnets) do ids[i] = subnet.id end
    state(faults.edge, ("nothing%s passes the edge of %s, in or out"):format(
        #cut.keep > 0 and " but what is kept" or "", table.concat(ids, ", ")))
    if #cut.keep > 0 then state(faults.kept, "what is kept open passes it") end
    state(faults.attached, "no network interface was attached meanwhile",
          " is not covered: run the playbook again")
end

return acl_cut
