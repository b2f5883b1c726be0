-- undo_stages.lua - the order in which facts go back.
--
-- Owns: stages of calls: the reverse of the order in which the facts were first touched; what may
-- be set at once is; what the run made is deleted last, and groups of it that name each other are
-- untied before. Pure.
local calls = require "calls"
local facts = require "facts"

local stages = {}

-- Calls on the same resource that can be one call: operation -> the list that is joined.
local JOINED = {
    authorize_security_group_ingress = "IpPermissions",
    authorize_security_group_egress = "IpPermissions",
    revoke_security_group_ingress = "IpPermissions",
    revoke_security_group_egress = "IpPermissions",
    update_security_group_rule_descriptions_ingress = "IpPermissions",
    update_security_group_rule_descriptions_egress = "IpPermissions",
    create_tags = "Tags", delete_tags = "Tags",
}

local function rest_key(call, list)
    local rest = {}
    for name, value in pairs(call.params) do
        if name ~= list then rest[name] = value end
    end
    return call.operation .. facts.signature(rest)
end

-- Joins a call to one of the stage that differs only in its list; false when there is none.
local function join(stage, call)
    local list = JOINED[call.operation]
    if not list then return false end
    for i, other in ipairs(stage.calls) do
        if rest_key(other, list) == rest_key(call, list) then
            local params = {}
            for name, value in pairs(other.params) do params[name] = value end
            params[list] = table.move(other.params[list], 1, #other.params[list], 1, {})
            table.move(call.params[list], 1, #call.params[list], #params[list] + 1, params[list])
            stage.calls[i] = calls.ec2(other.operation, params)
            return true
        end
    end
    return false
end

-- Facts of one kind, of different resources, may be set at once when the kind says so.
local function fits(stage, one)
    return stage ~= nil and stage.kind == one.fact.kind and facts.kinds[stage.kind].together
        and #one.calls == 1
end

local function add(list, one)
    local last = list[#list]
    if fits(last, one) then
        if join(last, one.calls[1]) then return end
        if not last.ids[one.fact.id] then
            last.ids[one.fact.id] = true
            last.calls[#last.calls + 1] = one.calls[1]
            return
        end
    end
    for _, call in ipairs(one.calls) do
        list[#list + 1] = { kind = one.fact.kind, ids = { [one.fact.id] = true },
                            calls = { call } }
    end
end

-- ---- groups that name each other ----------------------------------------------------------

local function names_other(part, going)
    local pair = ((part.permission or {}).UserIdGroupPairs or {})[1]
    return pair ~= nil and pair.GroupId ~= part.id and going[pair.GroupId or ""] == true
end

local function untie(list, made, look)
    local going = {}
    for _, one in ipairs(made) do going[one.fact.id] = true end
    for _, one in ipairs(made) do
        for _, part in ipairs(facts.kinds.exists.parts(one.fact, look)) do
            if names_other(part, going) then
                add(list, { fact = part,
                            calls = facts.set(part, facts.state "", facts.ABSENT, look) })
            end
        end
    end
end

-- `going_back`: {fact, calls} in the order in which the facts were first touched. A list of lists
-- of calls.
function stages.of(going_back, look)
    local list, made, out = {}, {}, {}
    for i = #going_back, 1, -1 do
        local one = going_back[i]
        if one.fact.kind == "exists" then made[#made + 1] = one else add(list, one) end
    end
    untie(list, made, look)
    for _, one in ipairs(made) do add(list, one) end
    for i, stage in ipairs(list) do out[i] = stage.calls end
    return out
end

return stages
