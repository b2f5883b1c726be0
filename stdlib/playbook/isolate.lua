-- isolate.lua - cutting instances off.
--
-- Owns: what playbooks call. Each method of isolation has a file of its own and a family of
-- functions here; what they share is the description of the instance.
local decision = require "cut_decision"
local network = require "instance_network"
local proof = require "security_group_proof"
local security_group_cut = require "security_group_cut"
local survivors = require "survivors"

local isolate = {}

-- isolate.instance(id [, {groups = {ids}, carriers_of = id}])
-- The instance with its interfaces, VPCs, routes and hazards (instance_network.lua says what is
-- in it). `groups` are read with it, and who carries `carriers_of`.
isolate.instance = network.read

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
    local cut = decision.make(host, options)
    if cut.nothing_to_do then
        log(cut.nothing_to_do)
        return cut
    end
    security_group_cut.prepare(cut)
    security_group_cut.cut(cut)
    security_group_cut.clean_up(cut)
    return cut
end

-- isolate.unreachable(host): true when fresh reads show that no rule lets anything in or out
-- (but for the investigators' rule); false and the reasons otherwise.
function isolate.unreachable(host)
    if not host.cut then error("isolate.unreachable: nothing has cut this instance off", 2) end
    local _, all = proof.faults(host.cut)
    if #all == 0 then return true end
    return false, table.concat(all, "; ")
end

-- isolate.around(host): what security groups do not touch (credentials, Auto Scaling), a list of
-- texts.
function isolate.around(host)
    if not host.cut then error("isolate.around: nothing has cut this instance off", 2) end
    return survivors.around(host.cut)
end

-- isolate.survivors(host): what can outlive the isolation, a list of texts.
function isolate.survivors(host)
    if not host.cut then error("isolate.survivors: nothing has cut this instance off", 2) end
    return survivors.list(host.cut)
end

return isolate
