-- snapshot.lua - which reads make a copy of a VPC, and what that copy can answer.
--
-- Owns: the list of describe operations that are read of each VPC involved, following their
-- pages, and the judgement whether a read can be answered from the copy alone. A kind that
-- could not be read (a denied permission) answers nothing. It never calls out: the host makes
-- the reads.
local calls = require "calls"

local snapshot = {}
snapshot.__index = snapshot

-- operation -> the kind it describes, its ids parameter, the filter that names the VPC.
local PER_VPC = {
    describe_instances = { "Instances", "InstanceIds", "vpc-id", pages = true },
    describe_network_interfaces = { "NetworkInterfaces", "NetworkInterfaceIds", "vpc-id", pages = true },
    describe_security_groups = { "SecurityGroups", "GroupIds", "vpc-id", pages = true },
    describe_network_acls = { "NetworkAcls", "NetworkAclIds", "vpc-id" },
    describe_route_tables = { "RouteTables", "RouteTableIds", "vpc-id" },
    describe_subnets = { "Subnets", "SubnetIds", "vpc-id" },
    describe_vpcs = { "Vpcs", "VpcIds", "vpc-id" },
    describe_internet_gateways = { "InternetGateways", "InternetGatewayIds", "attachment.vpc-id" },
    describe_nat_gateways = { "NatGateways", "NatGatewayIds", "vpc-id", filters = "Filter" },
    describe_vpc_endpoints = { "VpcEndpoints", "VpcEndpointIds", "vpc-id" },
    describe_transit_gateway_vpc_attachments = { "TransitGatewayVpcAttachments",
                                                 "TransitGatewayAttachmentIds", "vpc-id" },
}

-- Read once, whatever the VPC: they are few, and have no filter that serves.
local ONCE = {
    describe_vpc_peering_connections = { "VpcPeeringConnections", "VpcPeeringConnectionIds" },
    describe_egress_only_internet_gateways = { "EgressOnlyInternetGateways",
                                               "EgressOnlyInternetGatewayIds" },
}

-- What a world to drill on has besides; read of the whole Region, since no filter names a VPC.
-- Operation -> the largest page, false when it has none.
local OF_REGION = {
    describe_security_group_rules = 1000, describe_volumes = 500, describe_addresses = false,
    describe_iam_instance_profile_associations = 1000, describe_managed_prefix_lists = 100,
    describe_prefix_lists = 1000,
}

-- Groups that are asked for by their ids at once.
local GROUPS_AT_ONCE = 200

-- Filters that keep a read inside one VPC when they name resources of it, by their kind.
local INSIDE = {
    ["attachment.instance-id"] = "Instances", ["instance-id"] = "Instances",
    ["subnet-id"] = "Subnets", ["association.subnet-id"] = "Subnets",
    ["network-interface-id"] = "NetworkInterfaces",
}

-- `world(kind)` gives the resources of a kind by id.
function snapshot.new(resources)
    return setmetatable({ resources = resources, asked = {}, read = {}, vpcs = {}, wanted = {} },
                        snapshot)
end

local function filters_of(row, name, value)
    return row.filters or "Filters", { calls.filter(name, value) }
end

