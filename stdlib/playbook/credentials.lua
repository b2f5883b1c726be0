-- credentials.lua - making an instance's credentials worthless.
--
-- Owns: its instance profile (taken away, or swapped for another), and denying the sessions of
-- its role that it has already. Who took keys from it uses them from anywhere: cutting the
-- network does not touch them, and taking the profile away only stops new ones. Issued keys work
-- until they expire, up to six hours.
--
-- The denial is an inline policy on the role, bound to this one instance: other instances with
-- the same role go on. EC2 opens the role's sessions under the instance's id, so that aws:userid
-- is "ROLE-ID:i-..." in every request made with them, from wherever (IAM user guide, policy
-- variables). Two other keys are not used:
--   ec2:SourceInstanceARN   AWS's global key for the same, but some services' requests come
--                           without it, and a Deny whose key is missing denies nothing
--   aws:TokenIssueTime      would spare what the metadata service hands out between the moment
--                           that it names and the profile's end; undo takes the policy away
local iam = require "iam"
local optional = require "optional_reads"

local credentials = {}

local function association_of(id)
    local result, why = optional.read(ec2.describe_iam_instance_profile_associations, {
        Filters = { { Name = "instance-id", Values = { id } } } })
    if not result then return nil, why end
    for _, one in ipairs(result.IamInstanceProfileAssociations or {}) do
        if one.State == "associated" or one.State == "associating" then return one end
    end
    return nil
end

local function role_of(profile)
    local result, why = optional.read(iam.get_instance_profile, { InstanceProfileName = profile })
    if not result then return nil, why end
    local role = (result.InstanceProfile.Roles or {})[1]
    if not role then return nil end
    if (role.Path or ""):find("^/aws%-service%-role/") then
        return nil, role.RoleName .. " is a service-linked role: its sessions cannot be denied"
    end
    return { name = role.RoleName, id = role.RoleId }
end

-- The instance's credentials: {id, association, profile (its name), role = {name, id}, failures};
-- without profile it has none.
function credentials.read(id)
    local held, role, why = { id = id, failures = {} }, nil, nil
    local association, unread = association_of(id)
    if unread then held.failures[1] = "its instance profile: " .. unread end
    if not association then return held end
    held.association = association.AssociationId
    held.profile = association.IamInstanceProfile.Arn:match("([^/]+)$")
    role, why = role_of(held.profile)
    held.role = role
    if why then held.failures[1] = "the role of " .. held.profile .. ": " .. why end
    return held
end

-- Is there anything to do, or to complain of?
function credentials.needed(held)
    return held.profile ~= nil or #held.failures > 0
end

-- The name of the inline policy that denies an instance's sessions.
function credentials.policy_name(held)
    return "cordon-deny-" .. held.id
end

-- The policy. Its text must always be the same: it is a parameter of a rehearsed call.
function credentials.policy(held)
    return ('{"Version":"2012-10-17","Statement":[{"Sid":"CordonDeny","Effect":"Deny",'
        .. '"Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:userid":"%s:%s"}}}]}')
        :format(held.role.id, held.id)
end

-- Denies every session of its role that EC2 opened for this instance.
function credentials.deny_sessions(held)
    iam.put_role_policy { RoleName = held.role.name,
                          PolicyName = credentials.policy_name(held),
                          PolicyDocument = credentials.policy(held) }
end

-- Takes the instance profile away; with `profile` (a name) puts that one in its place.
function credentials.take_profile(held, profile)
    if profile then
        ec2.replace_iam_instance_profile_association {
            AssociationId = held.association, IamInstanceProfile = { Name = profile } }
    else
        ec2.disassociate_iam_instance_profile { AssociationId = held.association }
    end
end

-- Both at once; then an error for what could not be read.
function credentials.withdraw(held, profile)
    local parts = {}
    if held.profile then
        parts[1] = function() credentials.take_profile(held, profile) end
    end
    if held.role then parts[2] = function() credentials.deny_sessions(held) end end
    parallel(parts, function(part) part() end)
    if #held.failures > 0 then error(table.concat(held.failures, "; "), 0) end
end

-- Reads back: true; or false and what holds instead.
function credentials.are_withdrawn(held, profile)
    local association, why = association_of(held.id)
    if why then return false, why end
    local now = association and association.IamInstanceProfile.Arn:match("([^/]+)$")
    if now ~= profile then return false, "its instance profile is " .. tostring(now) end
    if not held.role then return true end
    local ok, failure = optional.read(iam.get_role_policy, {
        RoleName = held.role.name, PolicyName = credentials.policy_name(held) })
    if not ok then return false, failure end
    return true
end

-- What survives it, in words.
function credentials.survivors(held)
    if not held.profile then return {} end
    return { ("sessions that it opened with its credentials in other roles (sts:AssumeRole): look "
        .. "for %s in CloudTrail"):format(held.id),
        "pre-signed URLs, tokens and keys of other kinds that were on it" }
end

return credentials
