-- survivors_forecast.lua - the classes of flow that can outlive an isolation, and what closes them.
--
-- Owns: judging them from a world and from what a plan will do; no flow need be known. It
-- promises nothing: "can" is said where AWS says "can", "unknown" where it says nothing.
local automatic = require "flow_automatic"
local flow_view = require "flow_view"
local holes = require "flow_holes"
local routes = require "flow_routes"
local tracking = require "flow_tracking"

local forecast = {}

local NAMED = 3
local DAY = 86400

local function add(list, class, certainty, lever, text, ...)
    list[#list + 1] = { class = class, certainty = certainty, lever = lever,
                        text = select("#", ...) > 0 and text:format(...) or text }
end

local function names(ids)
    table.sort(ids)
    if #ids <= NAMED then return table.concat(ids, ", ") end
    return ("%s and %d more"):format(table.concat(ids, ", ", 1, NAMED), #ids - NAMED)
end

local function seconds_text(seconds)
    if seconds >= DAY and seconds % DAY == 0 then return ("%d days"):format(seconds // DAY) end
    return ("%d s"):format(seconds)
end

local function interfaces_of(view, plan)
    local list = {}
    for i, id in ipairs(plan.interfaces or view:interfaces_of(plan.instance)) do
        list[i] = view:interface(id) or nil
    end
    return list
end

local function nacl_lever(interfaces)
    local subnets, seen = {}, {}
    for _, interface in ipairs(interfaces) do
        if interface.subnet and not seen[interface.subnet] then
            seen[interface.subnet] = true
            subnets[#subnets + 1] = interface.subnet
        end
    end
    return ("a NACL that denies all at the edge of %s"):format(names(subnets))
end

-- ---- flows that AWS tracks whatever the rules say -------------------------------------------

local WAYS = {
    nat = { "survives", "flows through %s (always tracked)", family = "v4" },
    ["egress-only"] = { "survives", "flows through %s (always tracked)", family = "v6" },
    transit = { "unknown", "flows through %s (not known whether always tracked)" },
}

local ENDPOINTS = {
    ["gateway-endpoint"] = "flows to DynamoDB through %s",
    firewall = "flows through the Network Firewall endpoint %s",
    inspection = "flows through the Gateway Load Balancer endpoint %s",
}

local function endpoint_class(view, route)
    local raw = view:raw("VpcEndpoints", route.id)
    if not raw then return nil end
    local way = { kind = routes.endpoint_kind(raw), id = route.id, service = raw.ServiceName }
    local always = automatic.judge(way)
    if always == "no" then return nil end
    local text = ENDPOINTS[way.kind] .. (always == "yes" and " (always tracked)"
        or " (not known whether always tracked)")
    return always == "yes" and "survives" or "unknown", text:format(route.id)
end

local function has_family(interfaces, family)
    for _, interface in ipairs(interfaces) do
        for _, own in ipairs(interface.addresses) do
            if own.family == family then return true end
        end
    end
    return false
end

local function by_route(view, interface, route, list, lever)
    local way = WAYS[route.kind]
    if way and (not way.family or has_family({ interface }, way.family)) then
        add(list, "always tracked", way[1], ("%s; or a route table without %s"):format(
            lever, route.id), way[2], route.id)
    elseif route.kind == "endpoint" then
        local certainty, text = endpoint_class(view, route)
        if text then add(list, "always tracked", certainty, lever, "%s", text) end
    end
end

local function by_routes(view, interfaces, list, lever)
    local seen = {}
    for _, interface in ipairs(interfaces) do
        local table_ = view:table_of(interface.subnet, interface.vpc)
        if not table_ then
            add(list, "always tracked", "unknown", lever,
                "flows through NAT gateways and endpoints: the routes of %s are not known",
                interface.subnet or interface.id)
        end
        for _, route in ipairs(table_ and table_.routes or {}) do
            if route.id and not seen[route.id] and not route.blackhole then
                seen[route.id] = true
                by_route(view, interface, route, list, lever)
            end
        end
    end
end

local MANAGED = {
    { "network_load_balancer", "Network Load Balancers", "survives",
      "; deregister it from the target groups (a load balancer has its own time-out)" },
    { "vpc_endpoint", "interface endpoints", "survives", "" },
    { "lambda", "Lambda's interfaces", "survives", "" },
    { "global_accelerator_managed", "Global Accelerator", "survives", "" },
    { "gateway_load_balancer", "Gateway Load Balancers", "unknown", "" },
}

-- Interfaces of such services in the instance's VPCs: whether it talks to them is not known.
local function by_services(world, interfaces, list, lever)
    local vpcs, found = {}, {}
    for _, interface in ipairs(interfaces) do vpcs[interface.vpc] = true end
    for id, raw in pairs(world.resources.NetworkInterfaces or {}) do
        if vpcs[raw.VpcId or ""] and (raw.RequesterManaged or raw.InterfaceType ~= "interface") then
            local kind = automatic.kind { kind = raw.InterfaceType or "interface",
                                          description = raw.Description or "" }
            found[kind] = found[kind] or {}
            table.insert(found[kind], id)
        end
    end
    for _, service in ipairs(MANAGED) do
        local ids = found[service[1]]
        if ids then
            local text = service[3] == "survives" and "flows with %s (%s; always tracked)"
                or "flows with %s (%s; not known whether always tracked)"
            add(list, "always tracked", service[3], lever .. service[4], text, service[2],
                names(ids))
        end
    end
end

-- ---- what a change of groups leaves --------------------------------------------------------

local function longest_timeout(view, interfaces)
    local longest = 0
    for _, interface in ipairs(interfaces) do
        longest = math.max(longest, tracking.timeouts(view, interface).tcp)
    end
    return longest
end

local function tracked(view, interfaces, plan, list, lever)
    local timeout = seconds_text(longest_timeout(view, interfaces))
    local levers = lever .. "; the idle time-out of its interfaces set to 60 s, for idle ones"
    if not plan.convert then
        add(list, "tracked", "survives", levers, "every tracked flow that is open: it lives on "
            .. "until it has been idle for its time-out (TCP: %s)", timeout)
        return
    end
    add(list, "dormant", "can survive", levers, "flows that carry no packet in the %s s of the "
        .. "window: they stay tracked until they have been idle for their time-out (TCP: %s)",
        tostring(plan.settle or 0), timeout)
    add(list, "conversion", "unknown", lever, "flows that carry a packet in the window: the "
        .. "conversion is attempted, AWS does not guarantee it")
    add(list, "icmp", "survives", lever,
        "ICMP, and protocols other than TCP and UDP (always tracked)")
    if plan.families and not plan.families.v6 and has_family(interfaces, "v6") then
        add(list, "IPv6", "survives", "open both families in the window",
            "tracked IPv6 flows: the window opens IPv4 only")
    end
end

local function by_groups(world, view, interfaces, plan, list)
    local lever = nacl_lever(interfaces)
    tracked(view, interfaces, plan, list, lever)
    by_routes(view, interfaces, list, lever)
    by_services(world, interfaces, list, lever)
    if plan.forensics then
        add(list, "forensics", "survives", "leave the rule out",
            "flows from %s: the investigators' rule lets them in", plan.forensics)
    end
end

-- ---- the other methods ---------------------------------------------------------------------

local CUT_BY_GROUPS = "a final security group without rules on every interface"

local function by_nacl(_, _, interfaces, plan, list)
    add(list, "inside the subnet", "survives", CUT_BY_GROUPS,
        "flows with instances of the same subnet: a NACL is met at its edge only")
    add(list, "lifted", "can survive", "close the groups too, or leave the deny for 15 minutes",
        "flows that are only paused: they go on if the deny is lifted before their time-outs")
    if plan.families and not plan.families.v6 and has_family(interfaces, "v6") then
        add(list, "IPv6", "survives", "a deny entry for ::/0 too",
            "IPv6 flows: v4 and v6 need an entry each")
    end
end

local function by_table(_, _, _, _, list)
    add(list, "inside the VPC", "survives", CUT_BY_GROUPS,
        "flows inside the VPC: the local route stays")
    add(list, "lifted", "can survive", "close the groups too",
        "flows that are only paused: they go on if the routes come back before their time-outs")
end

local function by_public_address(_, view, interfaces, _, list)
    add(list, "inside the VPC", "survives", CUT_BY_GROUPS, "flows inside the VPC and to its peers")
    if has_family(interfaces, "v6") then
        add(list, "IPv6", "survives", nacl_lever(interfaces),
            "IPv6 flows: they need no public address")
    end
    by_routes(view, interfaces, list, nacl_lever(interfaces))
end

local METHODS = { groups = by_groups, nacl = by_nacl, routes = by_table,
                  ["public-address"] = by_public_address }

local function uncovered(interfaces, list)
    for _, interface in ipairs(interfaces) do
        if interface.managed then
            add(list, "not covered", "survives", nacl_lever { interface },
                "%s: AWS manages this interface, its groups cannot be changed", interface.id)
        end
    end
end

-- The classes, each {class, certainty ("survives", "can survive", "unknown"), text, lever}.
-- plan: {instance; interfaces (ids; all of it); method ("groups", "nacl", "routes",
-- "public-address"); convert, settle (seconds of the window); families ({v4, v6} that the
-- window or the deny covers); forensics (CIDR)}.
function forecast.list(world, plan)
    local view, list = flow_view.new(world), {}
    local interfaces = interfaces_of(view, plan)
    local method = METHODS[plan.method or "groups"]
        or error(("there is no isolation method %s"):format(tostring(plan.method)), 0)
    method(world, view, interfaces, plan, list)
    if (plan.method or "groups") == "groups" then uncovered(interfaces, list) end
    add(list, "not filtered", "survives", "none in groups, NACLs or routes", "%s: nothing filters "
        .. "them", table.concat(holes.list(), ", "))
    return list
end

local function is_always_tracked(flow)
    for _, side in ipairs(flow.sides) do
        if side.always ~= "no" then return true end
    end
    return false
end

local function class_of(plan, flow)
    if flow.way == "hole" then return "not filtered" end
    if is_always_tracked(flow) then return "always tracked" end
    if flow.protocol ~= "tcp" and flow.protocol ~= "udp" then
        return plan.convert and "icmp" or "tracked"
    end
    if not plan.convert then return "tracked" end
    if plan.families and not plan.families[flow.family] then return "IPv6" end
    if not flow.every or flow.every > (plan.settle or 0) then return "dormant" end
    return "conversion"
end

-- The entry of a forecast by groups that names a flow (of an engine's report); nil: none does.
-- A flow that carried a packet in the window is "conversion": attempted, not guaranteed.
function forecast.entry_for(list, plan, flow)
    local class = class_of(plan, flow)
    for _, entry in ipairs(list) do
        if entry.class == class then return entry end
    end
    return nil
end

local NOT_OVER = { alive = true, paused = true, unknown = true }

-- Of an engine's report after a rehearsal: the flows of these interfaces that are not over,
-- each {name, state, text, flow (its entry in the report)}.
function forecast.known(report, interfaces)
    local ours, list = {}, {}
    for _, id in ipairs(interfaces) do ours[id] = true end
    for _, flow in ipairs(report) do
        local mine = false
        for _, side in ipairs(flow.sides) do mine = mine or ours[side.interface] end
        if mine and NOT_OVER[flow.state] then
            list[#list + 1] = { name = flow.name, state = flow.state, text = flow.why, flow = flow }
        end
    end
    return list
end

return forecast
