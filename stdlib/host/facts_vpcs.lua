-- facts_vpcs.lua - facts about attributes of subnets and VPCs.
--
-- Owns: the kinds subnet.attribute and vpc.attribute; what their modify calls set. Pure.
local calls = require "calls"
local facts = require "facts"

local SUBNET = { MapPublicIpOnLaunch = "public addresses at launch",
                 AssignIpv6AddressOnCreation = "IPv6 addresses at creation" }
local VPC = { EnableDnsSupport = "enableDnsSupport", EnableDnsHostnames = "enableDnsHostnames" }

local subnet = {}

local function read_subnet(id) return calls.ec2("describe_subnets", { SubnetIds = { id } }) end

function subnet.attribute(fact) return SUBNET[fact.name] end

function subnet.reads(fact) return { read_subnet(fact.id) } end

function subnet.value(fact, look)
    local one, state = facts.first(look, read_subnet(fact.id), "Subnets")
    if not one then return state end
    return facts.state(one[fact.name] == true)
end

local function setter(operation, id_member)
    return function(fact, now, wanted)
        if now.absent or wanted.absent then return nil, fact.id .. " is gone" end
        return { calls.ec2(operation, { [id_member] = fact.id,
                                        [fact.name] = { Value = wanted.value } }) }
    end
end

subnet.set = setter("modify_subnet_attribute", "SubnetId")

local vpc = { set = setter("modify_vpc_attribute", "VpcId") }

local function read_vpc(fact)
    return calls.ec2("describe_vpc_attribute", { VpcId = fact.id, Attribute = VPC[fact.name] })
end

function vpc.attribute(fact) return VPC[fact.name] end

function vpc.reads(fact) return { read_vpc(fact) } end

function vpc.value(fact, look)
    local result, state = look(read_vpc(fact))
    if not result then return state end
    return facts.state((result[fact.name] or {}).Value)
end

local function sets(kind, id_member, names)
    local row = { knows = { id_member }, note = "sets the attributes back" }
    for name in pairs(names) do row.knows[#row.knows + 1] = name end
    function row.understands(call) return call.params[id_member] ~= nil end
    function row.facts(call)
        local list = {}
        for _, name in ipairs(calls.sorted_keys(names)) do
            local given = call.params[name]
            if given then
                list[#list + 1] = { kind = kind, id = call.params[id_member], name = name,
                                    after = facts.state(given.Value) }
            end
        end
        return list
    end
    return row
end

-- Whoever is in the VPC asks its name servers.
local function everyone(call) return { { kind = "Vpcs", id = call.params.VpcId } } end

local modify_vpc = sets("vpc.attribute", "VpcId", VPC)
modify_vpc.targets = everyone

return {
    kinds = { ["subnet.attribute"] = subnet, ["vpc.attribute"] = vpc },
    mutations = {
        ["ec2.modify_subnet_attribute"] = sets("subnet.attribute", "SubnetId", SUBNET),
        ["ec2.modify_vpc_attribute"] = modify_vpc,
    },
}
