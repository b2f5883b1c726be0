-- facts_exists.lua - facts about the existence of what calls make and delete.
--
-- Owns: the kind exists; the table of what is made by which call and deleted by which. Pure. Only
-- what the run itself made is ever deleted: anything else that is deleted is lost, since nothing
-- comes back under its id.
local calls = require "calls"
local facts = require "facts"

-- By the prefix of its id: how it is read, deleted, and found again by its tags.
local THINGS = {
    sg = { words = "security group", describe = "describe_security_groups", ids = "GroupIds",
           list = "SecurityGroups", id = "GroupId", delete = "delete_security_group",
           parts = "group.rule" },
    acl = { words = "network ACL", describe = "describe_network_acls", ids = "NetworkAclIds",
            list = "NetworkAcls", id = "NetworkAclId", create = "create_network_acl",
            result = "NetworkAcl", delete = "delete_network_acl", parts = "acl.entry" },
    rtb = { words = "route table", describe = "describe_route_tables", ids = "RouteTableIds",
            list = "RouteTables", id = "RouteTableId", create = "create_route_table",
            result = "RouteTable", delete = "delete_route_table", parts = "route" },
    igw = { words = "internet gateway", describe = "describe_internet_gateways",
            ids = "InternetGatewayIds", list = "InternetGateways", id = "InternetGatewayId",
            create = "create_internet_gateway", result = "InternetGateway",
            delete = "delete_internet_gateway" },
    eigw = { words = "egress-only internet gateway",
             describe = "describe_egress_only_internet_gateways",
             ids = "EgressOnlyInternetGatewayIds", list = "EgressOnlyInternetGateways",
             id = "EgressOnlyInternetGatewayId", create = "create_egress_only_internet_gateway",
             result = "EgressOnlyInternetGateway", delete = "delete_egress_only_internet_gateway" },
    nat = { words = "NAT gateway", describe = "describe_nat_gateways", ids = "NatGatewayIds",
            list = "NatGateways", id = "NatGatewayId", create = "create_nat_gateway",
            result = "NatGateway", delete = "delete_nat_gateway", filters = "Filter" },
    eni = { words = "network interface", describe = "describe_network_interfaces",
            ids = "NetworkInterfaceIds", list = "NetworkInterfaces", id = "NetworkInterfaceId",
            create = "create_network_interface", result = "NetworkInterface", tags = "TagSet",
            delete = "delete_network_interface" },
    subnet = { words = "subnet", describe = "describe_subnets", ids = "SubnetIds",
               list = "Subnets", id = "SubnetId", create = "create_subnet", result = "Subnet",
               delete = "delete_subnet" },
    vpc = { words = "VPC", describe = "describe_vpcs", ids = "VpcIds", list = "Vpcs",
            id = "VpcId", create = "create_vpc", result = "Vpc", delete = "delete_vpc" },
    eipalloc = { words = "Elastic IP address", describe = "describe_addresses",
                 ids = "AllocationIds", list = "Addresses", id = "AllocationId",
                 create = "allocate_address", delete = "release_address" },
}

local function thing_of(fact) return THINGS[fact.thing] end

local function read_thing(fact)
    if fact.thing == "queue" then
        return { service = "sqs", operation = "get_queue_attributes",
                 params = { QueueUrl = fact.id, AttributeNames = { "All" } } }
    end
    local thing = thing_of(fact)
    return calls.ec2(thing.describe, { [thing.ids] = { fact.id } })
end

local exists = {}

function exists.attribute(fact)
    return fact.thing == "queue" and "queue" or thing_of(fact).words
end

function exists.reads(fact) return { read_thing(fact) } end

-- The facts that the resource holds now, as parts of it.
function exists.parts(fact, look)
    local thing = thing_of(fact)
    local item = thing and thing.parts and facts.first(look, read_thing(fact), thing.list)
    if not item then return {} end
    return facts.kinds[thing.parts].parts(fact.id, item)
end

local GONE = { deleted = true, deleting = true, failed = true }

function exists.value(fact, look)
    if fact.thing == "queue" then
        local result, state = look(read_thing(fact))
        return result and facts.state(true) or state
    end
    local item, state = facts.first(look, read_thing(fact), thing_of(fact).list)
    if not item then return state end
    return facts.state(not GONE[item.State or ""] or nil)
end

function exists.set(fact, _, wanted)
    if not wanted.absent then
        return nil, "what was deleted does not come back under its id"
    elseif fact.thing == "queue" then
        return { { service = "sqs", operation = "delete_queue", params = { QueueUrl = fact.id } } }
    end
    local thing = thing_of(fact)
    return { calls.ec2(thing.delete, { [thing.id] = fact.id }) }
end

function exists.text() return "exists" end

-- ---- found again by its tags --------------------------------------------------------------

