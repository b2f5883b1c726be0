-- recording.lua - the memory of a rehearsal.
--
-- Owns: what the rehearsed mutations would have changed, and the reads answered from it: of
-- planned security groups, and of real network interfaces that were (only on paper) given
-- other groups. A read made twice in one rehearsal is asked of AWS once: a rehearsal sees one
-- state of the account, with its own changes on top. It never calls out.
local calls = require "calls"
local groups = require "planned_groups"
local overlay = require "overlay"

local fault = groups.fault
local recording = {}
local state

function recording.begin()
    state = {
        groups = {},      -- planned security groups by id
        names = {},       -- their names, kept when they are deleted again
        known = {},       -- real security groups by id, as described last
        interfaces = {},  -- real network interfaces by id, as described last
        carried = {},     -- interface id -> the groups that a rehearsed call gave it
        v6 = {},          -- VPC id -> it has an IPv6 CIDR block
        results = {},     -- a read's signature -> its result
    }
    return true
end
recording.begin()

-- For diffs of the plan: the name of a planned group; the planned id of a name.
function recording.name_of(id)
    return state.names[id]
end

function recording.id_of(name)
    for _, id in ipairs(calls.sorted_keys(state.names)) do
        if state.names[id] == name then return id end
    end
    return nil
end

-- A text that is equal for equal calls.
local function signature(value)
    if type(value) ~= "table" then
        return (math.type(value) or type(value)) .. ":" .. tostring(value) .. ";"
    end
    local parts = {}
    for _, key in ipairs(calls.sorted_keys(value)) do
        parts[#parts + 1] = ("%d:%s=%s"):format(#tostring(key), key, signature(value[key]))
    end
    return "{" .. table.concat(parts) .. "}"
end

local function signature_of(call)
    return call.service .. "." .. call.operation .. signature(call.params or {})
end

local function no_group(id)
    return { error = fault("InvalidGroup.NotFound",
                           ("The security group '%s' does not exist"):format(id)) }
end

local function cannot_answer(call, id)
    return { error = fault("NotRehearsable", ("%s names %s, which does not exist yet: a "
        .. "rehearsal cannot answer that"):format(call.operation, id)) }
end

-- ---- reads ------------------------------------------------------------------------------

local function groups_of(interface)
    return state.carried[interface.NetworkInterfaceId] or interface.Groups or {}
end

local function carries(interface, wanted)
    for _, group in ipairs(groups_of(interface)) do
        if wanted[group.GroupId] then return true end
    end
    return false
end

-- The ids that a read asks for: a list parameter, or the one filter `filter_name`.
local function ids_asked(params, member, filter_name)
    if params[member] and #params[member] > 0 then return params[member] end
    for _, filter in ipairs(params.Filters or {}) do
        if filter.Name == filter_name then return filter.Values or {} end
    end
    return {}
end

local function only_filter(params, name)
    return #(params.Filters or {}) == 1 and params.Filters[1].Name == name
end

local readers = {}

function readers.describe_security_groups(call)
    local items = {}
    for _, id in ipairs(ids_asked(call.params, "GroupIds", "group-id")) do
        local planned = state.groups[id]
        if planned then
            items[#items + 1] = groups.describe(planned)
        elseif calls.is_planned(id) then
            if call.params.GroupIds then return no_group(id) end
        elseif state.known[id] then
            items[#items + 1] = state.known[id]
        else
            return cannot_answer(call, calls.planned_in(call.params))
        end
    end
    return { value = { SecurityGroups = items } }
end

function readers.describe_security_group_rules(call)
    local items = {}
    for _, id in ipairs(ids_asked(call.params, "", "group-id")) do
        if not state.groups[id] then return cannot_answer(call, id) end
        local list = groups.describe_rules(state.groups[id])
        table.move(list, 1, #list, #items + 1, items)
    end
    return { value = { SecurityGroupRules = items } }
end

-- Who carries a planned group: only interfaces that this rehearsal has seen and changed.
function readers.describe_network_interfaces(call)
    if not only_filter(call.params, "group-id") then
        return cannot_answer(call, calls.planned_in(call.params))
    end
    local wanted, items = {}, {}
    for _, id in ipairs(call.params.Filters[1].Values or {}) do
        if not calls.is_planned(id) then
            return cannot_answer(call, calls.planned_in(call.params))
        end
        wanted[id] = true
    end
    for _, id in ipairs(calls.sorted_keys(state.interfaces)) do
        if carries(state.interfaces[id], wanted) then items[#items + 1] = state.interfaces[id] end
    end
    return { value = { NetworkInterfaces = overlay.interfaces(items, state.carried) } }
end

function readers.describe_tags(call)
    if not only_filter(call.params, "resource-id") then
        return cannot_answer(call, calls.planned_in(call.params))
    end
    local items = {}
    for _, id in ipairs(call.params.Filters[1].Values or {}) do
        if not state.groups[id] then return cannot_answer(call, id) end
        for _, tag in ipairs(groups.describe(state.groups[id]).Tags) do
            items[#items + 1] = { ResourceId = id, ResourceType = "security-group", Key = tag.Key,
                                  Value = tag.Value }
        end
    end
    return { value = { Tags = items } }
end

-- Interfaces asked for by id, when a rehearsed call has changed one of them.
local function changed_interfaces(call)
    if call.operation ~= "describe_network_interfaces" then return nil end
    local items, changed = {}, false
    for i, id in ipairs(call.params.NetworkInterfaceIds or {}) do
        if not state.interfaces[id] then return nil end
        items[i] = state.interfaces[id]
        changed = changed or state.carried[id] ~= nil
    end
    if not changed then return nil end
    return { value = { NetworkInterfaces = overlay.interfaces(items, state.carried) } }
end

local function answer_read(call)
    local planned = calls.planned_in(call.params)
    if planned then
        local reader = call.service == "ec2" and readers[call.operation]
        return reader and reader(call) or cannot_answer(call, planned)
    end
    local earlier = state.results[signature_of(call)]
    if earlier then return { value = overlay.result(call.operation, earlier, state.carried) } end
    return changed_interfaces(call) or { send = true }
end

-- ---- mutations --------------------------------------------------------------------------

local function taken(name, vpc)
    local lower = name:lower()
    for _, group in pairs(state.groups) do
        if group.vpc == vpc and group.name:lower() == lower then return true end
    end
    for _, group in pairs(state.known) do
        if group.VpcId == vpc and (group.GroupName or ""):lower() == lower then return true end
    end
    return false
end

local mutations = {}

function mutations.create_security_group(call, skeleton)
    local id, params = skeleton.GroupId, call.params
    if not id then return cannot_answer(call, "a group without a planned id") end
    if taken(params.GroupName or "", params.VpcId) then
        return { error = fault("InvalidGroup.Duplicate", ("The security group '%s' already "
            .. "exists for VPC '%s'"):format(params.GroupName, params.VpcId or "")) }
    end
    local group = groups.create(id, params, state.v6[params.VpcId])
    for _, specification in ipairs(params.TagSpecifications or {}) do
        groups.tag(group, specification.Tags)
    end
    state.groups[id], state.names[id] = group, group.name
    skeleton.Tags = groups.describe(group).Tags
    return { value = skeleton }
end

-- Rule changes of a planned group; those of real ones are only recorded.
local function rule_change(change, direction)
    return function(call, skeleton)
        local id = call.params.GroupId
        if not calls.is_planned(id) then return { value = skeleton } end
        local group = state.groups[id]
        if not group then return no_group(id) end
        local failed = change(group, direction, call.params)
        if failed then return { error = failed } end
        return { value = { Return = true } }
    end
end

for _, direction in ipairs { "ingress", "egress" } do
    mutations["authorize_security_group_" .. direction] = rule_change(groups.authorize, direction)
    mutations["revoke_security_group_" .. direction] = rule_change(groups.revoke, direction)
end

function mutations.delete_security_group(call, skeleton)
    local id = call.params.GroupId
    if not calls.is_planned(id) then return { value = skeleton } end
    if not state.groups[id] then return no_group(id) end
    for _, interface in pairs(state.interfaces) do
        if carries(interface, { [id] = true }) then
            return { error = fault("DependencyViolation",
                                   ("resource %s has a dependent object"):format(id)) }
        end
    end
    state.groups[id] = nil
    return { value = skeleton }
end

local function group_name(id)
    if state.groups[id] then return state.groups[id].name end
    return state.known[id] and state.known[id].GroupName
end

function mutations.modify_network_interface_attribute(call, skeleton)
    local ids = call.params.Groups
    if not ids or #ids == 0 then return { value = skeleton } end
    local interface, carried = call.params.NetworkInterfaceId, {}
    if not interface then return { value = skeleton } end
    for i, id in ipairs(ids) do
        if calls.is_planned(id) and not state.groups[id] then return no_group(id) end
        carried[i] = { GroupId = id, GroupName = group_name(id) }
    end
    state.carried[interface] = carried
    return { value = skeleton }
end

local function tag_change(change)
    return function(call, skeleton)
        for _, id in ipairs(call.params.Resources or {}) do
            if state.groups[id] then change(state.groups[id], call.params.Tags) end
        end
        return { value = skeleton }
    end
end
mutations.create_tags = tag_change(groups.tag)
mutations.delete_tags = tag_change(groups.untag)

local READ_VERBS = { describe = true, get = true, list = true, search = true }

-- {send = true}, {value = ...} or {error = ...} for a call of the rehearsal.
function recording.answer(call, skeleton)
    call.params = call.params or {}
    local is_read = skeleton == nil and READ_VERBS[call.operation:match("^%l+")]
    if is_read then return answer_read(call) end
    local mutation = call.service == "ec2" and mutations[call.operation]
    if not mutation or call.params.DryRun then return { value = skeleton or {} } end
    return mutation(call, skeleton or {})
end

-- ---- what AWS said ----------------------------------------------------------------------

local learners = {}

function learners.describe_vpcs(result)
    for _, vpc in ipairs(result.Vpcs or {}) do
        for _, block in ipairs(vpc.Ipv6CidrBlockAssociationSet or {}) do
            local block_state = (block.Ipv6CidrBlockState or {}).State or ""
            if block_state:find("^associat") then state.v6[vpc.VpcId] = true end
        end
    end
end

function learners.describe_security_groups(result)
    for _, group in ipairs(result.SecurityGroups or {}) do state.known[group.GroupId] = group end
end

function learners.describe_network_interfaces(result)
    for _, interface in ipairs(result.NetworkInterfaces or {}) do
        state.interfaces[interface.NetworkInterfaceId] = interface
    end
end

function recording.seen(call, result)
    result = result or {}
    state.results[signature_of(call)] = result
    local learn = call.service == "ec2" and learners[call.operation]
    if learn then learn(result) end
    return true
end

return recording
