-- flow_protocols.lua - protocols, ports and answers, as groups, NACLs and flows name them.
--
-- Owns: one name per protocol, comparing ranges of ports, and the three answers "yes", "no",
-- "maybe" (AWS does not say, or the world does not hold it). Pure.
local protocols = {}

local NAMES = { ["6"] = "tcp", ["17"] = "udp", ["1"] = "icmp", ["58"] = "icmpv6",
                all = "-1", any = "-1" }

function protocols.canonical(protocol)
    local text = tostring(math.tointeger(tonumber(protocol)) or protocol):lower()
    return NAMES[text] or text
end

function protocols.has_ports(protocol)
    return protocol == "tcp" or protocol == "udp"
end

function protocols.is_icmp(protocol)
    return protocol == "icmp" or protocol == "icmpv6"
end

-- Do the ports `from`-`to` (nil or -1: all) take in the packet's `lo`-`hi`? "maybe": some.
function protocols.ports(from, to, lo, hi)
    if not from or from == -1 then return "yes" end
    to = to or from
    if from <= lo and hi <= to then return "yes" end
    if hi < from or to < lo then return "no" end
    return "maybe"
end

-- Do an ICMP rule's type and code (nil or -1: all) take in a packet's?
function protocols.icmp(type_, code, packet)
    if type_ and type_ ~= -1 and type_ ~= packet.type then return "no" end
    if code and code ~= -1 and code ~= packet.code then return "no" end
    return "yes"
end

-- Both must hold.
function protocols.both(a, b)
    if a == "no" or b == "no" then return "no" end
    return a == "yes" and b or a
end

-- One is enough.
function protocols.either(a, b)
    if a == "yes" or b == "yes" then return "yes" end
    return a == "no" and b or a
end

return protocols
