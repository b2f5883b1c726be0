-- facts_gateways.lua - facts about internet gateways and Elastic IP addresses.
--
-- Owns: the kinds gateway.vpc and address (whose an Elastic IP is); what attach, detach, associate
-- and disassociate set. An address that AWS assigned, and that an Elastic IP displaces, is lost
-- for good. Pure.
local calls = require "calls"
local facts = require "facts"

-- ---- internet gateways --------------------------------------------------------------------

local gateway = { relation = true }

local function read_gateway(id)
    return calls.ec2("describe_internet_gateways", { InternetGatewayIds = { id } })
end

function gateway.attribute() return "VPC" end

function gateway.reads(fact) return { read_gateway(fact.id) } end

function gateway.value(fact, look)
    local one, state = facts.first(look, read_gateway(fact.id), "InternetGateways")
    if not one then return state end
    for _, attachment in ipairs(one.Attachments or {}) do
        if attachment.State ~= "detached" and attachment.State ~= "detaching" then
            return facts.state(attachment.VpcId)
        end
    end
    return facts.ABSENT
end

function gateway.set(fact, now, wanted)
    local list = {}
    for _, step in ipairs { { "detach_internet_gateway", now },
                            { "attach_internet_gateway", wanted } } do
        if not step[2].absent then
            list[#list + 1] = calls.ec2(step[1], { InternetGatewayId = fact.id,
                                                   VpcId = step[2].value })
        end
    end
    return list
end

local function sets_gateway(attached, note)
    return { knows = { "InternetGatewayId", "VpcId" }, note = note,
             facts = function(call)
                 local p = call.params
                 if not p.InternetGatewayId or not p.VpcId then return {} end
                 return { { kind = "gateway.vpc", id = p.InternetGatewayId,
                            after = facts.state(attached and p.VpcId or nil) } }
             end,
             targets = function(call)
                 return { { kind = "InternetGateways", id = call.params.InternetGatewayId } }
             end }
end

-- ---- Elastic IPs --------------------------------------------------------------------------

local address = { relation = true }

local function read_address(id) return calls.ec2("describe_addresses", { AllocationIds = { id } }) end

local function place_of(item)
    if not item.AssociationId then return nil end
    return { interface = item.NetworkInterfaceId, private = item.PrivateIpAddress }
end

function address.attribute() return "association" end

function address.reads(fact) return { read_address(fact.id) } end

function address.value(fact, look)
    local item, state = facts.first(look, read_address(fact.id), "Addresses")
    if not item then return state end
    return facts.state(place_of(item))
end

-- Without a private address the interface's first one was meant.
function address.same(a, b)
    return a.interface == b.interface
        and (a.private == b.private or a.private == nil or b.private == nil)
end

function address.handle(fact, look)
    local item = facts.first(look, read_address(fact.id), "Addresses")
    return item and item.AssociationId
end

function address.set(fact, now, wanted, look)
    if not wanted.absent then
        return { calls.ec2("associate_address", {
            AllocationId = fact.id, NetworkInterfaceId = wanted.value.interface,
            PrivateIpAddress = wanted.value.private,
            AllowReassociation = not now.absent or nil }) }
    end
    local handle = fact.handle or look and address.handle(fact, look)
    if not handle then return nil, "its association is not known", true end
    return { calls.ec2("disassociate_address", { AssociationId = handle }) }
end

function address.text(place)
    return (place.interface or "?") .. (place.private and " " .. place.private or "")
end

-- ---- associate ----------------------------------------------------------------------------

local associate = {
    knows = { "AllocationId", "PublicIp", "InstanceId", "NetworkInterfaceId", "PrivateIpAddress",
              "AllowReassociation" },
    handle = "AssociationId", note = "gives the address back where it was",
}

local function named_address(params)
    if params.AllocationId then return read_address(params.AllocationId) end
    return calls.ec2("describe_addresses", { PublicIps = { params.PublicIp } })
end

