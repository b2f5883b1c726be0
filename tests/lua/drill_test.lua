-- drill_test.lua - the trusted side of drills: what is checked, compared, judged.
local check = require "check"
local compare = require "drill_compare"
local declaration = require "drill_declaration"
local drill = require "drill"
local moments = require "drill_moments"
local nearest = require "nearest"
local sim_world = require "sim_world"

local function declared(more)
    local given = { name = "n", world = true, expect = true, run = { playbook = "p" } }
    for key, value in pairs(more or {}) do given[key] = value end
    return given
end

local function refuses(more, words)
    local ok, failure = pcall(declaration.read, declared(more))
    check.ok(not ok, "accepted: " .. words)
    check.has(failure.message, words)
end

local function ask(word, options, on)
    return drill.ask { ask = word, options = options, on = on }
end

local function value_of(answer)
    if answer.error then error(answer.error.message, 2) end
    return answer.value
end

-- A drill with one instance and one open session, about to run.
local function begun(more)
    drill.start()
    value_of(ask("declare", declared(more)))
    local vpc = value_of(ask("vpc", { cidr = "10.0.0.0/16", internet = true }))
    local subnet = value_of(ask("subnet", { cidr = "10.0.1.0/24", public = true }, vpc))
    local group = value_of(ask("group", { ingress = { "tcp 443 0.0.0.0/0" } }, vpc))
    local web = value_of(ask("instance", { name = "web", groups = { group } }, subnet))
    value_of(ask("flow", { name = "c2", from = web, to = "198.51.100.7", port = 4444 }))
    local now = drill.run_begin().now
    return { vpc = vpc, group = group, web = web, now = now }
end

local function call(now, operation, params, mutates)
    return drill.answer { service = "ec2", operation = operation, params = params, mutates = mutates, now = now }
end

