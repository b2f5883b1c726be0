-- flow_ends.lua - which interfaces and addresses a flow is between, and its packets.
--
-- Owns: reading a flow as a drill or a plan writes it, checking it, and finding its two ends in
-- a world. A flow's ends are found once, when it is added: a connection keeps its addresses.
local address = require "flow_address"
local protocols = require "flow_protocols"

local ends = {}

local LONGEST_PERIOD = 366 * 86400
local ANY_CLIENT = { 1024, 65535 }
local LINUX, WINDOWS = { 32768, 60999 }, { 49152, 65535 }
local ECHO = { icmp = { request = 8, reply = 0 }, icmpv6 = { request = 128, reply = 129 } }

local function fail(spec, text, ...)
    error(("flow %s: %s"):format(tostring(spec.name), text:format(...)), 0)
end

local function reference(spec, key)
    local value = spec[key]
    if type(value) == "table" then value = value.id or value.address end
    if type(value) ~= "string" or value == "" then
        fail(spec, "%s= must be an instance, an interface or an address", key)
    end
    return value
end

local function own_of(interface, family, text)
    local first = nil
    for _, own in ipairs(interface.addresses) do
        if text == own.text or (text and own.public and own.public.text == text) then return own end
        if not text and own.family == family then
            first = first or own
            if own.primary then return own end
        end
    end
    return first
end

local function interface_end(spec, interface, family, text)
    local own = own_of(interface, family, text)
    if not own then fail(spec, "%s has no %s address", interface.id, family) end
    return { interface = interface.id, vpc = interface.vpc, text = own.text,
             address = own.address, started_public = own.public and own.public.text,
             borrowed = own.borrowed,
             by_public = text ~= nil and own.text ~= text }
end

-- The end that an id names; nil when the text is no id.
local function end_by_id(view, spec, text, family)
    if text:find("^eni%-") then
        local interface = view:interface(text)
        if not interface then fail(spec, "there is no %s", text) end
        return interface_end(spec, interface, family)
    end
    if not text:find("^i%-") then return nil end
    local list = view:interfaces_of(text)
    if #list == 0 then fail(spec, "there is no %s with a network interface", text) end
    for _, id in ipairs(list) do
        if own_of(view:interface(id), family) then
            return interface_end(spec, view:interface(id), family)
        end
    end
    fail(spec, "%s has no %s address", text, family)
end

-- The end that an address is: an interface's own, its public one, or somebody's outside.
local function end_by_address(view, spec, text, vpc)
    local one = address.address(text)
    if not one then fail(spec, "%q is no instance, interface or address", text) end
    local id = vpc and view:by_private(text, vpc) or view:by_private(text)
    if not id or id == "several" then id = view:by_public(text) end
    if id then return interface_end(spec, view:interface(id), one.family, text) end
    return { address = one, text = text }
end

local function family_of(spec, from, to)
    local given = { v4 = "v4", ipv4 = "v4", v6 = "v6", ipv6 = "v6" }
    if spec.family then
        return given[spec.family] or fail(spec, "family= is v4 or v6, not %s", spec.family)
    end
    local one = address.address(from) or address.address(to)
    return one and one.family or "v4"
end

local function both_ends(view, spec)
    local from, to = reference(spec, "from"), reference(spec, "to")
    local family = family_of(spec, from, to)
    local a = end_by_id(view, spec, from, family)
    local b = end_by_id(view, spec, to, family)
    a = a or end_by_address(view, spec, from, b and b.vpc)
    b = b or end_by_address(view, spec, to, a.vpc)
    if a.address.family ~= b.address.family then fail(spec, "its ends are of two families") end
    if not a.interface and not b.interface then fail(spec, "none of its ends is in the world") end
    return a, b
end

local function client_ports(view, from)
    if not from.interface then return ANY_CLIENT end
    local interface = view:interface(from.interface)
    local instance = interface.instance and view:raw("Instances", interface.instance)
    local platform = instance and instance.Platform or ""
    return platform:lower() == "windows" and WINDOWS or LINUX
end

local function port_of(spec, key)
    local port = spec[key]
    if port ~= nil and (not math.tointeger(port) or port < 0 or port > 65535) then
        fail(spec, "%s=%s is no port", key, tostring(port))
    end
    return math.tointeger(port)
end

-- The packet that opens the flow, and the one that answers.
local function packets(view, spec, protocol, family, from)
    local open = { protocol = protocol, family = family, lo = 0, hi = 0 }
    local reply = { protocol = protocol, family = family, lo = 0, hi = 0 }
    if protocols.has_ports(protocol) then
        local port, source = port_of(spec, "port"), port_of(spec, "source_port")
        if not port then fail(spec, "%s needs port=", protocol) end
        local range = source and { source, source } or client_ports(view, from)
        open.lo, open.hi, reply.lo, reply.hi = port, port, range[1], range[2]
    elseif protocols.is_icmp(protocol) then
        open.type, open.code = spec.type or ECHO[protocol].request, spec.code or 0
        reply.type, reply.code = spec.type or ECHO[protocol].reply, spec.code or 0
    end
    return open, reply
end

local function period_of(spec)
    local activity = spec.activity or { every = 1 }
    if activity == "dormant" then return nil end
    local every = type(activity) == "table" and activity.every or activity
    if type(every) ~= "number" or not (every > 0 and every <= LONGEST_PERIOD) then
        fail(spec, 'activity= is "dormant" or { every = seconds }')
    end
    return math.max(1, math.floor(every * 1000000 + 0.5))
end

-- The flow with its ends found: {name, protocol, family, from, to (ends), open, reply (packets),
-- every (microseconds; nil: dormant), via}. Raises a text for a flow that makes no sense.
function ends.resolve(view, spec)
    if type(spec.name) ~= "string" or spec.name == "" then error("a flow needs a name", 0) end
    local from, to = both_ends(view, spec)
    local family = from.address.family
    local protocol = protocols.canonical(spec.protocol or "tcp")
    if protocol == "icmp" and family == "v6" then protocol = "icmpv6" end
    if spec.direction == "ingress" and not to.interface then
        fail(spec, "it is said to come in, and its to= is not in the world")
    end
    if spec.direction == "egress" and not from.interface then
        fail(spec, "it is said to go out, and its from= is not in the world")
    end
    local open, reply = packets(view, spec, protocol, family, from)
    return { name = spec.name, protocol = protocol, family = family, from = from, to = to,
             open = open, reply = reply, every = period_of(spec),
             via = spec.via and reference(spec, "via") or nil }
end

return ends
