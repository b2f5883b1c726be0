-- facts_roles.lua - facts about IAM roles and instance profiles.
--
-- Owns: the kinds role.policy, profile.role and profile.exists; what inline policies and
-- instance profiles' own operations set. Pure. IAM gives policy documents URL-encoded.
local facts = require "facts"

local function iam(operation, params)
    return { service = "iam", operation = operation, params = params }
end

local function decoded(document)
    return (document:gsub("%%(%x%x)", function(hex) return string.char(tonumber(hex, 16)) end))
end

-- ---- inline policies ----------------------------------------------------------------------

local policy = {}

local function read_policy(fact)
    return iam("get_role_policy", { RoleName = fact.id, PolicyName = fact.policy })
end

function policy.attribute(fact) return "policy " .. fact.policy end

function policy.reads(fact) return { read_policy(fact) } end

function policy.value(fact, look)
    local result, state = look(read_policy(fact))
    if not result then return state end
    return facts.state(decoded(result.PolicyDocument or ""))
end

function policy.set(fact, _, wanted)
    local params = { RoleName = fact.id, PolicyName = fact.policy }
    if wanted.absent then return { iam("delete_role_policy", params) } end
    params.PolicyDocument = wanted.value
    return { iam("put_role_policy", params) }
end

local LONGEST = 300

function policy.text(document)
    return #document > LONGEST and document:sub(1, LONGEST) .. "..." or document
end

-- ---- instance profiles --------------------------------------------------------------------

local function read_profile(name)
    return iam("get_instance_profile", { InstanceProfileName = name })
end

local function profile_of(name, look)
    local result, state = look(read_profile(name))
    if not result then return nil, state end
    return result.InstanceProfile
end

local function profile_reads(fact) return { read_profile(fact.id) } end

local role = { reads = profile_reads, relation = true }

function role.attribute() return "role of the instance profile" end

function role.value(fact, look)
    local profile, state = profile_of(fact.id, look)
    if not profile then return state end
    return facts.state(((profile.Roles or {})[1] or {}).RoleName)
end

function role.set(fact, now, wanted)
    local list = {}
    local function with(name) return { InstanceProfileName = fact.id, RoleName = name } end
    if not now.absent then
        list[1] = iam("remove_role_from_instance_profile", with(now.value))
    end
    if not wanted.absent then
        list[#list + 1] = iam("add_role_to_instance_profile", with(wanted.value))
    end
    return list
end

local exists = { reads = profile_reads }

function exists.attribute() return "instance profile" end

function exists.value(fact, look)
    local profile, state = profile_of(fact.id, look)
    if not profile then return state end
    return facts.state(true)
end

function exists.set(fact, _, wanted)
    if not wanted.absent then
        return nil, "a profile of that name would be another one, with another id"
    end
    return { iam("delete_instance_profile", { InstanceProfileName = fact.id }) }
end

function exists.text() return "exists" end

-- ---- mutations ----------------------------------------------------------------------------

local function fact_row(kind, id, knows, after, note)
    local row = { knows = knows, note = note }
    function row.understands(call) return call.params[id] ~= nil end
    function row.facts(call)
        return { { kind = kind, id = call.params[id], policy = call.params.PolicyName,
                   after = after(call) } }
    end
    return row
end

local function gone() return facts.ABSENT end

local PROFILE_ROLE = { "InstanceProfileName", "RoleName" }

local delete_profile = {}

function delete_profile.facts(call)
    return { { kind = "profile.exists", id = call.params.InstanceProfileName or "?",
               before = facts.state(true), after = facts.ABSENT } }
end

function delete_profile.lost()
    return "a profile that is made anew under its name has another id"
end

return {
    kinds = { ["role.policy"] = policy, ["profile.role"] = role, ["profile.exists"] = exists },
    mutations = {
        ["iam.put_role_policy"] = fact_row("role.policy", "RoleName",
            { "RoleName", "PolicyName", "PolicyDocument" },
            function(call) return facts.state(call.params.PolicyDocument) end,
            "gives the role its policy back, or takes the new one away"),
        ["iam.delete_role_policy"] = fact_row("role.policy", "RoleName",
            { "RoleName", "PolicyName" }, gone, "gives the role its policy back"),
        ["iam.add_role_to_instance_profile"] = fact_row("profile.role", "InstanceProfileName",
            PROFILE_ROLE, function(call) return facts.state(call.params.RoleName) end,
            "takes the role out of the profile again"),
        ["iam.remove_role_from_instance_profile"] = fact_row("profile.role",
            "InstanceProfileName", PROFILE_ROLE, gone, "puts the role into the profile again"),
        ["iam.create_instance_profile"] = fact_row("profile.exists", "InstanceProfileName",
            { "InstanceProfileName" }, function() return facts.state(true) end,
            "deletes the profile again"),
        ["iam.delete_instance_profile"] = delete_profile,
    },
}
