-- route_decision.lua - how routes will be taken away, from an instance's subnets or from a VPC.
--
-- Owns: which tables and subnets, and who else is hit. All that can be known before the first step
-- is decided here; it changes nothing.
local lists = require "lists"
local network = require "instance_network"
local route_rules = require "route_rules"
local vpc_network = require "vpc_network"

local decision = {}

local function refuse(text, ...)
    error(text:format(...), 0)
end

-- ---- subnets and tables -------------------------------------------------------------------

-- {id, vpc, table (as described), association (nil when it follows the main table)}.
local function subnet_of(whole, id, vpc)
    local table_, association = route_rules.table_of(whole.tables, id, vpc)
    if not table_ then refuse("the route table of %s could not be read", id) end
    return { id = id, vpc = vpc, table = table_, association = association }
end

local function sorted_by_id(list)
    table.sort(list, function(a, b) return a.id < b.id end)
    return list
end

local function subnets_of_host(host, whole)
    local list, known = {}, {}
    for _, interface in ipairs(host.interfaces) do
        if not known[interface.subnet] then
            known[interface.subnet] = true
            list[#list + 1] = subnet_of(whole, interface.subnet, interface.vpc)
        end
    end
    return sorted_by_id(list)
end

local function subnets_of_vpc(whole)
    local list = {}
    for id, subnet in pairs(whole.subnets) do
        list[#list + 1] = subnet_of(whole, id, subnet.VpcId)
    end
    return sorted_by_id(list)
end

-- The tables of some subnets, each once: {id, go, stay (routes)}.
local function tables_of(subnets)
    local list, known = {}, {}
    for _, subnet in ipairs(subnets) do
        local id = subnet.table.RouteTableId
        if not known[id] then
            known[id] = true
            local go, stay = route_rules.sorted_out(subnet.table)
            list[#list + 1] = { id = id, go = go, stay = stay }
        end
    end
    return sorted_by_id(list)
end

local function ids_of(subnets)
    local set = {}
    for _, subnet in ipairs(subnets) do set[subnet.id] = true end
    return set
end

local function served_by(whole, tables)
    local set = {}
    for _, table_ in ipairs(tables) do
        for id in pairs(route_rules.served(whole, table_.id)) do set[id] = true end
    end
    return set
end

local function none_to_go(tables)
    for _, table_ in ipairs(tables) do
        if #table_.go > 0 then return false end
    end
    return true
end

local function none_stay(tables)
    for _, table_ in ipairs(tables) do
        if #table_.stay > 0 then return false end
    end
    return true
end

-- Load balancers, NAT gateways and endpoints of the VPC, but for those that are cut off too: the
-- local route leads to them.
local function go_betweens(whole)
    local list, known = {}, {}
    for _, raw in ipairs(whole.interfaces) do
        local id, text = vpc_network.owner_of(whole, raw)
        local passes_on = text:find("^load balancer") or text:find("^VPC endpoint")
        if passes_on and not known[id] then
            known[id] = true
            list[#list + 1] = text
        end
    end
    table.sort(list)
    return list
end

-- ---- one instance -------------------------------------------------------------------------

local function hazards_with(hazards, others)
    local all = {}
    for code, text in pairs(hazards) do all[code] = text end
    if #others > 0 then
        all.others = ("it takes the routes of %d other%s too: %s"):format(
            #others, #others == 1 and "" or "s", vpc_network.listed(others))
    end
    return next(all) and all or nil
end

local function done_already(cut)
    if not none_to_go(cut.tables) then return nil end
    if cut.mode == "new-table" and not none_stay(cut.tables) then return nil end
    return ("%s is isolated already: %s lead%s nowhere outside the VPC%s"):format(
        cut.host.id, lists.ids_text(cut.tables), #cut.tables == 1 and "s" or "",
        none_stay(cut.tables) and "" or " by a route that can be removed")
end

local function notes_for_instance(cut)
    local notes = {}
    if cut.mode == "new-table" then
        for _, subnet in ipairs(cut.subnets) do
            notes[#notes + 1] = ("%s leaves %s, which %s, for a table without routes"):format(
                subnet.id, subnet.table.RouteTableId,
                subnet.association and "is its own" or "it follows as the VPC's main table")
        end
    end
    for _, table_ in ipairs(cut.mode == "strip" and cut.tables or {}) do
        for _, route in ipairs(table_.stay) do
            local why = route_rules.stays(route)
            notes[#notes + 1] = ("stays in %s: %s; it %s (%s)"):format(
                table_.id, route_rules.text(route), why[1], why[2])
        end
    end
    notes[#notes + 1] = "inside the VPC everything is still reached: no table lacks that route"
    if #cut.others > 0 then
        notes[#notes + 1] = ("everybody who loses the routes with it (%d): %s"):format(
            #cut.others, table.concat(cut.others, ", "))
    end
    return notes
end

-- How routes will cut `host` (isolate.instance) off. Options: mode "new-table" or "strip".
--   host, mode, vpcs, subnets ({id, vpc, table, association}), tables ({id, go, stay})
--   made               VPC id -> the new table; filled in by prepare
--   others, hazards, notes, go_betweens, makes_table, nothing_to_do
--   may_stay           are routes that cannot be removed no fault?
function decision.for_instance(host, options)
    local mode = (options or {}).mode or "new-table"
    local vpcs = network.vpcs_of(host.interfaces)
    local whole = vpc_network.read(vpcs)
    local cut = { host = host, mode = mode, vpcs = vpcs, made = {},
                  subnets = subnets_of_host(host, whole), may_stay = mode == "strip" }
    cut.tables = tables_of(cut.subnets)
    local hit = mode == "strip" and served_by(whole, cut.tables) or ids_of(cut.subnets)
    cut.others = vpc_network.hit(whole, hit, host.id)
    cut.hazards = hazards_with(host.hazards, cut.others)
    cut.go_betweens = go_betweens(whole)
    cut.nothing_to_do = done_already(cut)
    cut.notes = notes_for_instance(cut)
    cut.makes_table = mode == "new-table" and not cut.nothing_to_do
    host.route_cut = cut
    return cut
end

-- ---- a whole VPC --------------------------------------------------------------------------

-- Every table of the VPC, with the routes to its gateways as those that go: one that serves no
-- subnet now may serve one later.
local function tables_of_vpc(whole)
    local list = {}
    for _, table_ in ipairs(whole.tables) do
        local go = {}
        for _, route in ipairs(table_.Routes or {}) do
            if route_rules.to_internet(route) then go[#go + 1] = route end
        end
        table.sort(go, function(a, b)
            return route_rules.destination(a) < route_rules.destination(b)
        end)
        list[#list + 1] = { id = table_.RouteTableId, go = go, stay = {} }
    end
    return sorted_by_id(list)
end

-- "NAT gateway nat-1 (203.0.113.1)", everybody in the VPC who has a public address.
local function with_public_address(whole)
    local list = {}
    for _, raw in ipairs(whole.interfaces) do
        local public = (raw.Association or {}).PublicIp
        if public then
            local _, text = vpc_network.owner_of(whole, raw)
            list[#list + 1] = ("%s (%s)"):format(text, public)
        end
    end
    table.sort(list)
    return list
end

local function gateway_ids(whole)
    local ids = {}
    for _, gateway in ipairs(whole.gateways) do ids[#ids + 1] = gateway.InternetGatewayId end
    for _, gateway in ipairs(whole.egress_only) do
        ids[#ids + 1] = gateway.EgressOnlyInternetGatewayId
    end
    table.sort(ids)
    return ids
end

-- Ways out of the VPC that are not its own gateways', and stay when only those routes go.
local function other_ways(whole)
    local list = {}
    for _, table_ in ipairs(whole.tables) do
        for _, route in ipairs(table_.Routes or {}) do
            if not route_rules.is_local(route) and not route_rules.to_internet(route)
                and route.State ~= "blackhole" and not route.NatGatewayId then
                list[#list + 1] = ("what goes by the route %s of %s (close it with "
                    .. "mode=empty-tables)"):format(route_rules.text(route), table_.RouteTableId)
            end
        end
    end
    table.sort(list)
    return list
end

local function why_no_detach(cut, public)
    if #cut.gateways == 0 then return nil end
    local igw = cut.gateways[#cut.gateways]
    if #public == 0 then
        return ("DetachInternetGateway might take %s away, nobody in the VPC has a public address; "
                .. "taking away the routes does the same and refuses nobody later"):format(igw)
    end
    return ("DetachInternetGateway of %s would be refused (DependencyViolation) as long as these "
            .. "have public addresses: %s"):format(igw, table.concat(public, ", "))
end

local function notes_for_vpc(cut, public)
    local notes = { why_no_detach(cut, public) }
    notes[#notes + 1] = ("it hits the whole VPC %s, %d of them: %s"):format(
        cut.vpcs[1], #cut.others, table.concat(cut.others, ", "))
    notes[#notes + 1] = "inside the VPC everything is still reached: no table lacks that route"
    if cut.mode == "empty-tables" then
        notes[#notes + 1] = "a subnet that is made later follows the main table, which keeps its "
            .. "routes"
    end
    return notes
end

local function vpc_done_already(cut)
    if cut.mode == "strip-routes" and none_to_go(cut.tables) then
        return ("no route of %s leads to an internet gateway"):format(cut.vpcs[1])
    elseif cut.mode == "empty-tables" then
        for _, subnet in ipairs(cut.subnets) do
            local go, stay = route_rules.sorted_out(subnet.table)
            if #go + #stay > 0 then return nil end
        end
        return ("no subnet of %s has a route out of it"):format(cut.vpcs[1])
    end
    return nil
end

-- How a VPC will be cut off from the internet. Options: mode "strip-routes" or "empty-tables". As
-- for_instance, and
--   gateways           ids of the gateways of the VPC
--   hazards            "whole-vpc"
--   left               texts: ways out that stay
function decision.for_vpc(vpc, options)
    local mode = (options or {}).mode or "strip-routes"
    local whole = vpc_network.read({ vpc }, { gateways = true })
    local cut = { mode = mode, vpcs = { vpc }, made = {}, may_stay = mode == "strip-routes",
                  subnets = subnets_of_vpc(whole), tables = tables_of_vpc(whole) }
    cut.gateways = gateway_ids(whole)
    cut.others = vpc_network.hit(whole, ids_of(cut.subnets))
    cut.hazards = { ["whole-vpc"] = ("it hits the whole VPC %s: %s"):format(
        vpc, #cut.others == 0 and "nobody is in it" or vpc_network.listed(cut.others)) }
    cut.go_betweens = go_betweens(whole)
    cut.left = mode == "strip-routes" and other_ways(whole) or {}
    cut.nothing_to_do = vpc_done_already(cut)
    cut.notes = notes_for_vpc(cut, with_public_address(whole))
    cut.makes_table = mode == "empty-tables" and not cut.nothing_to_do
    return cut
end

return decision
