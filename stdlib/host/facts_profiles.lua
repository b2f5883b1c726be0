-- facts_profiles.lua - facts about IAM instance profiles of instances.
--
-- Owns: the kind instance.profile; what associate, disassociate and replace set. Pure. The
-- association's id is another one after every change.
local calls = require "calls"
local facts = require "facts"

local LIST = "IamInstanceProfileAssociations"

local function read_instance(id)
    return calls.ec2("describe_iam_instance_profile_associations",
                     { Filters = { calls.filter("instance-id", id),
                                   calls.filter("state", "associating", "associated") } })
end

-- {arn, name}: names are unique in an account, and requests may give one of the two.
local function profile_of(item)
    local arn = (item or {}).Arn
    return { arn = arn, name = (item or {}).Name or arn and arn:match("([^/]+)$") }
end

local kind = { relation = true }

function kind.attribute() return "instance profile" end

function kind.reads(fact) return { read_instance(fact.id) } end

function kind.value(fact, look)
    local one, state = facts.first(look, read_instance(fact.id), LIST)
    if not one then return state end
    return facts.state(profile_of(one.IamInstanceProfile))
end

function kind.same(a, b)
    if a.arn and b.arn then return a.arn == b.arn end
    return a.name == b.name
end

function kind.handle(fact, look)
    local one = facts.first(look, read_instance(fact.id), LIST)
    return one and one.AssociationId
end

local function wanted_profile(value)
    return { Arn = value.arn, Name = not value.arn and value.name or nil }
end

function kind.set(fact, now, wanted, look)
    if now.absent then
        return { calls.ec2("associate_iam_instance_profile", {
            InstanceId = fact.id, IamInstanceProfile = wanted_profile(wanted.value) }) }
    end
    local handle = fact.handle or look and kind.handle(fact, look)
    if not handle then return nil, "its association is not known", true end
    if wanted.absent then
        return { calls.ec2("disassociate_iam_instance_profile", { AssociationId = handle }) }
    end
    return { calls.ec2("replace_iam_instance_profile_association", {
        AssociationId = handle, IamInstanceProfile = wanted_profile(wanted.value) }) }
end

function kind.text(value) return value.name or value.arn or "?" end

-- ---- mutations ----------------------------------------------------------------------------

local associate = { knows = { "InstanceId", "IamInstanceProfile" },
                    note = "takes the profile away again" }

function associate.facts(call)
    if not call.params.InstanceId then return {} end
    return { { kind = "instance.profile", id = call.params.InstanceId,
               after = facts.state(profile_of(call.params.IamInstanceProfile)) } }
end

local function read_association(call)
    return calls.ec2("describe_iam_instance_profile_associations",
                     { AssociationIds = { call.params.AssociationId } })
end

local function by_association(more_names, after, note)
    local row = { knows = { "AssociationId", more_names }, names = "AssociationId", after = after,
                  note = note }
    function row.reads(call) return { read_association(call) } end
    function row.find(call, look)
        local one, state = facts.first(look, read_association(call), LIST)
        if not one then return facts.not_found(state, "such association") end
        return { fact = { kind = "instance.profile", id = one.InstanceId },
                 before = facts.state(profile_of(one.IamInstanceProfile)) }
    end
    return row
end

return {
    kinds = { ["instance.profile"] = kind },
    mutations = {
        ["ec2.associate_iam_instance_profile"] = associate,
        ["ec2.disassociate_iam_instance_profile"] =
            by_association(nil, function() return facts.ABSENT end,
                           "associates the profile again"),
        ["ec2.replace_iam_instance_profile_association"] =
            by_association("IamInstanceProfile", function(call)
                return facts.state(profile_of(call.params.IamInstanceProfile))
            end, "gives the instance its profile back"),
    },
}