local function named_interface(params)
    if params.NetworkInterfaceId then
        return calls.ec2("describe_network_interfaces",
                         { NetworkInterfaceIds = { params.NetworkInterfaceId } })
    end
    return calls.ec2("describe_network_interfaces",
                     { Filters = { calls.filter("attachment.instance-id", params.InstanceId) } })
end

function associate.understands(call)
    local p = call.params
    return (p.AllocationId or p.PublicIp) ~= nil and (p.InstanceId or p.NetworkInterfaceId) ~= nil
end

function associate.reads(call)
    local list = {}
    for _, read in ipairs { named_address(call.params), named_interface(call.params) } do
        if not calls.planned_in(read.params) then list[#list + 1] = read end
    end
    return list
end

-- The state of what a planned id names: it is not there yet, so it has nothing.
local function looked_up(look, read, list)
    if calls.planned_in(read.params) then return {} end
    local item, state = facts.first(look, read, list)
    if not item then return facts.not_found(state, "such address or interface") end
    return item
end

function associate.find(call, look)
    local p = call.params
    local item, why = looked_up(look, named_address(p), "Addresses")
    local interface, why_not
    if item then
        interface, why_not = looked_up(look, named_interface(p), "NetworkInterfaces")
    end
    if not interface then return nil, why or why_not end
    local displaced = interface.Association or {}
    return { address = item.AllocationId, before = facts.state(place_of(item)),
             interface = interface.NetworkInterfaceId, private = interface.PrivateIpAddress,
             displaced = displaced.AllocationId ~= item.AllocationId and displaced.AllocationId
                 or nil,
             lost = displaced.PublicIp and not displaced.AllocationId and displaced.PublicIp
                 or nil }
end

function associate.facts(call, found)
    local p = call.params
    found = found or {}
    local id, interface = found.address or p.AllocationId, found.interface or p.NetworkInterfaceId
    if not id or not interface then return {} end
    local list = {}
    -- What is displaced comes first: it can come back when the other has gone.
    if found.displaced then
        list[1] = { kind = "address", id = found.displaced, after = facts.ABSENT,
                    before = facts.state { interface = interface, private = found.private } }
    elseif found.lost then
        list[1] = { kind = "interface.public", id = interface, before = facts.state(found.lost),
                    after = facts.state "one of AWS's" }
    end
    list[#list + 1] = { kind = "address", id = id, before = found.before,
                        after = facts.state { interface = interface,
                                              private = p.PrivateIpAddress } }
    return list
end

-- ---- disassociate -------------------------------------------------------------------------

local disassociate = { knows = { "AssociationId", "PublicIp" }, names = "AssociationId",
                       note = "gives the address back where it was" }

local function read_association(call)
    local p = call.params
    if p.AssociationId then
        return calls.ec2("describe_addresses",
                         { Filters = { calls.filter("association-id", p.AssociationId) } })
    end
    return calls.ec2("describe_addresses", { PublicIps = { p.PublicIp } })
end

function disassociate.understands(call)
    return (call.params.AssociationId == nil) ~= (call.params.PublicIp == nil)
end

function disassociate.reads(call) return { read_association(call) } end

function disassociate.find(call, look)
    local item, state = facts.first(look, read_association(call), "Addresses")
    if not item then return facts.not_found(state, "such association") end
    if not item.AllocationId then return nil, "it is no Elastic IP address of a VPC" end
    return { fact = { kind = "address", id = item.AllocationId },
             before = facts.state(place_of(item)) }
end

function disassociate.after() return facts.ABSENT end

return {
    kinds = { ["gateway.vpc"] = gateway, address = address },
    mutations = {
        ["ec2.attach_internet_gateway"] = sets_gateway(true, "detaches the gateway again"),
        ["ec2.detach_internet_gateway"] = sets_gateway(false, "attaches the gateway again"),
        ["ec2.associate_address"] = associate, ["ec2.disassociate_address"] = disassociate,
    },
}
