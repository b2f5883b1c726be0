-- edge_survivors.lua - what can outlive an isolation by network ACLs or by routes.
--
-- Owns: the honest lists, in words, each with the lever that closes it. It makes no calls.
local lists = require "lists"
local route_rules = require "route_rules"
local vpc_network = require "vpc_network"

local edge_survivors = {}

local UNFILTERED = "DNS to the VPC's resolver, so DNS tunnels too; instance metadata, DHCP, time "
    .. "sync: neither groups nor NACLs filter them"

local function add(list, text, ...)
    list[#list + 1] = select("#", ...) > 0 and text:format(...) or text
end

local function kept_text(kept)
    if not kept.out then return ("all traffic with %s (keep)"):format(kept.cidr) end
    return ("TCP %d to %s and its answers (keep_ssm)"):format(kept.out.From, kept.cidr)
end

-- A list of texts for an instance whose subnets were cut off by network ACLs.
function edge_survivors.acl(cut)
    local list = {}
    add(list, "flows inside %s, new ones too: they never meet a network ACL%s (close them with "
        .. "isolate-sg)", lists.ids_text(cut.subnets), #cut.neighbours > 0
        and "; with it there: " .. vpc_network.listed(cut.neighbours) or "")
    for _, kept in ipairs(cut.keep) do add(list, "%s", kept_text(kept)) end
    add(list, "connections are stopped, not closed: those whose ends have not given up when this is "
        .. "undone go on (isolate-sg before the undo ends them)")
    add(list, UNFILTERED)
    return list
end

-- ---- routes -------------------------------------------------------------------------------

local function staying(list, cut)
    for _, table_ in ipairs(cut.mode == "strip" and cut.tables or {}) do
        for _, route in ipairs(table_.stay) do
            local why = route_rules.stays(route)
            add(list, "the route %s of %s %s (close it with %s)", route_rules.text(route),
                table_.id, why[1], why[2])
        end
    end
end

-- What is in the VPC and passes things on: reachable by the local route.
local function go_betweens(list, cut)
    if #cut.go_betweens == 0 then return end
    add(list, "%s: inside the VPC, still reached, and may pass things on (close them with "
        .. "isolate-sg)", vpc_network.listed(cut.go_betweens))
end

-- A list of texts for subnets, or a VPC, whose routes were taken away.
function edge_survivors.routes(cut)
    local list = {}
    add(list, "everything inside the VPC, new connections too: no table lacks the local route "
        .. "(close them with isolate-sg or isolate-nacl)")
    go_betweens(list, cut)
    for _, text in ipairs(cut.left or {}) do add(list, "%s", text) end
    staying(list, cut)
    add(list, "packets from outside that need no answer still arrive: a route is missing for the "
        .. "way back only (close them with isolate-nacl)")
    add(list, "open connections die for lack of a route, they are not closed: those whose ends have "
        .. "not given up when this is undone go on")
    add(list, UNFILTERED)
    return list
end

return edge_survivors
