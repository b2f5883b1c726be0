-- network_paths.lua - the ways that an instance's traffic can take out of its VPC.
--
-- Owns: judging its addresses and routes: whether a conversion gains anything, and which flows
-- AWS always tracks. It makes no calls.
local lists = require "lists"

local paths = {}

-- Routes of an instance's subnets that pass `wanted(route)`, each target once.
local function routes_where(host, wanted)
    local found, known = {}, {}
    for _, interface in ipairs(host.interfaces) do
        for _, route in ipairs((host.routes or {})[interface.subnet] or {}) do
            if wanted(route) and not known[route.id] then
                known[route.id] = true
                found[#found + 1] = route
            end
        end
    end
    return found
end

local function v6_reaches_internet(host, interface)
    if #interface.v6 == 0 then return false end
    if not host.routes or not host.routes[interface.subnet] then return true end
    for _, route in ipairs(host.routes[interface.subnet]) do
        if route.v6 and route.kind == "internet" then return true end
    end
    return false
end

-- The first interface that the internet can reach by an address of its own, in words; or nil.
function paths.public(host)
    for _, interface in ipairs(host.interfaces) do
        if interface.public then
            return ("%s has the public address %s"):format(interface.id, interface.public)
        end
        if v6_reaches_internet(host, interface) then
            return ("%s has the IPv6 address %s"):format(interface.id, interface.v6[1])
        end
    end
    return nil
end

local ALWAYS_TRACKED = { nat = true, ["egress-only"] = true }
local PRIVATE = { transit = true, peering = true, vpn = true, ["local-gateway"] = true,
                  carrier = true, ["core-network"] = true, interface = true }

-- Would opening the groups for a moment make flows droppable that a plain swap leaves alive?
-- true or false, and why, in words.
function paths.conversion_gains(host)
    if host.state ~= "running" then
        return false, ("it is %s: there are no flows"):format(host.state or "not running")
    end
    local public = paths.public(host)
    if public then return true, public .. ": sessions that are open would outlive a plain swap" end
    if not host.routes then return true, "its routes could not be read" end
    local private = routes_where(host, function(route) return PRIVATE[route.kind] end)
    if #private > 0 then
        return true, ("sessions through %s would outlive a plain swap"):format(lists.ids_text(private))
    end
    local tracked = routes_where(host, function(route) return ALWAYS_TRACKED[route.kind] end)
    if #tracked > 0 then
        return false, ("it has no public address and leaves the VPC only through %s, whose flows "
            .. "are tracked always: opening it would only expose it to its neighbours"):format(
            lists.ids_text(tracked))
    end
    return true, "its flows stay in the VPC, and those that are open would outlive a plain swap"
end

-- Flows that stay tracked whatever the groups say, one text each.
function paths.tracked_always(host)
    local texts = {}
    for _, route in ipairs(routes_where(host, function(r) return ALWAYS_TRACKED[r.kind] end)) do
        texts[#texts + 1] = ("flows through %s (always tracked)"):format(route.id)
    end
    for _, endpoint in ipairs(host.endpoints) do
        local service = endpoint.ServiceName or "a service"
        if endpoint.VpcEndpointType == "Interface" then
            texts[#texts + 1] = ("flows to the interface endpoint %s of %s (always tracked)")
                :format(endpoint.VpcEndpointId, service)
        elseif service:find("%.dynamodb$") then
            texts[#texts + 1] = ("flows to DynamoDB through %s (always tracked)"):format(
                endpoint.VpcEndpointId)
        elseif endpoint.VpcEndpointType == "GatewayLoadBalancer" then
            texts[#texts + 1] = ("flows through the Gateway Load Balancer endpoint %s (not known)")
                :format(endpoint.VpcEndpointId)
        end
    end
    for _, route in ipairs(routes_where(host, function(r) return r.kind == "transit" end)) do
        texts[#texts + 1] = ("flows through %s (not known whether always tracked)"):format(route.id)
    end
    return texts
end

return paths
