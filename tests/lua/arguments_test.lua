-- arguments_test.lua - what an operator types against what a playbook declares.
local check = require "check"
local arguments = require "arguments"

local ID = "i-0123456789abcdef0"
local DECLARED = {
    instance = { type = "instance", required = true, help = "id or Name tag" },
    settle = { type = "number", default = 5, min = 0, max = 300 },
    mode = { type = "choice", choices = { "new", "prepared" }, default = "new" },
    cidr = { type = "cidr" },
    quiet = { type = "boolean" },
    groups = { type = "list", of = "security-group" },
    ports = { type = "list", of = "number", min = 1, max = 65535 },
}

local function errors_of(given) return arguments.check(DECLARED, given).errors end

local function only_error(given, words)
    local errors = errors_of(given)
    check.equal(#errors, 1, check.show(errors))
    check.has(errors[1], words)
end

local function instances(...)
    return { value = { Reservations = { { Instances = { ... } } } } }
end

local function named(id, name)
    return { InstanceId = id, Tags = { { Key = "Name", Value = name } },
             State = { Name = "running" }, Placement = { AvailabilityZone = "eu-west-1a" },
             PrivateIpAddress = "10.0.0.4", LaunchTime = "2026-01-01T00:00:00+00:00" }
end

local tests = {}
local function test(name, fn) tests[#tests + 1] = { name, fn } end

test("defaults are filled in, values get their types", function()
    local checked = arguments.check(DECLARED, { instance = ID, ports = "22, 443", quiet = "yes",
                                                settle = "2.5", cidr = "203.0.113.9" })
    check.equal(checked.errors, {})
    check.equal(checked.args, { instance = ID, settle = 2.5, mode = "new", quiet = true,
                                ports = { 22, 443 }, cidr = "203.0.113.9/32" })
end)

test("all errors at once", function()
    check.equal(#errors_of { settle = "x", mode = "old", cidr = "10.0.0.1/8", quiet = "maybe" }, 5)
end)

test("each error says what is wrong", function()
    only_error({}, "it is required (id or Name tag): give instance=")
    only_error({ instance = ID, setle = "1" }, "did you mean settle?")
    only_error({ instance = ID, zzzzzzzzzz = "1" }, "there are cidr, groups")
    only_error({ instance = ID, settle = "301" }, "is more than 300")
    only_error({ instance = ID, settle = "-1" }, "is less than 0")
    only_error({ instance = ID, settle = "1e3" }, "is not a number")
    only_error({ instance = ID, mode = "old" }, "is none of new, prepared")
    only_error({ instance = ID, ports = "22,,80" }, "empty item")
    only_error({ instance = ID, ports = "22,99999" }, "is more than 65535")
    only_error({ instance = "i-0123" }, "has 4 digits, not 8 or 17")
    only_error({ instance = "" }, "is empty")
end)

test("a list of pairs: repeated and malformed keys are refused", function()
    only_error({ "instance=" .. ID, "instance=" .. ID }, "given twice")
    only_error({ "instance=" .. ID, "settle" }, "write it as key=value")
    check.equal(arguments.check(DECLARED, { "instance=a=b" }).args.instance, "a=b")
end)

test("a declaration that is wrong is an error, not a crash", function()
    for _, declared in ipairs { { type = "instnace" }, { type = "choice" }, { type = {} }, "string",
                                { type = "list", of = "list" } } do
        check.equal(#arguments.check({ x = declared }, { x = "1" }).errors, 1)
    end
    local misspelt = arguments.check({ x = { type = "instnace" } }, {})
    check.has(misspelt.errors[1], "did you mean instance?")
end)

test("a name is looked up literally, among instances that are not gone", function()
    local checked = arguments.check(DECLARED, { instance = "web*1" })
    check.equal(checked.reads, { { service = "ec2", operation = "describe_instances", params = {
        Filters = { { Name = "tag:Name", Values = { "web\\*1" } },
                    { Name = "instance-state-name",
                      Values = { "pending", "running", "stopping", "stopped" } } } } } })
    local resolved = arguments.resolve(DECLARED, checked,
                                       { instances(named("i-1", "web*1"), named("i-2", "web21")) })
    check.equal(resolved.errors, {})
    check.equal(resolved.args.instance, "i-1")
    check.equal(resolved.labels, { { id = "i-1", name = "web*1" } })
end)

test("an id is read too: a missing instance is an error before anything", function()
    local checked = arguments.check(DECLARED, { instance = ID })
    check.equal(checked.reads[1].params, { InstanceIds = { ID } })
    local missing = { error = { code = "InvalidInstanceID.NotFound", message = "no" } }
    check.has(arguments.resolve(DECLARED, checked, { missing }).errors[1],
              "there is no such instance")
    local denied = { error = { code = "UnauthorizedOperation", message = "You are not" } }
    check.has(arguments.resolve(DECLARED, checked, { denied }).errors[1], "UnauthorizedOperation")
    local found = arguments.resolve(DECLARED, checked, { instances(named(ID, "web")) })
    check.equal(found.labels, { { id = ID, name = "web" } })
end)

test("an ambiguous name lists what tells them apart", function()
    local checked = arguments.check(DECLARED, { instance = "web" })
    local resolved = arguments.resolve(DECLARED, checked,
                                       { instances(named("i-1", "web"), named("i-2", "web")) })
    local text = resolved.errors[1]
    for _, words in ipairs { "i-1 (running, eu-west-1a, 10.0.0.4, launched 2026-01-01", "i-2",
                             "names 2 of them" } do
        check.has(text, words)
    end
end)

test("groups in a list are resolved in their place", function()
    local sg = "sg-0123456789abcdef0"
    local checked = arguments.check(DECLARED, { instance = ID, groups = sg .. ",quarantine" })
    check.equal(#checked.reads, 3)
    local answers = { { value = { SecurityGroups = { { GroupId = sg, GroupName = "a" } } } },
                      { value = { SecurityGroups = { { GroupId = "sg-2", GroupName = "quarantine",
                                                       VpcId = "vpc-1" } } } },
                      instances(named(ID, "web")) }
    local resolved = arguments.resolve(DECLARED, checked, answers)
    check.equal(resolved.errors, {})
    check.equal(resolved.args.groups, { sg, "sg-2" })
    check.equal(checked.args.groups, { sg, "quarantine" }, "what was checked is left alone")
end)

return tests