local function want(self, key, call)
    if self.asked[key] then return end
    self.asked[key] = true
    call.snapshot = key
    self.wanted[#self.wanted + 1] = call
end

local function want_vpc(self, vpc)
    for _, operation in ipairs(calls.sorted_keys(PER_VPC)) do
        local row = PER_VPC[operation]
        local member, filters = filters_of(row, row[3], vpc)
        local params = { [member] = filters }
        if row.pages then params.MaxResults = 1000 end
        want(self, operation .. " " .. vpc, calls.ec2(operation, params))
    end
    for _, operation in ipairs(calls.sorted_keys(ONCE)) do
        want(self, operation, calls.ec2(operation, {}))
    end
end

-- The VPCs of the instances and groups seen so far are involved.
local function involve(self)
    for _, kind in ipairs { "Instances", "NetworkInterfaces", "SecurityGroups", "Subnets" } do
        for _, resource in pairs(self.resources(kind)) do
            local vpc = resource.VpcId
            if vpc and not self.vpcs[vpc] and not self.closed then
                self.vpcs[vpc] = true
                want_vpc(self, vpc)
            end
        end
    end
end

-- All of this VPC, and of no other.
function snapshot:want_whole(vpc)
    self.vpcs[vpc], self.closed = true, true
    want_vpc(self, vpc)
    for _, operation in ipairs(calls.sorted_keys(OF_REGION)) do
        want(self, operation, calls.ec2(operation, { MaxResults = OF_REGION[operation] or nil }))
    end
    return true
end

-- An interface may carry groups of another VPC: they are read by their ids, once the interfaces
-- are known.
local function want_foreign_groups(self)
    local groups, lost = self.resources("SecurityGroups"), {}
    for _, interface in pairs(self.resources("NetworkInterfaces")) do
        for _, group in ipairs(interface.Groups or {}) do
            if not groups[group.GroupId] then lost[group.GroupId] = true end
        end
    end
    local ids = calls.sorted_keys(lost)
    for first = 1, #ids, GROUPS_AT_ONCE do
        local some = table.move(ids, first, math.min(first + GROUPS_AT_ONCE - 1, #ids), 1, {})
        want(self, "describe_security_groups by ids " .. first,
             calls.ec2("describe_security_groups", { GroupIds = some }))
    end
end

-- The reads to make now; an empty list when the copy is complete. Call it again after their
-- results were seen.
function snapshot:wants()
    involve(self)
    self.closed = true
    if #self.wanted == 0 and not self.looked_for_groups and next(self.vpcs) then
        self.looked_for_groups = true
        want_foreign_groups(self)
    end
    local list = self.wanted
    self.wanted = {}
    return list
end

-- A read of the list was answered. Its next page is wanted, if there is one.
function snapshot:seen(call, result)
    if not call.snapshot then return end
    if not result.NextToken or result.NextToken == "" then
        self.read[call.snapshot] = true
        return
    end
    local params = {}
    for key, value in pairs(call.params) do params[key] = value end
    params.NextToken = result.NextToken
    self.wanted[#self.wanted + 1] = { service = call.service, operation = call.operation,
                                      params = params, snapshot = call.snapshot }
end

local function all_known(self, kind, ids)
    local resources = self.resources(kind)
    for _, id in ipairs(ids) do
        if not resources[id] then return false end
    end
    return #ids > 0
end

-- Was the operation read of every VPC that these resources are in?
local function was_read_of(self, operation, kind, ids)
    local resources = self.resources(kind)
    for _, id in ipairs(ids) do
        local vpc = resources[id] and resources[id].VpcId
        if not vpc or not self.read[operation .. " " .. vpc] then return false end
    end
    return #ids > 0
end

local function is_covered_filter(self, operation, row, filter)
    local values = filter.Values or {}
    if filter.Name == row[3] then
        for _, vpc in ipairs(values) do
            if not self.read[operation .. " " .. vpc] then return false end
        end
        return #values > 0
    end
    local kind = INSIDE[filter.Name]
    return kind ~= nil and was_read_of(self, operation, kind, values)
end

-- Can this read be answered from the copy, as AWS would have answered it a moment ago?
function snapshot:covers(call)
    local row = call.service == "ec2" and (PER_VPC[call.operation] or ONCE[call.operation])
    if not row then return false end
    local ids = call.params[row[2]]
    if ids and #ids > 0 then return all_known(self, row[1], ids) end
    if ONCE[call.operation] then return self.read[call.operation] or false end
    for _, filter in ipairs(call.params[row.filters or "Filters"] or {}) do
        if is_covered_filter(self, call.operation, row, filter) then return true end
    end
    return false
end

-- What could not be read, as texts.
function snapshot:missing()
    local list = {}
    for _, key in ipairs(calls.sorted_keys(self.asked)) do
        if not self.read[key] then list[#list + 1] = key end
    end
    return list
end

return snapshot
