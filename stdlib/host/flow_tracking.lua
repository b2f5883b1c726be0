-- flow_tracking.lua - tracking entries of one flow at one interface, and how long they live.
--
-- Owns: the idle time-outs, and an entry's life: made by a packet, kept by packets, gone when
-- idle for too long. An entry: {mode = "tracked" | "untracked" | "maybe", created, timeouts,
-- expired}. Times are microseconds. What the rules say about a flow is not known here.
local protocols = require "flow_protocols"

local tracking = {}

local SECOND = 1000000
local TCP_DEFAULT, TCP_NITRO_V6 = 432000, 350
local UDP_SINGLE, UDP_STREAM = 30, 180
local OTHER_PROTOCOLS = 600

-- Families of the sixth Nitro generation, whose TCP time-out is short. An interface's own
-- configuration goes first.
local NITRO_V6 = { "^[mcrx]8[ai]", "^[mcr]8g[nb]", "^hpc8a", "^p6%-" }

local function default_tcp(view, interface)
    local instance = interface.instance and view:raw("Instances", interface.instance)
    local type_ = instance and instance.InstanceType or ""
    for _, pattern in ipairs(NITRO_V6) do
        if type_:find(pattern) then return TCP_NITRO_V6 end
    end
    return TCP_DEFAULT
end

-- The idle time-outs of an interface, in seconds.
function tracking.timeouts(view, interface)
    local own = interface.timeouts
    return { tcp = own.tcp or default_tcp(view, interface), udp = own.udp or UDP_SINGLE,
             stream = own.stream or UDP_STREAM }
end

function tracking.open(side, now)
    return { mode = side.target, created = now, timeouts = side.timeouts }
end

-- Seconds that an entry lives without a packet; nil for ICMP, where AWS does not say.
-- A UDP flow is a stream once it has carried more than the packet that made the entry.
function tracking.idle(protocol, entry, timeouts, last_packet)
    if protocol == "tcp" then return timeouts.tcp end
    if protocol == "udp" then
        return last_packet > entry.created and timeouts.stream or timeouts.udp
    end
    if protocols.is_icmp(protocol) then return nil end
    return OTHER_PROTOCOLS
end

-- When an entry dies without another packet: the earliest and the latest moment. They differ
-- where the interface's time-outs were changed since: AWS does not say which ones an existing
-- entry keeps. nil: never, or not known.
function tracking.death(protocol, entry, side, last_packet)
    if entry.mode == "untracked" or side.free then return nil end
    local was = tracking.idle(protocol, entry, entry.timeouts, last_packet)
    local is = tracking.idle(protocol, entry, side.timeouts, last_packet)
    if not was then return nil end
    return last_packet + math.min(was, is) * SECOND, last_packet + math.max(was, is) * SECOND
end

return tracking
