-- facts_instances.lua - facts about instances.
--
-- Owns: the kinds instance.attribute, instance.device (deletion of a volume with its instance)
-- and instance.state; what modify, start, stop, reboot, terminate and run set. Pure. User data is
-- never read for a before-state: it may hold secrets.
local calls = require "calls"
local facts = require "facts"

-- ---- attributes ---------------------------------------------------------------------------

-- Parameter -> its name in the old form (Attribute, Value) and in describe_instance_attribute.
local NAMES = {
    InstanceInitiatedShutdownBehavior = "instanceInitiatedShutdownBehavior",
    DisableApiTermination = "disableApiTermination", DisableApiStop = "disableApiStop",
    InstanceType = "instanceType", EbsOptimized = "ebsOptimized", EnaSupport = "enaSupport",
}

local attribute = { together = true }

local function read_attribute(id, name)
    return calls.ec2("describe_instance_attribute", { InstanceId = id, Attribute = name })
end

function attribute.attribute(fact) return NAMES[fact.name] end

function attribute.reads(fact) return { read_attribute(fact.id, NAMES[fact.name]) } end

function attribute.value(fact, look)
    local result, state = look(read_attribute(fact.id, NAMES[fact.name]))
    if not result then return state end
    return facts.state((result[fact.name] or {}).Value)
end

function attribute.set(fact, now, wanted)
    if now.absent or wanted.absent then return nil, "the instance does not tell this attribute" end
    return { calls.ec2("modify_instance_attribute",
                       { InstanceId = fact.id, [fact.name] = { Value = wanted.value } }) }
end

local device = {}

function device.attribute(fact) return "deletion of " .. fact.device .. " with the instance" end

local function read_devices(id)
    return calls.ec2("describe_instances", { InstanceIds = { id } })
end

function device.reads(fact) return { read_devices(fact.id) } end

function device.value(fact, look)
    local result, state = look(read_devices(fact.id))
    if not result then return state end
    local reservation = (result.Reservations or {})[1] or {}
    for _, mapping in ipairs(((reservation.Instances or {})[1] or {}).BlockDeviceMappings or {}) do
        if mapping.DeviceName == fact.device then
            return facts.state((mapping.Ebs or {}).DeleteOnTermination == true)
        end
    end
    return facts.ABSENT
end

function device.set(fact, now, wanted)
    if now.absent or wanted.absent then return nil, "no volume is attached there" end
    return { calls.ec2("modify_instance_attribute", { InstanceId = fact.id, BlockDeviceMappings = {
        { DeviceName = fact.device, Ebs = { DeleteOnTermination = wanted.value } } } }) }
end

-- ---- what modify_instance_attribute sets --------------------------------------------------

local function as_boolean(value)
    if type(value) == "string" then return value == "true" end
    return value
end

-- Name and value of an attribute that the call sets in the new or in the old form.
local function named_attribute(call)
    for name, old in pairs(NAMES) do
        local given = call.params[name]
        if given ~= nil then return name, given.Value end
        if call.params.Attribute == old then return name, call.params.Value end
    end
    return nil
end

local plain = { knows = { "InstanceId", "Attribute", "Value" },
                note = "sets the attribute back" }
