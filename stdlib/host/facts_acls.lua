-- facts_acls.lua - facts about network ACLs.
--
-- Owns: the kinds acl.entry (by number and direction) and subnet.acl (which list a subnet has);
-- what the calls on entries and associations set. Pure. Association ids change with every
-- change: the subnet is remembered.
local calls = require "calls"
local facts = require "facts"
local rules = require "rules"

-- ---- entries ------------------------------------------------------------------------------

local PROTOCOLS = { tcp = "6", udp = "17", icmp = "1", icmpv6 = "58", all = "-1" }
local NAMES = { ["6"] = "tcp", ["17"] = "udp", ["1"] = "icmp", ["58"] = "icmpv6",
                ["-1"] = "all traffic" }

-- An entry in one form, whether it was asked for or is shown.
local function entry_of(item)
    local protocol = tostring(item.Protocol)
    protocol = PROTOCOLS[protocol:lower()] or protocol
    local entry = { Protocol = protocol, RuleAction = item.RuleAction,
                    CidrBlock = rules.cidr(item.CidrBlock),
                    Ipv6CidrBlock = rules.cidr(item.Ipv6CidrBlock) }
    if protocol == "6" or protocol == "17" then
        local range = item.PortRange or {}
        entry.PortRange = { From = range.From, To = range.To }
    elseif protocol == "1" or protocol == "58" then
        local icmp = item.IcmpTypeCode or {}
        entry.IcmpTypeCode = { Type = icmp.Type or -1, Code = icmp.Code or -1 }
    end
    return entry
end

local function read_acl(id) return calls.ec2("describe_network_acls", { NetworkAclIds = { id } }) end

local kind = {}

function kind.attribute(fact)
    return ("%s entry %s"):format(fact.egress and "outbound" or "inbound", fact.number)
end

function kind.reads(fact) return { read_acl(fact.id) } end

function kind.value(fact, look)
    local acl, state = facts.first(look, read_acl(fact.id), "NetworkAcls")
    if not acl then return state end
    for _, entry in ipairs(acl.Entries or {}) do
        if entry.RuleNumber == fact.number and (entry.Egress == true) == fact.egress then
            return facts.state(entry_of(entry))
        end
    end
    return facts.ABSENT
end

function kind.set(fact, now, wanted)
    local params = { NetworkAclId = fact.id, RuleNumber = fact.number, Egress = fact.egress }
    if wanted.absent then return { calls.ec2("delete_network_acl_entry", params) } end
    for name, value in pairs(wanted.value) do params[name] = value end
    return { calls.ec2(now.absent and "create_network_acl_entry" or "replace_network_acl_entry",
                       params) }
end

function kind.text(entry)
    local words = NAMES[entry.Protocol] or "protocol " .. entry.Protocol
    local range, icmp = entry.PortRange, entry.IcmpTypeCode
    if range and range.From == range.To then
        words = ("%s %s"):format(words, range.From)
    elseif range then
        words = ("%s %s-%s"):format(words, range.From, range.To)
    elseif icmp and icmp.Type ~= -1 then
        words = ("%s type %s code %s"):format(words, icmp.Type, icmp.Code)
    end
    return ("%s %s %s"):format(entry.RuleAction, words, entry.CidrBlock or entry.Ipv6CidrBlock)
end

local FIRST_DEFAULT = 32767

function kind.parts(id, acl)
    local list = {}
    for _, entry in ipairs(acl.Entries or {}) do
        if entry.RuleNumber < FIRST_DEFAULT then
            list[#list + 1] = { kind = "acl.entry", id = id, number = entry.RuleNumber,
                                egress = entry.Egress == true }
        end
    end
    return list
end

local ENTRY_MEMBERS = { "NetworkAclId", "RuleNumber", "Egress", "Protocol", "RuleAction",
                        "CidrBlock", "Ipv6CidrBlock", "IcmpTypeCode", "PortRange" }

local function targets(call) return { { kind = "NetworkAcls", id = call.params.NetworkAclId } } end

local function sets_entry(present, note)
    return { knows = ENTRY_MEMBERS, note = note, targets = targets,
             understands = function(call)
                 return call.params.NetworkAclId ~= nil
                     and math.tointeger(call.params.RuleNumber) ~= nil
             end,
             facts = function(call)
                 local p = call.params
                 return { { kind = "acl.entry", id = p.NetworkAclId,
                            number = math.tointeger(p.RuleNumber), egress = p.Egress == true,
                            after = facts.state(present and entry_of(p) or nil) } }
             end }
end

-- ---- which list a subnet has --------------------------------------------------------------

local function read_by(name, id)
    return calls.ec2("describe_network_acls", { Filters = { calls.filter(name, id) } })
end

local association = { relation = true, together = true }

local function read_subnet(fact) return read_by("association.subnet-id", fact.id) end

function association.attribute() return "network ACL" end

function association.reads(fact) return { read_subnet(fact) } end

function association.value(fact, look)
    local acl, state = facts.first(look, read_subnet(fact), "NetworkAcls")
    if not acl then return state end
    return facts.state(acl.NetworkAclId)
end

function association.handle(fact, look)
    local acl = facts.first(look, read_subnet(fact), "NetworkAcls")
    for _, one in ipairs(acl and acl.Associations or {}) do
        if one.SubnetId == fact.id then return one.NetworkAclAssociationId end
    end
    return nil
end

function association.set(fact, now, wanted, look)
    if now.absent or wanted.absent then return nil, "the subnet is gone" end
    local handle = fact.handle or look and association.handle(fact, look)
    if not handle then return nil, "its association is not known", true end
    return { calls.ec2("replace_network_acl_association",
                       { AssociationId = handle, NetworkAclId = wanted.value }) }
end

local replace = { knows = { "AssociationId", "NetworkAclId" }, names = "AssociationId",
                  handle = "NewAssociationId", note = "gives the subnet its network ACL back" }

function replace.reads(call)
    return { read_by("association.association-id", call.params.AssociationId) }
end

function replace.find(call, look)
    local id = call.params.AssociationId
    local acl, state = facts.first(look, read_by("association.association-id", id), "NetworkAcls")
    if not acl then return facts.not_found(state, "such association") end
    for _, one in ipairs(acl.Associations or {}) do
        if one.NetworkAclAssociationId == id and one.SubnetId then
            return { fact = { kind = "subnet.acl", id = one.SubnetId },
                     before = facts.state(acl.NetworkAclId) }
        end
    end
    return nil, "its subnet is not told"
end

function replace.after(call) return facts.state(call.params.NetworkAclId) end

function replace.targets(_, found)
    return found and { { kind = "Subnets", id = found.fact.id } }
end

return {
    kinds = { ["acl.entry"] = kind, ["subnet.acl"] = association },
    mutations = {
        ["ec2.create_network_acl_entry"] = sets_entry(true, "deletes the entry again"),
        ["ec2.replace_network_acl_entry"] = sets_entry(true, "puts the old entry back"),
        ["ec2.delete_network_acl_entry"] = sets_entry(false, "makes the entry again"),
        ["ec2.replace_network_acl_association"] = replace,
    },
}
