-- sim_kinds.lua - the kinds of resources in a world, as data.
--
-- Owns: for each kind its id, the describe operation that lists it, and the codes and words
-- with which EC2 refuses an id that is not there or has not its form (AWS's own spelling is
-- not regular: the codes are those of its list of error codes).
--
-- A kind: id (member), prefix, describe, list (the result's member), ids (the parameter),
-- parameter (how a message names it), missing {code, text}, malformed (code), tags (member).
local kinds = {}

local function kind(name, row)
    row.name, row.tags, row.list = name, row.tags or "Tags", row.list or name
    kinds[name] = row
end

kind("Instances", {
    id = "InstanceId", prefix = "i", type = "instance", describe = "describe_instances",
    ids = "InstanceIds", parameter = "instancesSet", malformed = "InvalidInstanceID.Malformed",
    missing = { "InvalidInstanceID.NotFound", "The instance ID '%s' does not exist",
                "The instance IDs '%s' do not exist" } })
kind("NetworkInterfaces", {
    id = "NetworkInterfaceId", prefix = "eni", type = "network-interface", tags = "TagSet",
    describe = "describe_network_interfaces", ids = "NetworkInterfaceIds",
    parameter = "networkInterfaceIdSet", malformed = "InvalidNetworkInterfaceId.Malformed",
    missing = { "InvalidNetworkInterfaceID.NotFound",
                "The networkInterface ID '%s' does not exist" } })
kind("SecurityGroups", {
    id = "GroupId", prefix = "sg", type = "security-group", describe = "describe_security_groups",
    ids = "GroupIds", parameter = "groupIdSet", malformed = "InvalidGroupId.Malformed",
    missing = { "InvalidGroup.NotFound", "The security group '%s' does not exist" } })
kind("SecurityGroupRules", {
    id = "SecurityGroupRuleId", prefix = "sgr", type = "security-group-rule",
    describe = "describe_security_group_rules", ids = "SecurityGroupRuleIds",
    parameter = "securityGroupRuleIdSet", malformed = "InvalidSecurityGroupRuleId.Malformed",
    missing = { "InvalidSecurityGroupRuleId.NotFound",
                "The security group rule ID '%s' does not exist" } })
kind("SecurityGroupVpcAssociations", {
    id = "AssociationKey", prefix = "sgvpc",
    describe = "describe_security_group_vpc_associations" })
kind("NetworkAcls", {
    id = "NetworkAclId", prefix = "acl", type = "network-acl", describe = "describe_network_acls",
    ids = "NetworkAclIds", parameter = "networkAclIdSet",
    malformed = "InvalidNetworkAclId.Malformed",
    missing = { "InvalidNetworkAclID.NotFound", "The networkAcl ID '%s' does not exist" } })
kind("RouteTables", {
    id = "RouteTableId", prefix = "rtb", type = "route-table", describe = "describe_route_tables",
    ids = "RouteTableIds", parameter = "routeTableIdSet",
    malformed = "InvalidRouteTableId.Malformed",
    most = 100,
    missing = { "InvalidRouteTableID.NotFound", "The routeTable ID '%s' does not exist" } })
kind("Subnets", {
    id = "SubnetId", prefix = "subnet", type = "subnet", describe = "describe_subnets",
    ids = "SubnetIds", parameter = "subnetSet", malformed = "InvalidSubnetID.Malformed",
    missing = { "InvalidSubnetID.NotFound", "The subnet ID '%s' does not exist" } })
kind("Vpcs", {
    id = "VpcId", prefix = "vpc", type = "vpc", describe = "describe_vpcs", ids = "VpcIds",
    parameter = "vpcSet", malformed = "InvalidVpcID.Malformed",
    missing = { "InvalidVpcID.NotFound", "The vpc ID '%s' does not exist" } })
kind("InternetGateways", {
    id = "InternetGatewayId", prefix = "igw", type = "internet-gateway",
    describe = "describe_internet_gateways", ids = "InternetGatewayIds",
    parameter = "internetGatewayIdSet", malformed = "InvalidInternetGatewayId.Malformed",
    missing = { "InvalidInternetGatewayID.NotFound",
                "The internetGateway ID '%s' does not exist" } })
kind("EgressOnlyInternetGateways", {
    id = "EgressOnlyInternetGatewayId", prefix = "eigw", type = "egress-only-internet-gateway",
    describe = "describe_egress_only_internet_gateways", ids = "EgressOnlyInternetGatewayIds",
    parameter = "egressOnlyInternetGatewayIdSet", most = 255,
    malformed = "InvalidEgressOnlyInternetGatewayId.Malformed",
    missing = { "InvalidEgressOnlyInternetGatewayId.NotFound",
                "The eigw ID '%s' does not exist" } })
kind("NatGateways", {
    id = "NatGatewayId", prefix = "nat", type = "natgateway", describe = "describe_nat_gateways",
    ids = "NatGatewayIds", parameter = "natGatewayIdSet", malformed = "NatGatewayMalformed",
    missing = { "NatGatewayNotFound", "The Nat Gateway %s was not found" } })
kind("VpcEndpoints", {
    id = "VpcEndpointId", prefix = "vpce", type = "vpc-endpoint",
    describe = "describe_vpc_endpoints",
    ids = "VpcEndpointIds", parameter = "vpcEndpointIdSet",
    malformed = "InvalidVpcEndpointId.Malformed",
    missing = { "InvalidVpcEndpointId.NotFound", "The Vpc Endpoint Id '%s' does not exist" } })
kind("VpcPeeringConnections", {
    id = "VpcPeeringConnectionId", prefix = "pcx", type = "vpc-peering-connection",
    describe = "describe_vpc_peering_connections", ids = "VpcPeeringConnectionIds",
    parameter = "vpcPeeringConnectionIdSet", malformed = "InvalidVpcPeeringConnectionId.Malformed",
    missing = { "InvalidVpcPeeringConnectionID.NotFound",
                "The vpcPeeringConnection ID '%s' does not exist" } })
kind("TransitGatewayVpcAttachments", {
    id = "TransitGatewayAttachmentId", prefix = "tgw-attach", type = "transit-gateway-attachment",
    describe = "describe_transit_gateway_vpc_attachments", ids = "TransitGatewayAttachmentIds",
    parameter = "transitGatewayAttachmentIdSet",
    malformed = "InvalidTransitGatewayAttachmentID.Malformed",
    missing = { "InvalidTransitGatewayAttachmentID.NotFound",
                "Transit Gateway Attachment %s was deleted or does not exist." } })
kind("Addresses", {
    id = "AllocationId", prefix = "eipalloc", type = "elastic-ip", describe = "describe_addresses",
    ids = "AllocationIds", malformed = "InvalidAllocationID.Malformed", pages = false,
    missing = { "InvalidAllocationID.NotFound", "The allocation ID '%s' does not exist" } })
kind("Volumes", {
    id = "VolumeId", prefix = "vol", type = "volume", describe = "describe_volumes",
    ids = "VolumeIds", parameter = "volumeSet", malformed = "InvalidVolumeID.Malformed",
    missing = { "InvalidVolume.NotFound", "The volume '%s' does not exist." } })
kind("Snapshots", {
    id = "SnapshotId", prefix = "snap", type = "snapshot", describe = "describe_snapshots",
    ids = "SnapshotIds", parameter = "snapshotSet", malformed = "InvalidSnapshotID.Malformed",
    missing = { "InvalidSnapshot.NotFound", "The snapshot '%s' does not exist." } })
kind("IamInstanceProfileAssociations", {
    id = "AssociationId", prefix = "iip-assoc",
    describe = "describe_iam_instance_profile_associations", ids = "AssociationIds",
    parameter = "associationIds", malformed = "InvalidParameterValue",
    missing = { "InvalidAssociationID.NotFound", "An invalid association-id of '%s' was given" } })
kind("ManagedPrefixLists", {
    id = "PrefixListId", prefix = "pl", type = "prefix-list",
    describe = "describe_managed_prefix_lists", ids = "PrefixListIds", list = "PrefixLists",
    parameter = "prefixListIdSet", malformed = "InvalidPrefixListId.Malformed",
    missing = { "InvalidPrefixListID.NotFound", "The prefix list ID '%s' does not exist" } })
kind("PrefixLists", {
    id = "PrefixListId", prefix = "pl", describe = "describe_prefix_lists", ids = "PrefixListIds",
    parameter = "prefixListIdSet", malformed = "InvalidPrefixListId.Malformed",
    missing = { "InvalidPrefixListID.NotFound", "The prefix list ID '%s' does not exist" } })
kind("FlowLogs", {
    id = "FlowLogId", prefix = "fl", type = "vpc-flow-log", describe = "describe_flow_logs",
    ids = "FlowLogIds", parameter = "flowLogIdSet", malformed = "InvalidFlowLogId.NotFound",
    missing = { "InvalidFlowLogId.NotFound", "The flow log ID '%s' does not exist" } })

-- What no describe operation lists, but an operation has to remember.
kind("Attributes", { id = "ResourceId", prefix = "attributes", hidden = true })
kind("ClientTokens", { id = "Key", prefix = "token", hidden = true })
kind("Queues", { id = "QueueUrl", prefix = "queue", hidden = true })

-- Other services': their operations look them up themselves.
kind("AutoScalingGroups", { id = "AutoScalingGroupName", prefix = "asg", hidden = true })
kind("ScalingSettings", { id = "AutoScalingGroupName", prefix = "asg", hidden = true })
kind("ScalingActivities", { id = "ActivityId", prefix = "activity", hidden = true })
kind("LoadBalancers", { id = "LoadBalancerArn", prefix = "lb", hidden = true })
kind("TargetGroups", { id = "TargetGroupArn", prefix = "tg", hidden = true })
kind("TargetStates", { id = "Key", prefix = "target", hidden = true })
kind("Roles", { id = "RoleName", prefix = "role", hidden = true })
kind("InstanceProfiles", { id = "InstanceProfileName", prefix = "profile", hidden = true })

local listed = {}
for name in pairs(kinds) do listed[#listed + 1] = name end
table.sort(listed)
kinds.names = listed

kinds.by_describe, kinds.by_prefix = {}, {}
for _, name in ipairs(listed) do
    local one = kinds[name]
    if one.describe then kinds.by_describe[one.describe] = one end
    if one.type then kinds.by_prefix[one.prefix] = one end
end

-- The kind of a taggable resource's id; nil when ids of that form are none.
function kinds.of_id(id)
    local prefix = type(id) == "string" and id:match("^(%l[%l%-]*)%-[^%-]*$")
    if not prefix and type(id) == "string" then prefix = id:match("^(%l[%l%-]*)%-%(planned%-") end
    return prefix and kinds.by_prefix[prefix]
end

-- "i-0123456789abcdef0", "i-12345678", and a rehearsal's "i-(planned-1)".
function kinds.well_formed(one, id)
    if type(id) ~= "string" or id:sub(1, #one.prefix + 1) ~= one.prefix .. "-" then return false end
    local tail = id:sub(#one.prefix + 2)
    if tail:find("^%(planned%-[%w%-]+%)$") then return true end
    return tail:find("^[0-9a-f]+$") ~= nil and (#tail == 8 or #tail == 17)
end

return kinds
