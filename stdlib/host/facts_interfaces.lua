-- facts_interfaces.lua - facts about network interfaces.
--
-- Owns: the kinds interface.groups (in order), interface.attribute, interface.tracking,
-- interface.public and interface.attachment; what modify, attach and detach set. Pure.
local calls = require "calls"
local facts = require "facts"

local function read_interface(id)
    return calls.ec2("describe_network_interfaces", { NetworkInterfaceIds = { id } })
end

local function interface_of(fact, look)
    return facts.first(look, read_interface(fact.id), "NetworkInterfaces")
end

local function reads(fact) return { read_interface(fact.id) } end

local function modify_call(id, members)
    members.NetworkInterfaceId = id
    return { calls.ec2("modify_network_interface_attribute", members) }
end

-- ---- groups -------------------------------------------------------------------------------

local groups = { reads = reads, together = true }

function groups.attribute() return "groups" end

function groups.value(fact, look)
    local interface, state = interface_of(fact, look)
    if not interface then return state end
    local ids = {}
    for i, group in ipairs(interface.Groups or {}) do ids[i] = group.GroupId end
    return facts.state(ids)
end

function groups.set(fact, now, wanted)
    if now.absent then return nil, "the network interface is gone" end
    if wanted.absent or #wanted.value == 0 then return nil, "it had no groups" end
    return modify_call(fact.id, { Groups = wanted.value })
end

-- AWS may list them in another order than it was given.
function groups.alike(a, b)
    local seen = {}
    for _, id in ipairs(a) do seen[id] = true end
    for _, id in ipairs(b) do
        if not seen[id] then return false end
    end
    return #a == #b
end

function groups.text(ids) return table.concat(ids, ", ") end

-- ---- single attributes --------------------------------------------------------------------

local WORDS = { Description = "description", SourceDestCheck = "source/destination check",
                Attachment = "deletion with its instance" }

local attribute = { reads = reads, together = true }

function attribute.attribute(fact) return WORDS[fact.name] end

function attribute.value(fact, look)
    local interface, state = interface_of(fact, look)
    if not interface then return state end
    if fact.name == "Description" then return facts.state(interface.Description or "") end
    if fact.name == "SourceDestCheck" then return facts.state(interface.SourceDestCheck ~= false) end
    if not interface.Attachment then return facts.ABSENT end
    return facts.state(interface.Attachment.DeleteOnTermination == true)
end

function attribute.handle(fact, look)
    local interface = interface_of(fact, look)
    return interface and (interface.Attachment or {}).AttachmentId
end

function attribute.set(fact, now, wanted, look)
    if now.absent or wanted.absent then return nil, "the network interface is not attached" end
    if fact.name ~= "Attachment" then
        return modify_call(fact.id, { [fact.name] = { Value = wanted.value } })
    end
    local handle = fact.handle or look and attribute.handle(fact, look)
    if not handle then return nil, "its attachment is not known", true end
    return modify_call(fact.id, { Attachment = { AttachmentId = handle,
                                                 DeleteOnTermination = wanted.value } })
end

-- ---- connection tracking ------------------------------------------------------------------

-- AWS's defaults: what a time-out is that nobody set. None can be unset, so it is set to this.
local DEFAULT_SECONDS = { TcpEstablishedTimeout = 432000, UdpTimeout = 30, UdpStreamTimeout = 180 }

local tracking = { reads = reads }

function tracking.attribute(fact) return "connection tracking " .. fact.name end

function tracking.value(fact, look)
    local interface, state = interface_of(fact, look)
    if not interface then return state end
    local set = (interface.ConnectionTrackingConfiguration or {})[fact.name]
    return facts.state(set or DEFAULT_SECONDS[fact.name])
end

function tracking.set(fact, now, wanted)
    if now.absent or wanted.absent then return nil, "the network interface is gone" end
    return modify_call(fact.id, { ConnectionTrackingSpecification =
                                      { [fact.name] = wanted.value } })
end

function tracking.text(seconds) return seconds .. " s" end

-- ---- an address that AWS assigns ----------------------------------------------------------

local public = { reads = reads }
local ASSIGNED = "one of AWS's"

function public.attribute() return "public address" end

function public.value(fact, look)
    local interface, state = interface_of(fact, look)
    if not interface then return state end
    return facts.state((interface.Association or {}).PublicIp)
end

function public.alike(now, set) return now == set or set == ASSIGNED end

function public.set(fact, _, wanted)
    if wanted.absent then return modify_call(fact.id, { AssociatePublicIpAddress = false }) end
    return nil, ("AWS assigned %s: once it is given up it is lost for good"):format(wanted.value)
end

-- ---- attachments --------------------------------------------------------------------------

local attachment = { reads = reads, relation = true }

local function place_of(interface)
    local one = interface.Attachment
    if not one or one.Status == "detached" or one.Status == "detaching" then return nil end
    return { instance = one.InstanceId, index = one.DeviceIndex, card = one.NetworkCardIndex or 0 }
end

function attachment.attribute() return "attachment" end

