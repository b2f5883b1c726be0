-- flow_compile.lua - one resource of a world, as the flow engine wants it.
--
-- Owns: reading interfaces, groups, NACLs, route tables and prefix lists out of the shapes that
-- EC2's describe operations return. Pure. What cannot be read is left out, never guessed.
local address = require "flow_address"
local protocols = require "flow_protocols"
local rules = require "rules"

local compile = {}

local function public_of(association)
    local text = association and association.PublicIp
    return text and address.address(text) or nil
end

-- A public address that AWS assigned by itself belongs to it: dropped, it is lost for good.
local function is_borrowed(association)
    return association ~= nil and association.IpOwnerId == "amazon"
end

local function own_addresses(raw)
    local list, seen = {}, {}
    local function add(text, association, primary)
        local one = text and address.address(text)
        if not one or seen[text] then return end
        seen[text] = true
        list[#list + 1] = { family = one.family, text = text, address = one, primary = primary,
                            public = public_of(association), borrowed = is_borrowed(association) }
    end
    for _, private in ipairs(raw.PrivateIpAddresses or {}) do
        add(private.PrivateIpAddress, private.Association, private.Primary == true)
    end
    add(raw.PrivateIpAddress, raw.Association, true)
    for _, v6 in ipairs(raw.Ipv6Addresses or {}) do add(v6.Ipv6Address, nil, true) end
    for _, own in ipairs(list) do
        if own.text == raw.PrivateIpAddress then
            own.public = own.public or public_of(raw.Association)
            own.borrowed = own.borrowed or is_borrowed(raw.Association)
        end
    end
    return list
end

-- {id, vpc, subnet, instance, device, groups = {ids}, addresses = {{family, text, address,
-- public, primary, borrowed}}, kind, managed, timeouts}
function compile.interface(raw)
    local attachment, groups = raw.Attachment or {}, {}
    for i, group in ipairs(raw.Groups or {}) do groups[i] = group.GroupId end
    local timeouts = raw.ConnectionTrackingConfiguration or {}
    return { id = raw.NetworkInterfaceId, vpc = raw.VpcId or "", subnet = raw.SubnetId,
             instance = attachment.InstanceId, groups = groups,
             device = (attachment.NetworkCardIndex or 0) * 1000 + (attachment.DeviceIndex or 0),
             addresses = own_addresses(raw), kind = raw.InterfaceType or "interface",
             managed = raw.RequesterManaged == true, description = raw.Description or "",
             timeouts = { tcp = timeouts.TcpEstablishedTimeout, udp = timeouts.UdpTimeout,
                          stream = timeouts.UdpStreamTimeout } }
end

local function compile_rule(rule, direction, name)
    local one = { protocol = protocols.canonical(rule.protocol), from = rule.from, to = rule.to,
                  text = ("%s (%s)"):format(name, rules.text(rule, direction)) }
    if rule.member == "IpRanges" or rule.member == "Ipv6Ranges" then
        one.network = address.network(rule.value)
        one.everyone = one.network and address.is_everyone(one.network)
            and one.network.family or nil
    elseif rule.member == "PrefixListIds" then
        one.list = rule.value
    else
        one.group = rule.peer.GroupId or rule.value
    end
    return one
end

