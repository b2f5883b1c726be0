-- resources.lua - finding what an argument names: instances, security groups, subnets, VPCs.
--
-- Owns: for each kind the read that finds an id or a name, and picking the one resource from
-- its answer. Pure: it builds calls and reads answers, the host sends them.
local calls = require "calls"
local types = require "argument_types"

local function tag(item, key)
    for _, one in ipairs(item.Tags or {}) do
        if one.Key == key then return one.Value end
    end
    return nil
end

local function instances_in(value)
    local list = {}
    for _, reservation in ipairs(value.Reservations or {}) do
        for _, instance in ipairs(reservation.Instances or {}) do list[#list + 1] = instance end
    end
    return list
end

local function instance_text(item)
    return ("%s (%s, %s, %s, launched %s)"):format(
        item.InstanceId, (item.State or {}).Name or "state not known",
        (item.Placement or {}).AvailabilityZone or "no zone",
        item.PrivateIpAddress or "no address", item.LaunchTime or "at a time not known")
end

local function name_tag(item) return tag(item, "Name") end

local KINDS = {
    instance = {
        operation = "describe_instances", ids = "InstanceIds", id = "InstanceId",
        filter = "tag:Name", items = instances_in, name = name_tag, text = instance_text,
        also = { { Name = "instance-state-name",
                   Values = { "pending", "running", "stopping", "stopped" } } },
    },
    ["security-group"] = {
        operation = "describe_security_groups", ids = "GroupIds", id = "GroupId",
        filter = "group-name", items = function(value) return value.SecurityGroups or {} end,
        name = function(item) return item.GroupName end,
        text = function(item)
            return ("%s (%s, %s)"):format(item.GroupId, item.VpcId or "no VPC",
                                          item.Description or "")
        end,
    },
    subnet = {
        operation = "describe_subnets", ids = "SubnetIds", id = "SubnetId", filter = "tag:Name",
        items = function(value) return value.Subnets or {} end, name = name_tag,
        text = function(item)
            return ("%s (%s, %s)"):format(item.SubnetId, item.VpcId or "no VPC",
                                          item.CidrBlock or "")
        end,
    },
    vpc = {
        operation = "describe_vpcs", ids = "VpcIds", id = "VpcId", filter = "tag:Name",
        items = function(value) return value.Vpcs or {} end, name = name_tag,
        text = function(item) return ("%s (%s)"):format(item.VpcId, item.CidrBlock or "") end,
    },
}

-- Filters take wildcards; a name is meant as it stands.
local function literal(name)
    return (name:gsub("[\\*?]", "\\%0"))
end

local resources = {}

-- The read that finds `value` (an id or a name) of a kind.
function resources.read(kind_name, value)
    local kind = KINDS[kind_name]
    if types.is_id(kind_name, value) then
        return calls.ec2(kind.operation, { [kind.ids] = { value } })
    end
    local filters = { calls.filter(kind.filter, literal(value)) }
    for _, filter in ipairs(kind.also or {}) do filters[#filters + 1] = filter end
    return calls.ec2(kind.operation, { Filters = filters })
end

local function candidates(kind_name, value, result)
    local kind, found = KINDS[kind_name], {}
    local by_id = types.is_id(kind_name, value)
    for _, item in ipairs(kind.items(result)) do
        local key = by_id and item[kind.id] or kind.name(item)
        if key == value then found[#found + 1] = item end
    end
    return found
end

local function failure(kind_name, answer)
    local e = answer.error
    if (e.code or ""):find("NotFound") or (e.code or ""):find("Malformed") then
        return ("there is no such %s"):format(kind_name:gsub("%-", " "))
    end
    return ("could not be looked up: %s: %s"):format(e.code or "error", e.message or "")
end

-- {id, name} of the one resource; nil and a reason that follows the value.
function resources.pick(kind_name, value, answer)
    local kind, words = KINDS[kind_name], kind_name:gsub("%-", " ")
    if not answer then return nil, "could not be looked up" end
    if answer.error then return nil, failure(kind_name, answer) end
    local found = candidates(kind_name, value, answer.value or {})
    if #found == 0 then
        return nil, ("there is no such %s in this account and Region"):format(words)
    end
    if #found > 1 then
        local lines = {}
        for _, item in ipairs(found) do lines[#lines + 1] = kind.text(item) end
        table.sort(lines)
        return nil, ("names %d of them, give the id of one: %s"):format(#found,
                                                                       table.concat(lines, "; "))
    end
    return { id = found[1][kind.id], name = kind.name(found[1]) }
end

return resources