local tests = {}
local function test(name, fn) tests[#tests + 1] = { name, fn } end

test("the declaration names what is wrong with it", function()
    refuses({ fualts = {} }, "did you mean 'faults'?")
    refuses({ runs = { { playbook = "p" } } }, "one of 'run' and 'runs'")
    refuses({ run = { playbok = "p" } }, "did you mean 'playbook'?")
    refuses({ faults = { { operation = "x" } } }, "a fault needs one of")
    refuses({ faults = { { operation = "a*b*c*d", deny = true } } }, "more than two stars")
    refuses({ faults = { { operation = "x", nth = 0, deny = true } } }, "whole number")
    refuses({ operator = { Prepare = "maybe" } }, "none of")
    refuses({ seed = -1 }, "whole number")
    refuses({ latency = 0 / 0 }, "must be seconds")
    refuses({ name = "" }, "must be a text of 1 to 200 bytes")
end)

test("arguments become words as on the command line", function()
    local run = declaration.run { playbook = "p", args = { b = true, a = { "x", 2 }, c = 1.5 } }
    check.equal(run.pairs, { "a=x,2", "b=true", "c=1.5" })
end)

test("a nearest word", function()
    check.equal(nearest("subnt", { "subnet", "vpc" }), "subnet")
    check.equal(nearest("entirely-other", { "vpc" }), nil)
    check.equal(nearest(("x"):rep(1000), { "x" }), nil)
end)

test("words of the wrong time are refused", function()
    drill.start()
    check.has(ask("cut", { flow = "c2" }).error.message, "belongs into expect")
    begun()
    check.has(ask("vpc", {}).error.message, "belongs into world")
    check.has(ask("judge", {}).error.message, "has no word")
    check.has(ask("declare", {}).error.message, "declares one drill")
end)

test("objects are numbers, and forged ones are refused", function()
    drill.start()
    ask("declare", declared())
    for _, forged in ipairs { { handle = 7 }, { handle = "1" }, {}, { handle = -1 } } do
        check.has(ask("subnet", { cidr = "10.0.0.0/24" }, forged).error.message, "wants a vpc")
    end
end)

test("a nth fault does not count dry runs", function()
    local b = begun { faults = { { operation = "create_security_group", nth = 1, deny = true } } }
    local params = { GroupName = "g", Description = "d", VpcId = b.vpc.id }
    local dry = { GroupName = "g", Description = "d", VpcId = b.vpc.id, DryRun = true }
    check.equal(call(b.now, "create_security_group", dry, true).error.code, "DryRunOperation")
    check.equal(call(b.now, "create_security_group", params, true).error.code, "UnauthorizedOperation")
    check.ok(call(b.now, "create_security_group", params, true).value.GroupId)
end)

test("a denial without a number shows in the dry run", function()
    local b = begun { faults = { { operation = "create_*", deny = true } } }
    local dry = { GroupName = "g", Description = "d", VpcId = b.vpc.id, DryRun = true }
    check.equal(call(b.now, "create_security_group", dry, true).error.code, "UnauthorizedOperation")
end)

test("the states of a flow at the moments of the run", function()
    local b = begun()
    call(b.now + 1000000, "terminate_instances", { InstanceIds = { b.web.id } }, true)
    drill.advance { seconds = 120 }
    drill.run_end { exit = 0, transcript = "all", lines = {
        { kind = "run.start", at = b.now }, { kind = "step.open", step = 1, title = "End it", at = b.now + 500000 },
        { kind = "step.close", step = 1, title = "End it", at = b.now + 110000000 } } }
    check.ok(value_of(ask("alive", { flow = "c2", at = "step 1 open" })).ok)
    check.ok(value_of(ask("cut", { flow = "c2", at = "End it closed" })).ok)
    check.ok(value_of(ask("cut", { flow = "c2" })).ok)
    check.has(ask("cut", { flow = "c2", at = "step 1 close" }).error.message, "did you mean 'step 1 closed'?")
    check.has(ask("cut", { flow = "c3" }).error.message, "did you mean 'c2'?")
    check.ok(value_of(ask("unchanged_except", { names = { "web" } })).ok)
    check.ok(not value_of(ask("same_as_before", {})).ok)
    local result = drill.result()
    check.equal(result.passed, false)
    check.equal(#result.failures, 1)
    check.equal(result.score.calls, 1)
    check.ok(result.score.seconds > 1 and result.score.seconds <= 121)
end)

test("a drill that is meant to fail fails in nothing else", function()
    for _, case in ipairs { { { "c2 is cut" }, true }, { { "c2 is cut", "is paused" }, false }, { { "something" }, false } } do
        begun { expect_failure = case[1] }
        drill.run_end { exit = 0, lines = {} }
        value_of(ask("cut", { flow = "c2" }))
        check.equal(drill.result().passed, case[2])
    end
end)

test("what is not of the instance is told, with its members", function()
    local b = begun()
    call(b.now, "authorize_security_group_ingress", { GroupId = b.group.id, IpPermissions = { {
        IpProtocol = "tcp", FromPort = 22, ToPort = 22, IpRanges = { { CidrIp = "0.0.0.0/0" } } } } }, true)
    drill.run_end { exit = 0, lines = {} }
    check.ok(not value_of(ask("unchanged_except", { names = { "web" } })).ok)
    check.has(drill.result().failures[1].why, b.group.id .. " changed in IpPermissions")
end)

test("evidence is no difference", function()
    local b = begun()
    call(b.now, "create_tags", { Resources = { b.web.id }, Tags = { { Key = "cordon:run", Value = "x" } } }, true)
    drill.run_end { exit = 0, lines = {} }
    check.ok(value_of(ask("same_as_before", {})).ok)
    call(b.now, "create_tags", { Resources = { b.web.id }, Tags = { { Key = "owner", Value = "x" } } }, true)
    check.ok(not value_of(ask("same_as_before", {})).ok)
end)

test("a new group that a neighbour carries is found by its carrier", function()
    local before = sim_world.new {}
    sim_world.put(before, "NetworkInterfaces", { NetworkInterfaceId = "eni-1", Attachment = { InstanceId = "i-1" },
                                                 Groups = { { GroupId = "sg-old" } } })
    local after = sim_world.fork(before)
    sim_world.put(after, "SecurityGroups", { GroupId = "sg-new" })
    check.equal(#compare.elsewhere(compare.differences(before, after), { ["i-2"] = true }), 0)
    sim_world.change(after, "NetworkInterfaces", "eni-1", { Groups = { { GroupId = "sg-new" } } })
    check.equal(#compare.elsewhere(compare.differences(before, after), { ["i-2"] = true }), 1)
    check.equal(#compare.elsewhere(compare.differences(before, after), { ["i-1"] = true }), 0)
end)

test("windows, closed and open", function()
    local lines = { { kind = "window.open", at = 10 }, { kind = "window.closed", at = 25 }, { kind = "window.open", at = 30 } }
    check.equal(moments.windows(lines), { { opened = 10, closed = 25 }, { opened = 30 } })
    check.equal(moments.read(lines)["window closed"], 25)
end)

test("a probe adds nothing to the world", function()
    local b = begun()
    drill.run_end { exit = 0, lines = {} }
    check.ok(value_of(ask("open", { from = b.web, to = "203.0.113.1", port = 80 })).ok)
    check.ok(not value_of(ask("blocked", { from = b.web, to = "203.0.113.1", port = 80 })).ok)
    check.ok(value_of(ask("same_as_before", {})).ok)
    check.has(ask("alive", { flow = "probe" }).error.message, "there is no flow")
end)

return tests