for name in pairs(NAMES) do plain.knows[#plain.knows + 1] = name end

-- One attribute at a time; AWS refuses more.
function plain.understands(call)
    local count = 0
    for name in pairs(NAMES) do
        if call.params[name] ~= nil or call.params.Attribute == NAMES[name] then count = count + 1 end
    end
    return count == 1 and call.params.InstanceId ~= nil
end

local TEXTS = { InstanceInitiatedShutdownBehavior = true, InstanceType = true }

function plain.facts(call)
    local name, value = named_attribute(call)
    if not TEXTS[name] then value = as_boolean(value) end
    return { { kind = "instance.attribute", id = call.params.InstanceId, name = name,
               after = facts.state(value) } }
end

local devices = { knows = { "InstanceId", "BlockDeviceMappings" },
                  note = "sets the deletion of volumes back" }

function devices.understands(call)
    return call.params.InstanceId ~= nil and call.params.BlockDeviceMappings ~= nil
end

function devices.facts(call)
    local list = {}
    for _, mapping in ipairs(call.params.BlockDeviceMappings) do
        local deletes = (mapping.Ebs or {}).DeleteOnTermination
        if mapping.DeviceName and deletes ~= nil then
            list[#list + 1] = { kind = "instance.device", id = call.params.InstanceId,
                                device = mapping.DeviceName, after = facts.state(deletes) }
        end
    end
    return list
end

-- What an instance's only interface has, set by the instance's id.
local function read_interfaces(id)
    return calls.ec2("describe_network_interfaces",
                     { Filters = { calls.filter("attachment.instance-id", id) } })
end

local by_interface = { knows = { "InstanceId", "Groups", "SourceDestCheck", "Attribute", "Value" },
                       note = "gives the interface back what it had" }

local OLD_NAMES = { groupSet = true, sourceDestCheck = true }

function by_interface.understands(call)
    local p, count = call.params, 0
    if p.Groups ~= nil then count = count + 1 end
    if p.SourceDestCheck ~= nil then count = count + 1 end
    if p.Attribute ~= nil then count = count + (OLD_NAMES[p.Attribute] and 1 or 2) end
    return count == 1 and p.InstanceId ~= nil
end

function by_interface.reads(call) return { read_interfaces(call.params.InstanceId) } end

function by_interface.find(call, look)
    local result, state = look(read_interfaces(call.params.InstanceId))
    if not result then return facts.not_found(state, "such instance") end
    local list = result.NetworkInterfaces or {}
    if #list ~= 1 then return nil, ("it has %d network interfaces"):format(#list) end
    local ids = {}
    for i, group in ipairs(list[1].Groups or {}) do ids[i] = group.GroupId end
    return { interface = list[1].NetworkInterfaceId, groups = ids,
             check = list[1].SourceDestCheck ~= false }
end

function by_interface.facts(call, found)
    if not found then return {} end
    local p = call.params
    if p.Groups or p.Attribute == "groupSet" then
        return { { kind = "interface.groups", id = found.interface,
                   before = facts.state(found.groups),
                   after = facts.state(p.Groups or { p.Value }) } }
    end
    local value = p.SourceDestCheck and p.SourceDestCheck.Value
    if value == nil then value = as_boolean(p.Value) end
    return { { kind = "interface.attribute", id = found.interface, name = "SourceDestCheck",
               before = facts.state(found.check), after = facts.state(value) } }
end

-- ---- running or stopped -------------------------------------------------------------------

local STATES = { pending = "running", running = "running", stopping = "stopped",
                 stopped = "stopped" }

local state_kind = {}

local function read_instance(id) return calls.ec2("describe_instances", { InstanceIds = { id } }) end

function state_kind.attribute() return "state" end

function state_kind.reads(fact) return { read_instance(fact.id) } end

function state_kind.value(fact, look)
    local reservation, state = facts.first(look, read_instance(fact.id), "Reservations")
    if not reservation then return state end
    local instance = (reservation.Instances or {})[1] or {}
    return facts.state(STATES[(instance.State or {}).Name])
end

local STOPPED = "stopping loses the instance's memory, and a public address that AWS assigned, for "
    .. "good"

function state_kind.set(fact, now, wanted)
    if now.absent or wanted.absent then return nil, "the instance is gone" end
    if wanted.value == "stopped" then
        return { calls.ec2("stop_instances", { InstanceIds = { fact.id } }) }
    end
    return nil, STOPPED .. "; start it yourself when that is wanted"
end

local function states(value, note)
    return { knows = { "InstanceIds", "Force", "Hibernate", "SkipOsShutdown" }, note = note,
             facts = function(call)
                 local list = {}
                 for i, id in ipairs(call.params.InstanceIds or {}) do
                     list[i] = { kind = "instance.state", id = id, after = facts.state(value) }
                 end
                 return list
             end }
end

local function no_way_back(why)
    return { facts = function() return {} end, lost = function() return why end }
end

local start = states("running", "stops it again: what it holds in memory by then is lost")
local stop = states("stopped")
stop.lost = function() return STOPPED end

return {
    kinds = { ["instance.attribute"] = attribute, ["instance.device"] = device,
              ["instance.state"] = state_kind },
    mutations = {
        ["ec2.modify_instance_attribute"] = { plain, devices, by_interface },
        ["ec2.start_instances"] = start, ["ec2.stop_instances"] = stop,
        ["ec2.reboot_instances"] = no_way_back "a reboot loses the instance's memory for good",
        ["ec2.terminate_instances"] =
            no_way_back "a terminated instance is gone for good, and volumes with it",
        ["ec2.run_instances"] =
            no_way_back("undo terminates nothing: terminate a new instance yourself when all that "
                        .. "it holds may be lost"),
    },
}
