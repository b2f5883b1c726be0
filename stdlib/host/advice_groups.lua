-- advice_groups.lua - advice on making and deleting security groups.
--
-- Owns: the rows of create_security_group and delete_security_group. Pure, but for the names of
-- planned groups, which the rehearsal remembers.
local calls = require "calls"
local rehearsal = require "rehearsal"
local rules = require "rules"

local function created_id(result)
    return result and result.GroupId
end

local create = {}

function create.before()
    return { absent = true }
end

function create.inverse(_, _, result)
    local id = created_id(result)
    if not id then
        return { class = "inverted", calls = {}, note = "deletes the group again" }
    end
    return { class = "inverted", calls = { calls.ec2("delete_security_group", { GroupId = id }) },
             note = "deletes " .. id }
end

function create.diff(call)
    local name = call.params.GroupName or ""
    return { { sign = "+", subject = rehearsal.id_of(name) or "security group", attribute = "new",
               after = ('"%s" in %s'):format(name, call.params.VpcId or "the default VPC") } }
end

-- A group that nobody carries touches nobody.
function create.hits()
    return { target = {}, others = {} }
end

-- Names are unique in a VPC, and the description names the run: a group with both is ours.
function create.fate_reads(call)
    local filters = { calls.filter("group-name", call.params.GroupName or "") }
    if call.params.VpcId then filters[2] = calls.filter("vpc-id", call.params.VpcId) end
    return { calls.ec2("describe_security_groups", { Filters = filters }) }
end

function create.fate(call, answers)
    local value = calls.answered(answers, 1)
    if not value then return calls.fate(nil) end
    for _, group in ipairs(value.SecurityGroups or {}) do
        if group.GroupName == call.params.GroupName
           and group.Description == call.params.Description then
            return calls.fate(true, { GroupId = group.GroupId })
        end
    end
    return calls.fate(false)
end

local delete = {}

function delete.understands(call)
    return not (call.params.GroupId and call.params.GroupName)
end

local function selector(params)
    if params.GroupId then return { GroupIds = { params.GroupId } } end
    return { GroupNames = { params.GroupName } }
end

function delete.reads(call)
    if calls.is_made(call, call.params.GroupId) then return {} end
    return { calls.ec2("describe_security_groups", selector(call.params)) }
end

local function texts(permissions, direction)
    local list = {}
    for _, rule in ipairs(rules.explode(permissions)) do
        list[#list + 1] = rules.text(rule, direction)
    end
    return list
end

function delete.before(call, answers)
    if calls.is_made(call, call.params.GroupId) then
        return { group = { id = call.params.GroupId } }
    end
    local value, why = calls.answered(answers, 1)
    local group = value and (value.SecurityGroups or {})[1]
    if not group then return { unread = why or "there is no such group" } end
    return { group = { id = group.GroupId, name = group.GroupName, vpc = group.VpcId },
             ingress = texts(group.IpPermissions, "ingress"),
             egress = texts(group.IpPermissionsEgress, "egress") }
end

function delete.inverse(call)
    if calls.is_made(call, call.params.GroupId) then
        return { class = "inverted", calls = {}, note = "made by this run" }
    end
    return { class = "irreversible", calls = {},
             note = "a deleted group cannot be had again under its id" }
end

function delete.diff(call, before)
    local id = call.params.GroupId or call.params.GroupName
    local name = rehearsal.name_of(id) or (before.group or {}).name or ""
    return { { sign = "-", subject = id, attribute = "security group",
               before = name ~= "" and ('"%s"'):format(name) or id } }
end

function delete.hits(call)
    return { target = { call.params.GroupId or call.params.GroupName }, others = {} }
end

function delete.fate_reads(call)
    if not call.params.GroupId then return {} end
    return { calls.ec2("describe_security_groups", selector(call.params)) }
end

function delete.fate(_, answers)
    local answer = (answers or {})[1]
    if not answer then return calls.fate(nil) end
    if answer.error then return calls.fate(answer.error.code == "InvalidGroup.NotFound" or nil) end
    -- A group that is not there is an error; an answer without it says nothing.
    if #(answer.value.SecurityGroups or {}) == 0 then return calls.fate(nil) end
    return calls.fate(false)
end

return {
    ["ec2.create_security_group"] = create,
    ["ec2.delete_security_group"] = delete,
}
