-- survivors.lua - what can outlive an isolation by security groups.
--
-- Owns: the honest list, in words, from what was read. It makes no calls and promises nothing.
local paths = require "network_paths"

local survivors = {}

local DAY = 86400

local function idle_text(interface)
    local seconds = interface.idle_timeout
    if not seconds then return "5 days unless its instance type says otherwise" end
    if seconds >= DAY then return ("%d days"):format(seconds // DAY) end
    return ("%d s"):format(seconds)
end

local function add(list, text, ...)
    list[#list + 1] = select("#", ...) > 0 and text:format(...) or text
end

local function tracked_flows(list, cut)
    local timeout = idle_text(cut.interfaces[1])
    if cut.convert then
        add(list, "conversion was attempted, AWS does not guarantee it: a flow that carried no "
            .. "packet in the %s s of the window is still tracked, and lives on until it has been "
            .. "idle for its time-out (TCP: %s)", cut.settle, timeout)
        add(list, "ICMP, and protocols other than TCP and UDP: they are always tracked")
    else
        add(list, "every tracked flow that was open: it lives on until it has been idle for its "
            .. "time-out (TCP: %s)", timeout)
    end
    for _, text in ipairs(paths.tracked_always(cut.host)) do add(list, "%s", text) end
    if not cut.host.routes then
        add(list, "flows through NAT gateways and endpoints: the routes could not be read")
    end
    add(list, "flows from a Network Load Balancer, Global Accelerator or Network Firewall, if "
        .. "there is one (always tracked)")
end

local function unfiltered(list)
    add(list, "DNS to the VPC's resolver, so DNS tunnels too; instance metadata, DHCP, time sync: "
        .. "neither groups nor NACLs filter them")
end

local function uncovered(list, host)
    for _, interface in ipairs(host.interfaces) do
        if interface.managed then
            add(list, "%s: AWS manages this interface, its groups cannot be changed", interface.id)
        end
    end
end

-- What security groups have nothing to do with: credentials, Auto Scaling and the like.
function survivors.around(cut)
    local list, host = {}, cut.host
    if cut.forensics then
        add(list, "flows from %s: the investigators' rule lets them in", cut.forensics_cidr)
    end
    local profile = (host.instance.IamInstanceProfile or {}).Arn
    if profile then
        add(list, "credentials of %s that were taken from it: they work from anywhere until they "
            .. "expire", profile)
    end
    local codes = {}
    for code in pairs(host.hazards) do codes[#codes + 1] = code end
    table.sort(codes)
    for _, code in ipairs(codes) do add(list, "%s", host.hazards[code]) end
    return list
end

-- A list of texts for an instance that was cut off as `cut` says.
function survivors.list(cut)
    local list = {}
    uncovered(list, cut.host)
    tracked_flows(list, cut)
    unfiltered(list)
    return list
end

return survivors