-- The run's own tag tells what it made from anything else; without it nothing can be said.
local function own_tags(call)
    local filters, own = {}, false
    for _, specification in ipairs(call.params.TagSpecifications or {}) do
        for _, tag in ipairs(specification.Tags or {}) do
            own = own or tag.Key == "cordon:run"
            filters[#filters + 1] = calls.filter("tag:" .. (tag.Key or ""), tag.Value or "")
        end
    end
    return own and filters or nil
end

local PLACES = { VpcId = "vpc-id", SubnetId = "subnet-id" }
local NO_PLACE = { ["describe_egress_only_internet_gateways"] = true,
                   ["describe_vpcs"] = true }

local function search_of(thing, call)
    local filters = own_tags(call)
    if not filters then return {} end
    for member, name in pairs(PLACES) do
        if call.params[member] and not NO_PLACE[thing.describe] then
            filters[#filters + 1] = calls.filter(name, call.params[member])
        end
    end
    table.sort(filters, function(a, b) return a.Name < b.Name end)
    return { calls.ec2(thing.describe, { [thing.filters or "Filters"] = filters }) }
end

local function result_of(thing, item)
    if thing.result then return { [thing.result] = item } end
    return { [thing.id] = item[thing.id], PublicIp = item.PublicIp }
end

-- Exactly one that no other call is known to have made.
local function found_again(thing, call, look)
    local read = search_of(thing, call)[1]
    local result = read and look(read)
    if not result then return calls.fate(nil) end
    local fresh = {}
    for _, item in ipairs(result[thing.list] or {}) do
        if not calls.is_made(call, item[thing.id]) and not GONE[item.State or ""] then
            fresh[#fresh + 1] = item
        end
    end
    if #fresh > 1 then return calls.fate(nil) end
    return calls.fate(#fresh == 1, fresh[1] and result_of(thing, fresh[1]))
end

-- ---- making -------------------------------------------------------------------------------

local function makes(prefix, thing)
    local row = { note = "deletes it again" }
    function row.made(result)
        local item = thing.result and result[thing.result] or result
        return item and item[thing.id] and { item[thing.id] } or {}
    end
    function row.facts(_, _, result)
        local id = result and row.made(result)[1]
        if not id then return {} end
        return { { kind = "exists", thing = prefix, id = id, before = facts.ABSENT,
                   after = facts.state(true) } }
    end
    function row.fate_reads(call) return search_of(thing, call) end
    function row.fate(call, look) return found_again(thing, call, look) end
    function row.sign() return "+", thing.words, "new" end
    return row
end

local function lost_for_good(words)
    return ("a deleted %s cannot be had again under its id"):format(words)
end

-- Deleting what the run made is no loss: before the run there was none.
local function deletes(prefix, thing)
    local row = { note = "made by this run" }
    function row.facts(call)
        local id = call.params[thing.id]
        if not id then return {} end
        return { { kind = "exists", thing = prefix, id = id, before = facts.state(true),
                   after = facts.ABSENT } }
    end
    function row.lost(call)
        if calls.is_made(call, call.params[thing.id]) then return nil end
        return lost_for_good(thing.words)
    end
    row.deletes = function(call) return call.params[thing.id] end
    return row
end

-- ---- queues -------------------------------------------------------------------------------

local create_queue = { note = "deletes the queue again" }

local function read_name(call)
    return { service = "sqs", operation = "get_queue_url",
             params = { QueueName = call.params.QueueName } }
end

function create_queue.reads(call) return { read_name(call) } end

function create_queue.find(call, look)
    local result, state = look(read_name(call))
    if result then return { earlier = result.QueueUrl } end
    if state.unknown then return nil, state.unknown end
    return {}
end

function create_queue.made(result) return { result.QueueUrl } end

-- A queue that was there before is only named again.
function create_queue.facts(_, found, result)
    local url = result and result.QueueUrl
    if not url or not found or found.earlier == url then return {} end
    return { { kind = "exists", thing = "queue", id = url, before = facts.ABSENT,
               after = facts.state(true) } }
end

function create_queue.fate_reads(call) return { read_name(call) } end

function create_queue.fate(call, look)
    local result, state = look(read_name(call))
    if result then return calls.fate(true, { QueueUrl = result.QueueUrl }) end
    if state.unknown then return calls.fate(nil) end
    return calls.fate(false)
end

function create_queue.sign() return "+", "queue", "new" end

local delete_queue = { note = "made by this run" }

function delete_queue.facts(call)
    if not call.params.QueueUrl then return {} end
    return { { kind = "exists", thing = "queue", id = call.params.QueueUrl,
               before = facts.state(true), after = facts.ABSENT } }
end

function delete_queue.deletes(call) return call.params.QueueUrl end

function delete_queue.lost(call)
    if calls.is_made(call, call.params.QueueUrl) then return nil end
    return "a deleted queue's messages are gone for good"
end

local mutations = {
    ["sqs.create_queue"] = create_queue, ["sqs.delete_queue"] = delete_queue,
    ["ec2.delete_snapshot"] = { facts = function() return {} end,
                                lost = function() return lost_for_good "snapshot" end },
}
for prefix, thing in pairs(THINGS) do
    if thing.create then mutations["ec2." .. thing.create] = makes(prefix, thing) end
    mutations["ec2." .. thing.delete] = deletes(prefix, thing)
end

-- Their advice on making and deleting is advice_groups.lua's.
local group = makes("sg", THINGS.sg)
group.advised, group.fate_reads, group.fate = true, nil, nil
mutations["ec2.create_security_group"] = group
mutations["ec2.delete_security_group"].advised = true

return { kinds = { exists = exists }, mutations = mutations }
