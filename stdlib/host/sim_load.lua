-- sim_load.lua - describe results into a world, a world into records and back.
--
-- Owns: what a real account says becomes a world as it is. Lists whose order means nothing
-- (rules of groups, entries of ACLs) come into the simulator's order, so that a change and its
-- inverse give the same resource again.
local acls = require "sim_acls"
local kinds = require "sim_kinds"
local sim_rules = require "sim_rules"
local sim_world = require "sim_world"
local values = require "sim_values"

local sim_load = {}

local function put_all(world, kind_name, list)
    for _, resource in ipairs(list or {}) do sim_world.put(world, kind_name, resource) end
    return #(list or {})
end

-- ---- groups and their rules ---------------------------------------------------------------

-- Rules for a group of which only IpPermissions are known.
local function derive_rules(world, group)
    local known = sim_world.ids_by(world, "SecurityGroupRules", "group-id", group.GroupId)
    if #known > 0 and not world.derived[group.GroupId] then return end
    for _, id in ipairs(known) do sim_world.remove(world, "SecurityGroupRules", id) end
    world.derived[group.GroupId] = true
    for member, egress in pairs { IpPermissions = false, IpPermissionsEgress = true } do
        sim_rules.add(world, sim_rules.read(world, group, egress, group[member] or {}, true), nil,
                      sim_rules.derived_id)
    end
end

local special = {}

function special.describe_security_groups(world, result)
    for _, group in ipairs(result.SecurityGroups or {}) do
        sim_world.put(world, "SecurityGroups", group)
        derive_rules(world, group)
    end
    return #(result.SecurityGroups or {})
end

-- Rules with their real ids take the place of derived ones.
function special.describe_security_group_rules(world, result)
    local groups = {}
    for _, rule in ipairs(result.SecurityGroupRules or {}) do
        if world.derived[rule.GroupId] then
            for _, id in ipairs(sim_world.ids_by(world, "SecurityGroupRules", "group-id",
                                                 rule.GroupId)) do
                sim_world.remove(world, "SecurityGroupRules", id)
            end
            world.derived[rule.GroupId] = nil
        end
        sim_world.put(world, "SecurityGroupRules", rule)
        groups[rule.GroupId] = true
    end
    for _, id in ipairs(values.sorted_keys(groups)) do
        if world.resources.SecurityGroups[id] then sim_rules.refresh(world, id) end
    end
    return #(result.SecurityGroupRules or {})
end

function special.describe_security_group_vpc_associations(world, result)
    for _, one in ipairs(result.SecurityGroupVpcAssociations or {}) do
        sim_world.put(world, "SecurityGroupVpcAssociations",
                      values.with(one, { AssociationKey = one.GroupId .. "/" .. one.VpcId }))
    end
    return #(result.SecurityGroupVpcAssociations or {})
end

-- ---- others -------------------------------------------------------------------------------

function special.describe_instances(world, result)
    local count = 0
    for _, reservation in ipairs(result.Reservations or {}) do
        for _, instance in ipairs(reservation.Instances or {}) do
            count = count + 1
            sim_world.put(world, "Instances", values.with(instance, {
                ReservationId = reservation.ReservationId, OwnerId = reservation.OwnerId,
                RequesterId = reservation.RequesterId }))
        end
    end
    return count
end

-- The most entries that a list has of one direction and one family.
local function most_entries(entries)
    local counts, most = {}, 0
    for _, entry in ipairs(entries or {}) do
        local key = tostring(entry.Egress) .. (entry.Ipv6CidrBlock and "v6" or "v4")
        counts[key] = (counts[key] or 0) + 1
        most = math.max(most, counts[key])
    end
    return most
end

-- No read tells the quotas of an account. A list that is longer shows that it was raised, at least
-- so far: what is rehearsed then makes room that may not be needed, not the other way round.
function special.describe_network_acls(world, result)
    for _, acl in ipairs(result.NetworkAcls or {}) do
        world.quotas.entries_per_acl = math.max(world.quotas.entries_per_acl,
                                                most_entries(acl.Entries))
        sim_world.put(world, "NetworkAcls", values.with(acl,
                                                        { Entries = acls.sorted(acl.Entries
                                                            or {}) }))
    end
    return #(result.NetworkAcls or {})
