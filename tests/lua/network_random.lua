-- network_random.lua - random edges for random worlds: network ACLs, routes, and what to do.
--
-- Owns: what makes isolating by NACLs and routes hard, put into a world of isolation_random.lua;
-- the playbook and its arguments; one fault. The same seed gives the same case on every machine.
local sim_world = require "sim_world"

local random = {}

local function one_of(pick, list) return list[pick(#list)] end

local CIDRS = { "0.0.0.0/0", "10.0.0.0/16", "198.51.100.0/24", "::/0", "2001:db8:ffff::/48" }

-- Entries from number 1, or anywhere; or as many of a family as there may be.
local function fill(case, acl)
    local pick, w = case.pick, case.w
    local crowded, step = pick(2) == 1, one_of(pick, { 1, 1, 2, 7 })
    for n = 1, crowded and 100 or 1 + pick(4) do
        local cidr = one_of(pick, CIDRS)
        local params = { NetworkAclId = acl, RuleNumber = 1 + (n - 1) * step, Egress = pick(2) == 1,
                         Protocol = "-1", RuleAction = pick(4) == 1 and "deny" or "allow",
                         [cidr:find(":") and "Ipv6CidrBlock" or "CidrBlock"] = cidr }
        -- One more than the quota allows is refused: then that side of the list is full.
        pcall(w.call, w, "create_network_acl_entry", params)
    end
end

-- The quota may have been raised, which no rehearsal can know.
local function acls(case)
    case.raised = case.pick(4) == 1
    if case.raised then case.w.world.quotas.entries_per_acl = 20 + case.pick(20) end
    local list = sim_world.by(case.w.world, "NetworkAcls", "vpc-id", case.vpc.id)
    for _, acl in ipairs(list) do
        if case.pick(2) == 1 then fill(case, acl.NetworkAclId) end
    end
end

-- Ways that stay in a table whatever is deleted, and others that lead elsewhere.
local function routes(case)
    local pick, w = case.pick, case.w
    local tables = sim_world.by(w.world, "RouteTables", "vpc-id", case.vpc.id)
    local rtb = one_of(pick, tables).RouteTableId
    if pick(4) == 1 then -- by a table of its own, or the main one
        pcall(w.call, w, "associate_route_table",
              { SubnetId = case.target:interfaces()[1].SubnetId, RouteTableId = rtb })
    end
    if pick(3) == 1 then
        w:call("create_route", { RouteTableId = rtb, DestinationCidrBlock = "10.9.0.0/16",
                                 TransitGatewayId = "tgw-0123456789abcdef0" })
    end
    if pick(2) == 1 and case.v6 then
        local gateway = w:call("create_egress_only_internet_gateway", { VpcId = case.vpc.id })
            .EgressOnlyInternetGateway.EgressOnlyInternetGatewayId
        pcall(w.call, w, "create_route", { RouteTableId = rtb,
                                           DestinationIpv6CidrBlock = "2001:db8:eeee::/48",
                                           EgressOnlyInternetGatewayId = gateway })
    end
end

-- Puts edges into the world of a case of isolation_random.lua.
function random.edges(case)
    local vpc = case.w.world.resources.Vpcs[case.vpc.id]
    case.v6 = #(vpc.Ipv6CidrBlockAssociationSet or {}) > 0
    acls(case)
    routes(case)
    case.w.world.changes = {}
end

local METHODS = {
    { "isolate-nacl", "auto" }, { "isolate-nacl", "existing" }, { "isolate-nacl", "existing" },
    { "isolate-nacl", "new" }, { "isolate-routes", "new-table" }, { "isolate-routes", "strip" },
    { "isolate-gateway", "strip-routes" }, { "isolate-gateway", "empty-tables" },
}

-- A playbook's name, and its arguments as the host would resolve them.
function random.method(case)
    local pick = case.pick
    local method = one_of(pick, METHODS)
    local args = { instance = case.target.id, mode = method[2], evidence = pick(3) == 1 }
    if method[1] == "isolate-nacl" and pick(4) == 1 then
        args.keep = one_of(pick, { "203.0.113.9/32", "2001:db8:eeee::9/128" })
    end
    return method[1], args
end

local OPERATIONS = { "create_network_acl*", "replace_*", "create_route_table", "delete_*",
                     "associate_route_table", "create_tags", "describe_network_acls", "*" }

-- One fault, for the world's faults.
function random.fault(pick)
    local fault = { operation = one_of(pick, OPERATIONS), nth = pick(4) }
    local kind = pick(6)
    if kind == 1 then fault.deny = true
    elseif kind == 2 then fault.code = "RequestLimitExceeded"
    elseif kind == 3 then fault.code = "InternalError"
    elseif kind == 4 then fault.timeout = "before"
    elseif kind == 5 then fault.timeout = "after"
    else fault.stale, fault.nth = pick(4), nil end
    return fault
end

return random
