-- sim_isolation_test.lua - isolate-sg on the simulated default world, rehearsed and executed.
--
-- The rehearsal runs on a copy of the world that is made as the host makes it; the execution on
-- the world itself. Every answer is checked against the API's shapes.
local builder = require "sim_builder"
local check = require "check"
local default_world = require "sim_default_world"
local fake_host = require "fake_host"
local helper = require "sim_helper"

local FILE = "playbooks/isolate-sg.lua"

local function named(w, name)
    return helper.call(w, "describe_instances", { Filters = helper.filter("tag:Name", name) })
        .Reservations[1].Instances[1]
end

local function answerer(w)
    return function(operation, params)
        local answer = helper.answer(w, operation, params)
        if answer.value then return answer.value end
        error(answer.error, 0)
    end
end

local function world(faults)
    local w = builder.new(default_world.new())
    w.world.faults = faults or {}
    return w, named(w, "web-7").InstanceId
end

local function operations(pass)
    local list = {}
    for key, call in pairs(fake_host.by_key(pass.mutations)) do
        list[#list + 1] = key .. " " .. call.operation
    end
    table.sort(list)
    return list
end

local function execute(w, id)
    local run = fake_host.pass(FILE, { args = { instance = id, settle = 0, convert = "always",
                                                evidence = true },
                                       answer = answerer(w) })
    check.equal(run.error, nil)
    for _, expectation in ipairs(run.expects) do check.ok(expectation.ok, expectation.text) end
    return run
end

return {
    { "the victim ends on a group without rules, its neighbours as they were", function()
        local w, id = world()
        local neighbours = {}
        for _, name in ipairs { "web-8", "web-6", "app-1", "db-1" } do
            neighbours[name] = named(w, name)
        end
        execute(w, id)
        local victim = helper.instance(w, id)
        for _, interface in ipairs(victim.NetworkInterfaces) do
            check.equal(#interface.Groups, 1)
            local group = helper.group(w, interface.Groups[1].GroupId)
            check.equal({ #group.IpPermissions, #group.IpPermissionsEgress }, { 0, 0 },
                        group.GroupName)
        end
        for name, before in pairs(neighbours) do check.equal(named(w, name), before, name) end
    end },
    { "what was rehearsed on a copy is what is executed", function()
        local w, id = world()
        local before = helper.resources(w)
        local plan = fake_host.rehearse(FILE, { args = { instance = id, settle = 0,
                                                         convert = "always",
                                                         evidence = true }, answer = answerer(w) })
        check.equal(plan.error, nil)
        check.equal(helper.resources(w), before, "a rehearsal changes nothing")
        check.equal(operations(execute(w, id)), operations(plan))
    end },
    { "the ways back leave the interfaces and groups as they were", function()
        local w, id = world()
        local before, groups = helper.instance(w, id), helper.call(w, "describe_security_groups")
        execute(w, id)
        for _, interface in ipairs(before.NetworkInterfaces) do
            local ids = {}
            for i, group in ipairs(interface.Groups) do ids[i] = group.GroupId end
            helper.call(w, "modify_network_interface_attribute",
                        { NetworkInterfaceId = interface.NetworkInterfaceId, Groups = ids })
        end
        for _, group in ipairs(helper.call(w, "describe_security_groups").SecurityGroups) do
            if group.GroupName:find("^cordon") then
                helper.call(w, "delete_security_group", { GroupId = group.GroupId })
            end
        end
        check.equal(helper.call(w, "describe_security_groups"), groups)
        check.equal(helper.instance(w, id).NetworkInterfaces, before.NetworkInterfaces)
    end },
    { "an opening call that is refused leaves nothing open", function()
        local w, id = world { { operation = "modify_network_interface_attribute", nth = 2,
                                deny = true } }
        local run = fake_host.pass(FILE, { args = { instance = id, settle = 0, convert = "always",
                                                    evidence = false },
                                           answer = answerer(w) })
        check.has(run.error or "", "UnauthorizedOperation")
        for _, interface in ipairs(helper.instance(w, id).NetworkInterfaces) do
            for _, one in ipairs(interface.Groups) do
                for _, permission in ipairs(helper.group(w, one.GroupId).IpPermissions) do
                    check.ok(permission.IpProtocol ~= "-1", "left open by " .. one.GroupName)
                end
            end
        end
    end },
}