end

local ATTRIBUTES = { "InstanceInitiatedShutdownBehavior", "DisableApiTermination",
                     "DisableApiStop" }

function special.describe_instance_attribute(world, result)
    local changes = {}
    for _, name in ipairs(ATTRIBUTES) do
        if result[name] then changes[name] = result[name].Value end
    end
    local before = world.resources.Attributes[result.InstanceId]
        or { ResourceId = result.InstanceId }
    sim_world.put(world, "Attributes", values.with(before, changes))
    return 1
end

function special.get_console_output(world, result)
    local before = world.resources.Attributes[result.InstanceId]
        or { ResourceId = result.InstanceId }
    sim_world.put(world, "Attributes", values.with(before, { ConsoleOutput = result.Output }))
    return 1
end

-- `params` names the list that the entries are of.
function special.get_managed_prefix_list_entries(world, result, params)
    local id = params.PrefixListId
    local list = world.resources.PrefixLists[id]
        or { PrefixListId = id, PrefixListName = (world.resources.ManagedPrefixLists[id]
                                                  or {}).PrefixListName }
    local cidrs = {}
    for i, entry in ipairs(result.Entries or {}) do cidrs[i] = entry.Cidr end
    sim_world.put(world, "PrefixLists", values.with(list, { Cidrs = cidrs }))
    return #cidrs
end

function sim_load.load(world, operation, result, params)
    if special[operation] then return special[operation](world, result, params or {}) end
    local kind = kinds.by_describe[operation]
    return kind and put_all(world, kind.name, result[kind.list])
end

-- ---- records ------------------------------------------------------------------------------

local VERSION = 1
local HEADER = { "account", "region", "now", "seed", "counter", "quotas", "caller", "later",
                 "derived", "cursors", "call_latency", "denied" }

-- The first record: the world without its resources.
function sim_load.header(world)
    local header = { version = VERSION }
    for _, name in ipairs(HEADER) do header[name] = world[name] end
    return { world = header }
end

-- The kinds and ids of a world in order, as one list of pairs: to write a large world piecewise.
function sim_load.list(world)
    local list = {}
    for _, name in ipairs(kinds.names) do
        for _, id in ipairs(sim_world.all_ids(world, name)) do list[#list + 1] = { name, id } end
    end
    return list
end

-- Record `n` of a world whose `list` was made before; nil behind the last.
function sim_load.record(world, list, n)
    if n == 1 then return sim_load.header(world) end
    local pair = list[n - 1]
    if pair then
        return { kind = pair[1], id = pair[2], resource = world.resources[pair[1]][pair[2]] }
    end
    local url = values.sorted_keys(world.queues)[n - 1 - #list]
    return url and { queue = url, messages = world.queues[url] }
end

function sim_load.records(world)
    local out, list = {}, sim_load.list(world)
    repeat
        local record = sim_load.record(world, list, #out + 1)
        out[#out + 1] = record
    until not record
    return out
end

-- A new world from its header record; raises a text when it is none.
function sim_load.begin(record)
    local header = record and record.world
    if not header then error("the first line is not a world's header", 0) end
    if header.version ~= VERSION then
        error(("the world has format version %s, this program reads %d"):format(
            tostring(header.version), VERSION), 0)
    end
    local world = sim_world.new(header)
    for _, name in ipairs(HEADER) do
        if header[name] ~= nil then world[name] = values.copy(header[name]) end
    end
    return world
end

-- Adds one record; raises a text when it is none.
function sim_load.add(world, record)
    if record.queue then
        world.queues[record.queue] = values.copy(record.messages)
        return
    end
    local kind = type(record.kind) == "string" and kinds[record.kind]
    if not kind or not kind.id or type(record.resource) ~= "table" then
        error(("there is no kind of resource '%s'"):format(tostring(record.kind)), 0)
    elseif type(record.resource[kind.id]) ~= "string" then
        error(("a resource of kind %s without %s"):format(record.kind, kind.id), 0)
    end
    sim_world.put(world, record.kind, record.resource)
end

function sim_load.restore(records)
    local world = sim_load.begin(records[1])
    for i = 2, #records do sim_load.add(world, records[i]) end
    world.changes = {}
    return world
end

return sim_load
