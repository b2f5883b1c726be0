-- isolate.lua - cutting instances off.
--
-- Owns: what playbooks call. Each method of isolation has files of its own and a family of
-- functions here; what they share is the description of the instance.
local acl_cut = require "acl_cut"
local acl_decision = require "acl_decision"
local decision = require "cut_decision"
local edge_survivors = require "edge_survivors"
local network = require "instance_network"
local proof = require "security_group_proof"
local route_cut = require "route_cut"
local route_decision = require "route_decision"
local security_group_cut = require "security_group_cut"
local survivors = require "survivors"

local isolate = {}

-- isolate.instance(id [, {groups = {ids}, carriers_of = id}])
-- The instance with its interfaces, VPCs, routes and hazards (instance_network.lua says what is
-- in it). `groups` are read with it, and who carries `carriers_of`.
isolate.instance = network.read

-- All parts of a method inside one step, on a cut that was decided on.
local function at_once(cut, method)
    if cut.nothing_to_do then
        log(cut.nothing_to_do)
        return cut
    end
    for _, note in ipairs(cut.notes or {}) do log(note) end
    method.prepare(cut)
    method.cut(cut)
    if method.clean_up then method.clean_up(cut) end
    return cut
end

-- ---- security groups ----------------------------------------------------------------------

-- isolate.decide(host [, options]): how security groups will cut it off; raises when they would
-- not. cut_decision.lua says what is in the result and what the options are.
isolate.decide = decision.make

-- The three parts of the cut, for a playbook that gives each a step of its own.
isolate.prepare = security_group_cut.prepare
isolate.cut = security_group_cut.cut
isolate.clean_up = security_group_cut.clean_up

-- Reads back, and states with `expect` what must hold.
isolate.verify = proof.verify

-- isolate.with_security_groups(host [, options]): all of it inside one step.
function isolate.with_security_groups(host, options)
    return at_once(decision.make(host, options), security_group_cut)
end

-- ---- network ACLs -------------------------------------------------------------------------

-- isolate.decide_network_acl(host [, options]): how network ACLs will cut its subnets off, who is
-- hit, what stays open. acl_decision.lua says what is in the result and what the options are.
isolate.decide_network_acl = acl_decision.make

-- The parts, each for a step of its own: new lists are made (nothing to do otherwise), the subnets
-- are cut off, and what must hold is read back and stated.
isolate.prepare_network_acl = acl_cut.prepare
isolate.cut_network_acl = acl_cut.cut
isolate.verify_network_acl = acl_cut.verify

-- isolate.with_network_acl(host [, options]): all of it inside one step.
function isolate.with_network_acl(host, options)
    return at_once(acl_decision.make(host, options), acl_cut)
end

-- ---- routes -------------------------------------------------------------------------------

-- isolate.decide_routes(host [, options]): how its subnets' routes will be taken away.
-- isolate.decide_gateway(vpc [, options]): the same for a VPC's ways to the internet.
-- route_decision.lua says what is in the results and what the options are.
isolate.decide_routes = route_decision.for_instance
isolate.decide_gateway = route_decision.for_vpc

-- The parts, each for a step of its own, as for network ACLs.
isolate.prepare_routes = route_cut.prepare
isolate.cut_routes = route_cut.cut
isolate.verify_routes = route_cut.verify

-- isolate.with_routes(host [, options]): all of it inside one step.
function isolate.with_routes(host, options)
    return at_once(route_decision.for_instance(host, options), route_cut)
end

-- ---- what holds, and what does not --------------------------------------------------------

-- What has cut this instance off, of the methods above.
local function cuts_of(host, asked)
    if not (host.cut or host.acl_cut or host.route_cut) then
        error(("isolate.%s: nothing has cut this instance off"):format(asked), 3)
    end
    return host.cut, host.acl_cut, host.route_cut
end

local function joined(list, more)
    table.move(more, 1, #more, #list + 1, list)
end

-- isolate.unreachable(host): true when fresh reads show that all that cut it off holds: no rule of
-- a group lets anything in or out (but for the investigators' rule), nothing passes its subnets'
-- edges, no route leads out of the VPC; false and the reasons otherwise.
function isolate.unreachable(host)
    local groups, acls, routes = cuts_of(host, "unreachable")
    local all = {}
    if groups then joined(all, (select(2, proof.faults(groups)))) end
    if acls then
        local faults = acl_cut.faults(acls)
        joined(all, faults.edge)
        joined(all, faults.attached)
    end
    if routes then joined(all, route_cut.faults(routes)) end
    if #all == 0 then return true end
    return false, table.concat(all, "; ")
end

-- isolate.around(host): what the network has nothing to do with (credentials, Auto Scaling), a
-- list of texts.
function isolate.around(host)
    return survivors.around(cuts_of(host, "around") or { host = host })
end

-- isolate.survivors(host): what can outlive the isolation, a list of texts.
function isolate.survivors(host)
    local groups, acls, routes = cuts_of(host, "survivors")
    local all, known, list = {}, {}, {}
    if groups then joined(all, survivors.list(groups)) end
    if acls then joined(all, edge_survivors.acl(acls)) end
    if routes then joined(all, edge_survivors.routes(routes)) end
    for _, text in ipairs(all) do
        if not known[text] then list[#list + 1] = text end
        known[text] = true
    end
    return list
end

-- isolate.left_by(cut): the same for a VPC that was cut off from the internet.
isolate.left_by = edge_survivors.routes

return isolate