function attachment.value(fact, look)
    local interface, state = interface_of(fact, look)
    if not interface then return state end
    return facts.state(place_of(interface))
end

attachment.handle = attribute.handle

function attachment.set(fact, now, wanted, look)
    local list = {}
    if not now.absent then
        local handle = fact.handle or look and attachment.handle(fact, look)
        if not handle then return nil, "its attachment is not known", true end
        list[1] = calls.ec2("detach_network_interface", { AttachmentId = handle })
    end
    if wanted.absent then return list end
    local card = wanted.value.card
    list[#list + 1] = calls.ec2("attach_network_interface", {
        NetworkInterfaceId = fact.id, InstanceId = wanted.value.instance,
        DeviceIndex = wanted.value.index, NetworkCardIndex = card ~= 0 and card or nil })
    return list
end

function attachment.text(place)
    return ("%s, device %s"):format(place.instance or "?", place.index or "?")
end

-- ---- mutations ----------------------------------------------------------------------------

-- The before-state of the groups comes from what advice_interfaces.lua read.
local function groups_before(found)
    if not found.groups then return facts.unknown(found.unread) end
    local ids = {}
    for i, group in ipairs(found.groups) do ids[i] = group.id end
    return facts.state(ids)
end

local modify_groups = { knows = { "NetworkInterfaceId", "Groups" }, advised = true }

function modify_groups.understands(call) return call.params.Groups ~= nil end

function modify_groups.facts(call, found)
    if not call.params.NetworkInterfaceId then return {} end
    return { { kind = "interface.groups", id = call.params.NetworkInterfaceId,
               after = facts.state(call.params.Groups), before = found and groups_before(found) } }
end

-- A fact for each member of the parameters that `state_of` has something to say about.
local function one_fact(name, kind, state_of)
    return {
        knows = { "NetworkInterfaceId", name }, note = "gives the interface back what it had",
        understands = function(call)
            return call.params.NetworkInterfaceId ~= nil and call.params[name] ~= nil
        end,
        facts = function(call)
            local given = call.params[name]
            return { { kind = kind, id = call.params.NetworkInterfaceId, name = name,
                       after = state_of(given),
                       handle = type(given) == "table" and given.AttachmentId or nil } }
        end,
    }
end

local function value_of(given) return facts.state(given.Value) end

local modify_tracking = { knows = { "NetworkInterfaceId", "ConnectionTrackingSpecification" },
                          note = "sets the time-outs back" }

function modify_tracking.understands(call)
    return call.params.NetworkInterfaceId ~= nil
        and call.params.ConnectionTrackingSpecification ~= nil
end

function modify_tracking.facts(call)
    local list = {}
    for _, name in ipairs(calls.sorted_keys(DEFAULT_SECONDS)) do
        local seconds = call.params.ConnectionTrackingSpecification[name]
        if seconds then
            list[#list + 1] = { kind = "interface.tracking", id = call.params.NetworkInterfaceId,
                                name = name, after = facts.state(seconds) }
        end
    end
    return list
end

local modify = {
    modify_groups, modify_tracking,
    one_fact("Description", "interface.attribute", value_of),
    one_fact("SourceDestCheck", "interface.attribute", value_of),
    one_fact("Attachment", "interface.attribute", function(given)
        return facts.state(given.DeleteOnTermination)
    end),
    one_fact("AssociatePublicIpAddress", "interface.public", function(given)
        return facts.state(given and ASSIGNED or nil)
    end),
}

local attach = { knows = { "NetworkInterfaceId", "InstanceId", "DeviceIndex", "NetworkCardIndex" },
                 note = "detaches the interface again", handle = "AttachmentId" }

function attach.facts(call)
    local p = call.params
    if not p.NetworkInterfaceId or not p.InstanceId then return {} end
    return { { kind = "interface.attachment", id = p.NetworkInterfaceId,
               after = facts.state { instance = p.InstanceId, index = p.DeviceIndex,
                                     card = p.NetworkCardIndex or 0 } } }
end

local detach = { knows = { "AttachmentId", "Force" }, names = "AttachmentId",
                 note = "attaches the interface again; DeleteOnTermination is false then" }

local function read_attachment(id)
    return calls.ec2("describe_network_interfaces",
                     { Filters = { calls.filter("attachment.attachment-id", id) } })
end

function detach.reads(call) return { read_attachment(call.params.AttachmentId) } end

function detach.find(call, look)
    local interface, state = facts.first(look, read_attachment(call.params.AttachmentId),
                                         "NetworkInterfaces")
    if not interface then return facts.not_found(state, "such attachment") end
    return { fact = { kind = "interface.attachment", id = interface.NetworkInterfaceId },
             before = facts.state(place_of(interface)) }
end

function detach.after() return facts.ABSENT end

return {
    kinds = { ["interface.groups"] = groups, ["interface.attribute"] = attribute,
              ["interface.tracking"] = tracking, ["interface.public"] = public,
              ["interface.attachment"] = attachment },
    mutations = { ["ec2.modify_network_interface_attribute"] = modify,
                  ["ec2.attach_network_interface"] = attach,
                  ["ec2.detach_network_interface"] = detach },
}
