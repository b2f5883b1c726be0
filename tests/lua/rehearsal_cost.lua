-- rehearsal_cost.lua COUNT - seconds that the rehearsal of one isolation and its consequences take
-- in a VPC of COUNT instances, once the copy is there.
package.path = "tests/lua/?.lua;stdlib/host/?.lua;" .. package.path

local builder = require "sim_builder"
local consequences = require "consequences"
local fake_host = require "fake_host"
local rehearsal = require "rehearsal"
local sim = require "sim"
local sim_world = require "sim_world"

local FILE = "playbooks/isolate-sg.lua"
local count = math.tointeger(tonumber(arg[1]))

local function populated()
    local w = builder.new(sim_world.new { quotas = { groups_per_vpc = 10000 } })
    local vpc = w:vpc { cidr = "10.0.0.0/16", internet = true }
    local group, subnet, target
    for n = 0, count - 1 do
        if n % 250 == 0 then
            subnet = vpc:subnet { cidr = ("10.0.%d.0/24"):format(n // 250), public = true }
        end
        if n % 50 == 0 then
            group = vpc:group { ingress = { "tcp 443 0.0.0.0/0", "tcp 22 10.0.0.0/16", "all self" } }
        end
        local one = subnet:instance { name = "i" .. n, groups = { group } }
        target = target or one
    end
    return w.world, target.id
end

local world, target = populated()
local function answer(operation, params)
    local reply = sim.answer(world, { service = "ec2", operation = operation, params = params })
    return reply.value or error(reply.error or operation, 0)
end

-- The clock starts when the first read of the playbook comes: the snapshot is before that.
local pass, began = fake_host.pass, nil
fake_host.pass = function(...)
    collectgarbage()
    began = os.clock()
    return pass(...)
end
local plan = fake_host.rehearse(FILE, { args = { instance = target, settle = 5, convert = "auto",
                                                 evidence = true }, answer = answer })
assert(not plan.error, plan.error)
local found = consequences.of { instances = { target }, convert = true, settle = 5 }
assert(#found.survivors > 0 and #rehearsal.missing() == 0)
print(("%.3f"):format(os.clock() - began))
