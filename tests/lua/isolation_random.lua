-- isolation_random.lua - random VPCs, flows, arguments and faults for the isolation's properties.
--
-- Owns: the generator; the same seed gives the same case on every machine. Worlds are built by the
-- simulator's own operations, so they have AWS's defaults.
local builder = require "sim_builder"
local generator = require("flow_random").generator
local sim_world = require "sim_world"

local random = {}

local PEERS = { "0.0.0.0/0", "0.0.0.0/0", "::/0", "10.0.0.0/16", "10.0.1.0/24", "198.51.100.0/24",
                "203.0.113.9/32", "10.0.2.0/24" }
local PORTS = { "22", "443", "0-65535", "400-500", "1024-65535" }
local OUTSIDE = { v4 = { "198.51.100.7", "203.0.113.9" },
                  v6 = { "2001:db8:ffff::7", "2001:db8:eeee::9" } }
local EVERY = { 1, 2, 7, 30, 100 }
local PROTOCOLS = { "tcp", "tcp", "tcp", "udp", "icmp" }
local MANAGED = { "network_load_balancer", "vpc_endpoint", "lambda", "interface" }

local function one_of(pick, list) return list[pick(#list)] end

-- Distinct rules in words.
local function rules(pick)
    local seen, list = {}, {}
    for _ = 1, pick(4) - 1 do
        local kind, peer = pick(5), one_of(pick, PEERS)
        local text = kind <= 2 and "all " .. peer or kind == 5 and "icmp " .. peer
            or ("%s %s %s"):format(kind == 3 and "tcp" or "udp", one_of(pick, PORTS), peer)
        if not seen[text] then list[#list + 1] = text end
        seen[text] = true
    end
    return list
end

local function groups_of(pick, groups)
    local first, second = one_of(pick, groups), one_of(pick, groups)
    return first ~= second and pick(3) == 1 and { first, second } or { first }
end

local function subnets_of(pick, vpc, internet)
    local front = vpc:subnet { name = "front", cidr = "10.0.1.0/24",
                               public = internet and pick(4) > 1 }
    local options = { name = "back", cidr = "10.0.2.0/24" }
    if internet and pick(3) > 1 then
        local nat = front:nat { name = "nat" }
        options.table = vpc:route_table { name = "private", routes = {
            { DestinationCidrBlock = "0.0.0.0/0", NatGatewayId = nat.id } } }
    elseif pick(2) == 1 then
        options.table = vpc:route_table { name = "closed", routes = {} }
    end
    return { front, vpc:subnet(options) }
end

-- A list of its own for the second subnet, with entries at random.
local function own_acl(pick, w, vpc, subnet)
    local id = w:call("create_network_acl", { VpcId = vpc.id }).NetworkAcl.NetworkAclId
    for number = 1, 4 do
        w:call("create_network_acl_entry", {
            NetworkAclId = id, RuleNumber = number * 10, Egress = pick(2) == 1, Protocol = "-1",
            RuleAction = pick(3) == 1 and "deny" or "allow",
            CidrBlock = one_of(pick, { "0.0.0.0/0", "10.0.0.0/16", "198.51.100.0/24" }) })
    end
    local list = w:call("describe_network_acls", { Filters = {
        { Name = "association.subnet-id", Values = { subnet.id } } } }).NetworkAcls[1].Associations
    for _, one in ipairs(list) do
        if one.SubnetId == subnet.id then
            w:call("replace_network_acl_association",
                   { AssociationId = one.NetworkAclAssociationId, NetworkAclId = id })
        end
    end
end

local function populate(pick, subnets, groups, internet)
    local list = {}
    for n = 1, 3 + pick(3) do
        list[n] = one_of(pick, subnets):instance {
            name = "i" .. n, groups = groups_of(pick, groups),
            profile = pick(2) == 1 and "role" or nil,
            type = pick(2) == 1 and "m6i.large" or "t2.micro" }
    end
    local target = one_of(pick, list)
    for _ = 1, pick(3) - 1 do
        target:interface { subnet = one_of(pick, subnets), groups = groups_of(pick, groups) }
    end
    if pick(3) == 1 and internet then target:elastic_ip() end
    if pick(3) == 1 then
        one_of(pick, subnets):managed_interface {
            description = "a service's", type = one_of(pick, MANAGED), groups = { groups[1] } }
    end
    return target, list
end

-- {w (builder), target, instances, groups}
function random.world(seed)
    local pick = generator(seed)
    local w = builder.new(sim_world.new { seed = seed })
    local internet = pick(5) > 1
    local vpc = w:vpc { cidr = "10.0.0.0/16", internet = internet, ipv6 = pick(2) == 1 }
    local subnets = subnets_of(pick, vpc, internet)
    if pick(4) == 1 then own_acl(pick, w, vpc, subnets[2]) end
    local groups = {}
    for n = 1, 4 do
        groups[n] = vpc:group { name = "g" .. n, ingress = rules(pick),
                                egress = pick(2) == 1 and rules(pick) or nil }
    end
    local target, instances = populate(pick, subnets, groups, internet)
    w.world.changes = {}
    return { w = w, vpc = vpc, target = target, instances = instances, groups = groups, pick = pick,
             seed = seed }
end

-- An end of a flow: an address of an instance's interface.
local function inside(case, family)
    local interface = one_of(case.pick, one_of(case.pick, case.instances):interfaces())
    local v6 = (interface.Ipv6Addresses or {})[1]
    return interface.NetworkInterfaceId, family == "v4" and interface.PrivateIpAddress
        or v6 and v6.Ipv6Address
end

local function flow(case, name)
    local pick = case.pick
    local family = pick(4) == 1 and "v6" or "v4"
    local here, address = inside(case, family)
    if not address then return nil end
    local spec = { name = name, protocol = one_of(pick, PROTOCOLS), family = family,
                   port = pick(2) == 1 and 443 or 22, source_port = 40000 + pick(1000) }
    local kind = pick(3)
    if kind == 1 then
        spec.from, spec.to = here, one_of(pick, OUTSIDE[family])
    elseif kind == 2 then
        spec.from, spec.to = one_of(pick, OUTSIDE[family]), here
    else
        local other, there = inside(case, family)
        if not there or other == here then return nil end
        spec.from, spec.to = here, other
    end
    if spec.protocol == "icmp" then spec.port, spec.source_port = nil, nil end
    spec.activity = pick(4) == 1 and "dormant" or { every = one_of(pick, EVERY) }
    return spec
end

-- Adds flows to an engine; those that make no sense are left out.
function random.flows(case, engine)
    for n = 1, 12 do
        local spec = flow(case, "f" .. n)
        if spec then pcall(engine.add, engine, spec) end
    end
end

-- Arguments of isolate-sg, as the host would resolve them.
function random.arguments(case)
    local pick = case.pick
    local args = { instance = case.target.id, mode = "new", evidence = pick(2) == 1,
                   convert = one_of(pick, { "auto", "always", "always", "never" }),
                   settle = one_of(pick, { 0, 2, 5, 5 }) }
    if pick(5) == 1 then args.forensics = "203.0.113.0/24" end
    if pick(6) == 1 then
        args.final = case.vpc:group { name = "prepared final", egress = {} }.id
        args.forensics = nil
    elseif pick(6) == 1 then
        args.mode, args.forensics = "prepared", nil
        args.step1 = case.vpc:group { name = "step1", ingress = { "all 0.0.0.0/0", "all ::/0" },
                                      egress = { "all 0.0.0.0/0", "all ::/0" } }.id
        args.step2 = case.vpc:group { name = "step2", egress = {} }.id
    end
    return args
end

local OPERATIONS = { "create_security_group", "authorize_security_group_*",
                     "revoke_security_group_*", "modify_network_interface_attribute", "create_tags", "delete_security_group",
                     "describe_network_interfaces", "describe_security_groups", "*" }

-- One fault, for the world's faults.
function random.fault(pick)
    local fault = { operation = one_of(pick, OPERATIONS), nth = pick(6) }
    local kind = pick(7)
    if kind == 1 then fault.deny = true
    elseif kind == 2 then fault.code = "RequestLimitExceeded"
    elseif kind == 3 then fault.code = "InternalError"
    elseif kind == 4 then fault.timeout = "before"
    elseif kind == 5 then fault.timeout = "after"
    elseif kind == 6 then fault.latency = pick(30)
    else fault.stale, fault.nth = pick(4), nil end
    return fault
end

return random
