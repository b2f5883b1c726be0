-- facts_services_test.lua - what Auto Scaling, load balancers and IAM do, taken back.
--
-- Each change is made in the simulator, its undo computed from fresh reads and applied: the world
-- must be as before. The inverse that is stored before the call must do the same.
local advisor = require "advisor"
local check = require "check"
local compare = require "drill_compare"
local helper = require "sim_helper"
local sim = require "sim"
local sim_clock = require "sim_clock"
local sim_world = require "sim_world"

local PROVEN = {
    "autoscaling.attach_instances", "autoscaling.detach_instances", "autoscaling.enter_standby",
    "autoscaling.exit_standby", "autoscaling.resume_processes",
    "autoscaling.set_instance_protection", "autoscaling.suspend_processes",
    "autoscaling.update_auto_scaling_group", "elbv2.deregister_targets", "elbv2.register_targets",
    "iam.add_role_to_instance_profile", "iam.create_instance_profile", "iam.delete_role_policy",
    "iam.put_role_policy", "iam.remove_role_from_instance_profile",
}

-- `proven`: the operations that are done and undone here (undo_table_test.lua asks).
local tests, done = { proven = {} }, {}
for _, name in ipairs(PROVEN) do tests.proven[name] = true end
local function test(name, fn) tests[#tests + 1] = { name, fn } end

local function fleet(min)
    local w = helper.new()
    local vpc = w:vpc { cidr = "10.0.0.0/16", internet = true }
    local subnet = vpc:subnet { cidr = "10.0.1.0/24", public = true }
    local front = vpc:group { ingress = { "tcp 443 0.0.0.0/0" } }
    local web = vpc:group { ingress = { { "tcp 80", front } } }
    local one = subnet:instance { name = "web-1", groups = { web } }
    local two = subnet:instance { name = "web-2", groups = { web } }
    local balancer = vpc:load_balancer { name = "front", subnets = { subnet }, groups = { front } }
    local targets = vpc:target_group { name = "web", port = 80, balancer = balancer }
    vpc:auto_scaling_group { name = "fleet", instances = { one, two }, min = min or 1,
                             max = min or 4, health = "ELB", target_groups = { targets } }
    w:role { name = "web" }
    w:role { name = "bare" }
    w:settle()
    return { w = w, one = one.id, targets = targets.id }
end

local function answers(world, reads)
    local list = {}
    for i, read in ipairs(reads) do
        local answer = sim.answer(world, read)
        list[i] = { value = answer.value, error = answer.error }
    end
    return list
end

local function apply(world, call)
    local answer = sim.answer(world, call)
    check.ok(answer.value, call.operation .. ": " .. check.show(answer))
    return answer.value
end

-- Makes the call; the change as the journal would tell it.
local function changed(world, service, operation, params)
    local call = { service = service, operation = operation, params = params, key = "1/.1",
                   created = {} }
    call.before = advisor.before(call, answers(world, advisor.reads_needed(call)))
    call.result = apply(world, call)
    call.inverse = advisor.inverse(call, call.before, call.result)
    call.ok = true
    return call
end

local function same(before, after, what)
    local found = compare.differences(before, after)
    check.ok(#found == 0, what .. ": " .. compare.text(found))
end

local function undone(world, changes)
    local now = answers(world, advisor.undo_reads(changes))
    local plan = advisor.undo(changes, now)
    for _, stage in ipairs(plan.stages) do
        for _, call in ipairs(stage) do apply(world, call) end
    end
    return plan
end

-- The call, then both ways back, each on a copy; and undo a second time, which changes nothing.
local function both_ways(f, service, operation, params)
    local before = sim_world.fork(f.w.world)
    local change = changed(f.w.world, service, operation, params)
    check.equal(change.inverse.class, "inverted", operation)
    check.ok(#compare.differences(before, f.w.world) > 0, operation .. " changed nothing")
    local copy = sim_world.fork(f.w.world)
    for _, call in ipairs(change.inverse.calls) do apply(copy, call) end
    same(before, copy, operation .. " by its inverse")
    undone(f.w.world, { change })
    same(before, f.w.world, operation .. " by undo")
    check.equal(undone(f.w.world, { change }).stages, {}, operation .. " undone twice")
    done[service .. "." .. operation] = true
end

local function in_fleet(f, more)
    more.AutoScalingGroupName = "fleet"
    if more.InstanceIds == nil then more.InstanceIds = { f.one } end
    if more.InstanceIds == false then more.InstanceIds = nil end
    return more
end

test("Standby and detaching, with the group getting smaller", function()
    local f = fleet()
    both_ways(f, "autoscaling", "enter_standby",
              in_fleet(f, { ShouldDecrementDesiredCapacity = true }))
    both_ways(f, "autoscaling", "detach_instances",
              in_fleet(f, { ShouldDecrementDesiredCapacity = true }))
end)

test("at its minimum and maximum, before a replacement came", function()
    local f = fleet(2)
    both_ways(f, "autoscaling", "enter_standby",
              in_fleet(f, { ShouldDecrementDesiredCapacity = false }))
    both_ways(f, "autoscaling", "detach_instances",
              in_fleet(f, { ShouldDecrementDesiredCapacity = false }))
end)

test("after a replacement came, undo is not what kills the instance", function()
    local f = fleet(2)
    local change = changed(f.w.world, "autoscaling", "enter_standby",
                           in_fleet(f, { ShouldDecrementDesiredCapacity = false }))
    sim_clock.advance(f.w.world, 300)
    undone(f.w.world, { change })
    sim_clock.advance(f.w.world, 300)
    check.equal(helper.instance(f.w, f.one).State.Name, "running")
    local group = f.w.world.resources.AutoScalingGroups.fleet
    check.equal({ group.MinSize, group.MaxSize, group.DesiredCapacity, #group.Instances },
                { 2, 2, 2, 2 })
end)

test("Standby left and entered, attached and detached", function()
    local f = fleet()
    local function standby(params)
        return changed(f.w.world, "autoscaling", "enter_standby", in_fleet(f, params))
    end
    standby { ShouldDecrementDesiredCapacity = true }
    both_ways(f, "autoscaling", "exit_standby", in_fleet(f, {}))
    f = fleet()
    changed(f.w.world, "autoscaling", "detach_instances",
            in_fleet(f, { ShouldDecrementDesiredCapacity = true }))
    both_ways(f, "autoscaling", "attach_instances", in_fleet(f, {}))
end)

test("protection, processes, settings", function()
    local f = fleet()
    both_ways(f, "autoscaling", "set_instance_protection",
              in_fleet(f, { ProtectedFromScaleIn = true }))
    both_ways(f, "autoscaling", "suspend_processes",
              in_fleet(f, { InstanceIds = false, ScalingProcesses = { "Terminate" } }))
    both_ways(f, "autoscaling", "suspend_processes", in_fleet(f, { InstanceIds = false }))
    both_ways(f, "autoscaling", "update_auto_scaling_group",
              in_fleet(f, { InstanceIds = false, MinSize = 0, DesiredCapacity = 0 }))
    changed(f.w.world, "autoscaling", "suspend_processes", in_fleet(f, { InstanceIds = false }))
    both_ways(f, "autoscaling", "resume_processes",
              in_fleet(f, { InstanceIds = false, ScalingProcesses = { "Launch" } }))
end)

test("targets, with and without a port", function()
    local f = fleet()
    local target = { { Id = f.one } }
    both_ways(f, "elbv2", "deregister_targets", { TargetGroupArn = f.targets, Targets = target })
    both_ways(f, "elbv2", "register_targets",
              { TargetGroupArn = f.targets, Targets = { { Id = f.one, Port = 8080 } } })
    changed(f.w.world, "elbv2", "register_targets",
            { TargetGroupArn = f.targets, Targets = { { Id = f.one, Port = 8080 } } })
    both_ways(f, "elbv2", "deregister_targets", { TargetGroupArn = f.targets, Targets = target })
end)

local POLICY = '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*",'
    .. '"Resource":"*","Condition":{"StringEquals":{"aws:userid":"AROA:i-1"}}}]}'

test("inline policies: new, replaced, deleted", function()
    local f = fleet()
    local params = { RoleName = "web", PolicyName = "deny", PolicyDocument = POLICY }
    both_ways(f, "iam", "put_role_policy", params)
    changed(f.w.world, "iam", "put_role_policy", params)
    both_ways(f, "iam", "put_role_policy",
              { RoleName = "web", PolicyName = "deny",
                PolicyDocument = (POLICY:gsub("Deny", "Allow")) })
    both_ways(f, "iam", "delete_role_policy", { RoleName = "web", PolicyName = "deny" })
end)

test("instance profiles and their roles", function()
    local f = fleet()
    both_ways(f, "iam", "remove_role_from_instance_profile",
              { InstanceProfileName = "web", RoleName = "web" })
    both_ways(f, "iam", "create_instance_profile", { InstanceProfileName = "new" })
    changed(f.w.world, "iam", "create_instance_profile", { InstanceProfileName = "new" })
    both_ways(f, "iam", "add_role_to_instance_profile",
              { InstanceProfileName = "new", RoleName = "web" })
    local call = { service = "iam", operation = "delete_instance_profile", created = {},
                   params = { InstanceProfileName = "new" } }
    local before = advisor.before(call, answers(f.w.world, advisor.reads_needed(call)))
    check.equal(advisor.inverse(call, before).class, "irreversible")
end)

test("what a colleague did meanwhile is left alone", function()
    local f = fleet()
    local change = changed(f.w.world, "autoscaling", "enter_standby",
                           in_fleet(f, { ShouldDecrementDesiredCapacity = true }))
    apply(f.w.world, { service = "autoscaling", operation = "detach_instances",
                       params = in_fleet(f, { ShouldDecrementDesiredCapacity = false }) })
    local before = sim_world.fork(f.w.world)
    local plan = undone(f.w.world, { change })
    check.equal(plan.items[1].state, "drift")
    same(before, f.w.world, "drift")
end)

test("whether a call without an answer was done can be told", function()
    local f = fleet()
    for _, case in ipairs {
        { "autoscaling", "enter_standby", in_fleet(f, { ShouldDecrementDesiredCapacity = true }) },
        { "elbv2", "deregister_targets", { TargetGroupArn = f.targets,
                                           Targets = { { Id = f.one, Port = 80 } } } },
        { "iam", "put_role_policy", { RoleName = "bare", PolicyName = "x",
                                      PolicyDocument = POLICY } },
    } do
        local call = { service = case[1], operation = case[2], params = case[3], created = {} }
        local function fate()
            return advisor.fate(call, answers(f.w.world, advisor.fate_reads(call))).state
        end
        check.equal(fate(), "not_done", case[2])
        apply(f.w.world, call)
        check.equal(fate(), "done", case[2])
        f = fleet()
        if case[1] == "autoscaling" then case[3].InstanceIds = { f.one } end
    end
end)

test("each operation that this file is said to prove was proven", function()
    check.equal(done, tests.proven)
end)

return tests
