-- prepare-vpc.lua - before any incident: the two prepared groups of a VPC, and is it ready?
--
-- Steps: Make what is missing (nothing with create=no: an audit that can be scheduled), Audit.
-- Every finding that means "not ready" is an expectation: the run ends 7, and with --json each
-- is an event for an auditor. What would only make an isolation hard is logged.
local group_rules = require "group_rules"
local readiness   = require "vpc_readiness"

local PURPOSE = {
    step1 = "Isolation, step 1: all traffic. Nobody may carry it but for seconds",
    step2 = "Isolation, step 2: no rules. Whoever carries it is cut off",
}

local function make(vpc, kind, name)
    local id = ec2.create_security_group {
        GroupName = name, VpcId = vpc, Description = PURPOSE[kind],
        TagSpecifications = { { ResourceType = "security-group", Tags = {
            { Key = "Name", Value = name }, { Key = "cordon:prepared", Value = kind } } } },
    }.GroupId
    return id
end

-- A new group lets everything out: step1 needs the way in, step2 must lose the way out. IPv6's
-- rule is a call of its own: one rule that is missing makes the whole call fail.
local function set_rules(kind, id, v6)
    if kind == "step1" then
        ec2.authorize_security_group_ingress { GroupId = id,
            IpPermissions = group_rules.all_traffic(v6 and "both" or "v4") }
        return
    end
    for _, family in ipairs(v6 and { "v4", "v6" } or { "v4" }) do
        ec2.revoke_security_group_egress { GroupId = id,
                                           IpPermissions = group_rules.all_traffic(family) }
    end
end

local function expect_none(faults, text)
    expect(#faults == 0, text, table.concat(faults, "; "))
end

local function report(notes, text)
    if #notes == 0 then return end
    log(("%s (%d):"):format(text, #notes), notes)
    for _, note in ipairs(notes) do log("  " .. note) end
end

local function audit_permissions(state)
    local denied, unclear = {}, {}
    for _, answer in ipairs(readiness.permissions(state)) do
        if answer.state == "denied" then denied[#denied + 1] = "ec2:" .. answer.operation end
        if answer.state == "unclear" then
            unclear[#unclear + 1] = answer.operation .. ": " .. answer.why
        end
    end
    expect(#denied == 0, "these credentials may do what an isolation does (asked with DryRun)",
           "denied: " .. table.concat(denied, ", "))
    report(unclear, "Permissions that DryRun did not prove")
end

local function audit(vpc, names)
    local state = readiness.read(vpc)
    expect_none(readiness.faults_of_step1(state, names.step1),
                names.step1 .. " lets everything through, and nobody carries it")
    expect_none(readiness.faults_of_step2(state, names.step2), names.step2 .. " has no rules")
    audit_permissions(state)
    report(readiness.acl_notes(state), "Network ACLs")
    report(readiness.instance_notes(state), "Instances that would be hard to isolate")
end

return playbook {
    api     = 1,
    name    = "prepare-vpc",
    summary = "Before an incident: make a VPC's prepared groups, and say what is not ready",

    args = {
        vpc    = { type = "vpc", required = true, help = "id or unique Name tag" },
        step1  = { type = "string", default = "cordon-step1", help = "name of the group for all traffic" },
        step2  = { type = "string", default = "cordon-step2", help = "name of the group without rules" },
        create = { type = "boolean", default = true, help = "make what is missing; no: only look" },
    },

    run = function(args, step)
        local names = { step1 = args.step1, step2 = args.step2 }
        local state, missing = readiness.read(args.vpc), {}
        for _, kind in ipairs { "step1", "step2" } do
            if not readiness.group(state, names[kind]) then missing[#missing + 1] = kind end
        end
        step("Make what is missing", { when = args.create and #missing > 0 }, function()
            local ids = parallel(missing, function(kind) return make(args.vpc, kind, names[kind]) end)
            for i, kind in ipairs(missing) do set_rules(kind, ids[i], state.v6) end
        end)
        step("Audit", function()
            audit(args.vpc, names)
        end)
    end,
}