local function compile_rules(permissions, direction, name)
    local list = {}
    for _, rule in ipairs(rules.explode(permissions)) do
        list[#list + 1] = compile_rule(rule, direction, name)
    end
    return list
end

-- {id, name, ingress = {rule}, egress = {rule}}; a rule: {protocol, from, to, text} and one of
-- network, list, group; everyone = the family whose every address it names.
function compile.group(raw)
    local name = raw.GroupId
    if raw.GroupName and raw.GroupName ~= name then
        name = ('%s "%s"'):format(name, raw.GroupName)
    end
    return { id = raw.GroupId, name = raw.GroupName,
             ingress = compile_rules(raw.IpPermissions, "ingress", name),
             egress = compile_rules(raw.IpPermissionsEgress, "egress", name) }
end

-- Its networks; nil when they are not in the answer (a managed list described without entries).
function compile.prefix_list(raw)
    local texts = {}
    if not raw.Cidrs and not raw.Entries then return nil end
    for _, text in ipairs(raw.Cidrs or {}) do texts[#texts + 1] = text end
    for _, entry in ipairs(raw.Entries or {}) do texts[#texts + 1] = entry.Cidr end
    local list = {}
    for _, text in ipairs(texts) do list[#list + 1] = address.network(text) end
    return list
end

local function ports_text(entry)
    if entry.protocol == "-1" then return "all traffic" end
    if not entry.from then return entry.protocol end
    if entry.from == entry.to then return ("%s %d"):format(entry.protocol, entry.from) end
    return ("%s %d-%d"):format(entry.protocol, entry.from, entry.to)
end

local function compile_entry(raw, id)
    local network = address.network(raw.CidrBlock or raw.Ipv6CidrBlock or "")
    if not network then return nil end
    local protocol = protocols.canonical(raw.Protocol or "-1")
    local ports, icmp = raw.PortRange or {}, raw.IcmpTypeCode or {}
    local entry = { number = raw.RuleNumber or 32767, network = network, protocol = protocol,
                    allow = raw.RuleAction == "allow", egress = raw.Egress == true,
                    from = ports.From, to = ports.To, type = icmp.Type, code = icmp.Code }
    local number = entry.number >= 32767 and "*" or tostring(entry.number)
    entry.text = ("%s entry %s (%s %s %s %s)"):format(
        id, number, entry.allow and "allow" or "deny", ports_text(entry),
        entry.egress and "to" or "from", network.text)
    return entry
end

-- {id, ingress = {entry}, egress = {entry}}, in the order in which they are tried.
function compile.nacl(raw)
    local nacl = { id = raw.NetworkAclId, ingress = {}, egress = {} }
    for _, item in ipairs(raw.Entries or {}) do
        local entry = compile_entry(item, raw.NetworkAclId)
        local list = entry and (entry.egress and nacl.egress or nacl.ingress)
        if list then list[#list + 1] = entry end
    end
    local function by_number(a, b)
        if a.number ~= b.number then return a.number < b.number end
        return a.network.text < b.network.text
    end
    table.sort(nacl.ingress, by_number)
    table.sort(nacl.egress, by_number)
    return nacl
end

local TARGETS = {
    { "NatGatewayId", "nat" }, { "EgressOnlyInternetGatewayId", "egress-only" },
    { "TransitGatewayId", "transit" }, { "VpcPeeringConnectionId", "peering" },
    { "NetworkInterfaceId", "appliance" }, { "InstanceId", "appliance" },
    { "LocalGatewayId", "local-gateway" }, { "CarrierGatewayId", "carrier" },
    { "CoreNetworkArn", "core-network" }, { "VpcEndpointId", "endpoint" },
}
local GATEWAYS = { ["local"] = "local", igw = "internet", vgw = "vpn", vpce = "endpoint" }

local function target_of(raw)
    for _, target in ipairs(TARGETS) do
        if raw[target[1]] then return target[2], raw[target[1]] end
    end
    local id = raw.GatewayId
    if not id then return "none", nil end
    return GATEWAYS[id] or GATEWAYS[id:match("^(%a+)%-") or ""] or "none", id
end

-- What a route is for: its networks, or nil and the prefix list that the world does not hold.
local function destinations(raw, list_of)
    local text = raw.DestinationCidrBlock or raw.DestinationIpv6CidrBlock
    if text then return { address.network(text) }, text end
    local id = raw.DestinationPrefixListId
    return id and list_of(id) or nil, id or "an unknown destination"
end

-- Static routes win over propagated ones for the same destination, local over all.
local function rank(route)
    if route.kind == "local" then return 0 end
    if route.list then return 2 end
    return route.propagated and 3 or 1
end

-- {id, routes = {route, longest prefix first}, unread = {routes of prefix lists not in the world}}
function compile.route_table(raw, list_of)
    local compiled = { id = raw.RouteTableId, routes = {}, unread = {} }
    for _, item in ipairs(raw.Routes or {}) do
        local kind, id = target_of(item)
        local networks, text = destinations(item, list_of)
        local route = { kind = kind, id = id, blackhole = item.State == "blackhole",
                        list = item.DestinationPrefixListId,
                        propagated = item.Origin == "EnableVgwRoutePropagation" }
        route.text = ("%s route %s -> %s%s"):format(raw.RouteTableId, text, id or "nothing",
                                                   route.blackhole and " (blackhole)" or "")
        if not networks then compiled.unread[#compiled.unread + 1] = route end
        for _, network in ipairs(networks or {}) do
            compiled.routes[#compiled.routes + 1] = setmetatable({ network = network },
                                                                 { __index = route })
        end
    end
    table.sort(compiled.routes, function(a, b)
        if a.network.prefix ~= b.network.prefix then return a.network.prefix > b.network.prefix end
        if rank(a) ~= rank(b) then return rank(a) < rank(b) end
        return a.text < b.text
    end)
    return compiled
end

local function live(state)
    return state == nil or state == "associated" or state == "associating"
end

function compile.vpc_networks(raw)
    local list = { raw.CidrBlock and address.network(raw.CidrBlock) }
    for _, block in ipairs(raw.CidrBlockAssociationSet or {}) do
        if live((block.CidrBlockState or {}).State) and block.CidrBlock ~= raw.CidrBlock then
            list[#list + 1] = address.network(block.CidrBlock)
        end
    end
    for _, block in ipairs(raw.Ipv6CidrBlockAssociationSet or {}) do
        if live((block.Ipv6CidrBlockState or {}).State) and block.Ipv6CidrBlock then
            list[#list + 1] = address.network(block.Ipv6CidrBlock)
        end
    end
    return list
end

return compile
