-- sim_filter_paths.lua - where each documented filter finds its values, as data.
--
-- Owns: per kind, filter name -> path in the resource. Lists on the way are walked through;
-- "A|B" takes both paths; "@name" is computed (sim_filters.lua). "tag:KEY" and "tag-key" are
-- known for every kind that has tags. Filters in INDEXED have an index in the world.
local paths = {}

-- "name = path" lines, read when the kind is first filtered.
local function filters(text)
    return setmetatable({}, {
        __index = function(map, wanted)
            setmetatable(map, nil)
            for name, path in text:gmatch("([%w%-%.:]+) = (%S+)") do map[name] = path end
            return map[wanted]
        end,
    })
end

paths.Instances = filters [[
    affinity = Placement.Affinity            architecture = Architecture
    availability-zone = Placement.AvailabilityZone
    block-device-mapping.delete-on-termination = BlockDeviceMappings.Ebs.DeleteOnTermination
    block-device-mapping.device-name = BlockDeviceMappings.DeviceName
    block-device-mapping.status = BlockDeviceMappings.Ebs.Status
    block-device-mapping.volume-id = BlockDeviceMappings.Ebs.VolumeId
    client-token = ClientToken               dns-name = PublicDnsName
    hypervisor = Hypervisor                  iam-instance-profile.arn = IamInstanceProfile.Arn
    iam-instance-profile.id = IamInstanceProfile.Id
    image-id = ImageId                       instance-id = InstanceId
    instance-lifecycle = InstanceLifecycle   instance-state-code = State.Code
    instance-state-name = State.Name         instance-type = InstanceType
    instance.group-id = SecurityGroups.GroupId
    instance.group-name = SecurityGroups.GroupName
    ip-address = PublicIpAddress
    ipv6-address = NetworkInterfaces.Ipv6Addresses.Ipv6Address
    kernel-id = KernelId                     key-name = KeyName
    launch-index = AmiLaunchIndex            launch-time = LaunchTime
    metadata-options.http-tokens = MetadataOptions.HttpTokens
    metadata-options.http-endpoint = MetadataOptions.HttpEndpoint
    monitoring-state = Monitoring.State
    network-interface.addresses.association.public-ip = NetworkInterfaces.PrivateIpAddresses.Association.PublicIp
    network-interface.addresses.primary = NetworkInterfaces.PrivateIpAddresses.Primary
    network-interface.addresses.private-ip-address = NetworkInterfaces.PrivateIpAddresses.PrivateIpAddress
    network-interface.association.ip-owner-id = NetworkInterfaces.Association.IpOwnerId
    network-interface.association.public-ip = NetworkInterfaces.Association.PublicIp
    network-interface.attachment.attachment-id = NetworkInterfaces.Attachment.AttachmentId
    network-interface.attachment.device-index = NetworkInterfaces.Attachment.DeviceIndex
    network-interface.attachment.status = NetworkInterfaces.Attachment.Status
    network-interface.description = NetworkInterfaces.Description
    network-interface.group-id = NetworkInterfaces.Groups.GroupId
    network-interface.group-name = NetworkInterfaces.Groups.GroupName
    network-interface.ipv6-addresses.ipv6-address = NetworkInterfaces.Ipv6Addresses.Ipv6Address
    network-interface.mac-address = NetworkInterfaces.MacAddress
    network-interface.network-interface-id = NetworkInterfaces.NetworkInterfaceId
    network-interface.owner-id = NetworkInterfaces.OwnerId
    network-interface.private-dns-name = NetworkInterfaces.PrivateDnsName
    network-interface.status = NetworkInterfaces.Status
    network-interface.subnet-id = NetworkInterfaces.SubnetId
    network-interface.vpc-id = NetworkInterfaces.VpcId
    owner-id = @account                      platform = Platform
    private-dns-name = PrivateDnsName        private-ip-address = PrivateIpAddress
    product-code = ProductCodes.ProductCodeId  ramdisk-id = RamdiskId
    reason = StateTransitionReason           reservation-id = ReservationId
    root-device-name = RootDeviceName        root-device-type = RootDeviceType
    source-dest-check = SourceDestCheck      spot-instance-request-id = SpotInstanceRequestId
    state-reason-code = StateReason.Code     subnet-id = SubnetId
    tenancy = Placement.Tenancy              virtualization-type = VirtualizationType
    vpc-id = VpcId
]]

paths.NetworkInterfaces = filters [[
    addresses.association.owner-id = PrivateIpAddresses.Association.IpOwnerId
    addresses.association.public-ip = PrivateIpAddresses.Association.PublicIp
    addresses.primary = PrivateIpAddresses.Primary
    addresses.private-ip-address = PrivateIpAddresses.PrivateIpAddress
    association.allocation-id = Association.AllocationId
    association.association-id = Association.AssociationId
    association.ip-owner-id = Association.IpOwnerId
    association.public-dns-name = Association.PublicDnsName
    association.public-ip = Association.PublicIp
    attachment.attach-time = Attachment.AttachTime
    attachment.attachment-id = Attachment.AttachmentId
    attachment.delete-on-termination = Attachment.DeleteOnTermination
    attachment.device-index = Attachment.DeviceIndex
    attachment.instance-id = Attachment.InstanceId
    attachment.instance-owner-id = Attachment.InstanceOwnerId
    attachment.status = Attachment.Status    availability-zone = AvailabilityZone
    description = Description                group-id = Groups.GroupId
    group-name = Groups.GroupName            interface-type = InterfaceType
    ipv6-addresses.ipv6-address = Ipv6Addresses.Ipv6Address
    mac-address = MacAddress                 network-interface-id = NetworkInterfaceId
    owner-id = OwnerId                       private-dns-name = PrivateDnsName
    private-ip-address = PrivateIpAddress    requester-id = RequesterId
    requester-managed = RequesterManaged     source-dest-check = SourceDestCheck
    status = Status                          subnet-id = SubnetId
    vpc-id = VpcId
]]

paths.SecurityGroups = filters [[
    description = Description                group-id = GroupId
    group-name = GroupName                   owner-id = OwnerId
    vpc-id = VpcId
    ip-permission.cidr = IpPermissions.IpRanges.CidrIp
    ip-permission.from-port = IpPermissions.FromPort
    ip-permission.group-id = IpPermissions.UserIdGroupPairs.GroupId
    ip-permission.group-name = IpPermissions.UserIdGroupPairs.GroupName
    ip-permission.ipv6-cidr = IpPermissions.Ipv6Ranges.CidrIpv6
    ip-permission.prefix-list-id = IpPermissions.PrefixListIds.PrefixListId
    ip-permission.protocol = IpPermissions.IpProtocol
    ip-permission.to-port = IpPermissions.ToPort
    ip-permission.user-id = IpPermissions.UserIdGroupPairs.UserId
    egress.ip-permission.cidr = IpPermissionsEgress.IpRanges.CidrIp
    egress.ip-permission.from-port = IpPermissionsEgress.FromPort
    egress.ip-permission.group-id = IpPermissionsEgress.UserIdGroupPairs.GroupId
    egress.ip-permission.group-name = IpPermissionsEgress.UserIdGroupPairs.GroupName
    egress.ip-permission.ipv6-cidr = IpPermissionsEgress.Ipv6Ranges.CidrIpv6
    egress.ip-permission.prefix-list-id = IpPermissionsEgress.PrefixListIds.PrefixListId
    egress.ip-permission.protocol = IpPermissionsEgress.IpProtocol
    egress.ip-permission.to-port = IpPermissionsEgress.ToPort
    egress.ip-permission.user-id = IpPermissionsEgress.UserIdGroupPairs.UserId
]]

paths.SecurityGroupRules = filters [[
    group-id = GroupId                       security-group-rule-id = SecurityGroupRuleId
]]

paths.SecurityGroupVpcAssociations = filters [[
    group-id = GroupId                       vpc-id = VpcId
    vpc-owner-id = VpcOwnerId                state = State
    group-owner-id = GroupOwnerId
]]

paths.NetworkAcls = filters [[
    association.association-id = Associations.NetworkAclAssociationId
    association.network-acl-id = Associations.NetworkAclId
    association.subnet-id = Associations.SubnetId
    default = IsDefault                      entry.cidr = Entries.CidrBlock
    entry.icmp.code = Entries.IcmpTypeCode.Code  entry.icmp.type = Entries.IcmpTypeCode.Type
    entry.ipv6-cidr = Entries.Ipv6CidrBlock  entry.port-range.from = Entries.PortRange.From
    entry.port-range.to = Entries.PortRange.To   entry.protocol = Entries.Protocol
    entry.rule-action = Entries.RuleAction   entry.egress = Entries.Egress
    entry.rule-number = Entries.RuleNumber   network-acl-id = NetworkAclId
    owner-id = OwnerId                       vpc-id = VpcId
]]

paths.RouteTables = filters [[
    association.gateway-id = Associations.GatewayId
    association.main = Associations.Main
    association.route-table-association-id = Associations.RouteTableAssociationId
    association.route-table-id = Associations.RouteTableId
    association.subnet-id = Associations.SubnetId
    owner-id = OwnerId                       route-table-id = RouteTableId
    route.destination-cidr-block = Routes.DestinationCidrBlock
    route.destination-ipv6-cidr-block = Routes.DestinationIpv6CidrBlock
    route.destination-prefix-list-id = Routes.DestinationPrefixListId
    route.egress-only-internet-gateway-id = Routes.EgressOnlyInternetGatewayId
    route.gateway-id = Routes.GatewayId      route.instance-id = Routes.InstanceId
    route.nat-gateway-id = Routes.NatGatewayId   route.origin = Routes.Origin
    route.state = Routes.State               route.transit-gateway-id = Routes.TransitGatewayId
    route.vpc-peering-connection-id = Routes.VpcPeeringConnectionId
    vpc-id = VpcId
]]

paths.Subnets = filters [[
    availability-zone = AvailabilityZone     availabilityZone = AvailabilityZone
    availability-zone-id = AvailabilityZoneId  availabilityZoneId = AvailabilityZoneId
    available-ip-address-count = AvailableIpAddressCount
    cidr-block = CidrBlock                   cidr = CidrBlock
    cidrBlock = CidrBlock                    default-for-az = DefaultForAz
    defaultForAz = DefaultForAz
    ipv6-cidr-block-association.ipv6-cidr-block = Ipv6CidrBlockAssociationSet.Ipv6CidrBlock
    ipv6-cidr-block-association.association-id = Ipv6CidrBlockAssociationSet.AssociationId
    ipv6-cidr-block-association.state = Ipv6CidrBlockAssociationSet.Ipv6CidrBlockState.State
    ipv6-native = Ipv6Native                 map-public-ip-on-launch = MapPublicIpOnLaunch
    owner-id = OwnerId                       state = State
    subnet-arn = SubnetArn                   subnet-id = SubnetId
    vpc-id = VpcId
]]

paths.Vpcs = filters [[
    cidr = CidrBlock
    cidr-block-association.cidr-block = CidrBlockAssociationSet.CidrBlock
    cidr-block-association.association-id = CidrBlockAssociationSet.AssociationId
    cidr-block-association.state = CidrBlockAssociationSet.CidrBlockState.State
    dhcp-options-id = DhcpOptionsId          is-default = IsDefault
    isDefault = IsDefault
    ipv6-cidr-block-association.ipv6-cidr-block = Ipv6CidrBlockAssociationSet.Ipv6CidrBlock
    ipv6-cidr-block-association.association-id = Ipv6CidrBlockAssociationSet.AssociationId
    ipv6-cidr-block-association.state = Ipv6CidrBlockAssociationSet.Ipv6CidrBlockState.State
    owner-id = OwnerId                       state = State
    vpc-id = VpcId
]]

paths.InternetGateways = filters [[
    attachment.state = Attachments.State     attachment.vpc-id = Attachments.VpcId
    internet-gateway-id = InternetGatewayId  owner-id = OwnerId
]]

paths.EgressOnlyInternetGateways = {}

paths.NatGateways = filters [[
    nat-gateway-id = NatGatewayId            state = State
    subnet-id = SubnetId                     vpc-id = VpcId
]]

paths.VpcEndpoints = filters [[
    service-name = ServiceName               vpc-endpoint-id = VpcEndpointId
    vpc-endpoint-state = State               vpc-endpoint-type = VpcEndpointType
    vpc-id = VpcId                           ip-address-type = IpAddressType
]]

paths.VpcPeeringConnections = filters [[
    accepter-vpc-info.cidr-block = AccepterVpcInfo.CidrBlock
    accepter-vpc-info.owner-id = AccepterVpcInfo.OwnerId
    accepter-vpc-info.vpc-id = AccepterVpcInfo.VpcId
    expiration-time = ExpirationTime
    requester-vpc-info.cidr-block = RequesterVpcInfo.CidrBlock
    requester-vpc-info.owner-id = RequesterVpcInfo.OwnerId
    requester-vpc-info.vpc-id = RequesterVpcInfo.VpcId
    status-code = Status.Code                status-message = Status.Message
    vpc-peering-connection-id = VpcPeeringConnectionId
]]

paths.TransitGatewayVpcAttachments = filters [[
    state = State                            vpc-id = VpcId
    transit-gateway-attachment-id = TransitGatewayAttachmentId
    transit-gateway-id = TransitGatewayId
]]

paths.Addresses = filters [[
    allocation-id = AllocationId             association-id = AssociationId
    instance-id = InstanceId                 network-border-group = NetworkBorderGroup
    network-interface-id = NetworkInterfaceId
    network-interface-owner-id = NetworkInterfaceOwnerId
    private-ip-address = PrivateIpAddress    public-ip = PublicIp
    domain = Domain
]]

paths.Volumes = filters [[
    attachment.attach-time = Attachments.AttachTime
    attachment.delete-on-termination = Attachments.DeleteOnTermination
    attachment.device = Attachments.Device   attachment.instance-id = Attachments.InstanceId
    attachment.status = Attachments.State    availability-zone = AvailabilityZone
    create-time = CreateTime                 encrypted = Encrypted
    multi-attach-enabled = MultiAttachEnabled  size = Size
    snapshot-id = SnapshotId                 status = State
    volume-id = VolumeId                     volume-type = VolumeType
]]

paths.Snapshots = filters [[
    description = Description                encrypted = Encrypted
    owner-alias = OwnerAlias                 owner-id = OwnerId
    progress = Progress                      snapshot-id = SnapshotId
    start-time = StartTime                   status = State
    storage-tier = StorageTier               volume-id = VolumeId
    volume-size = VolumeSize
]]

paths.IamInstanceProfileAssociations = filters [[
    instance-id = InstanceId                 state = State
]]

paths.ManagedPrefixLists = filters [[
    owner-id = OwnerId                       prefix-list-id = PrefixListId
    prefix-list-name = PrefixListName
]]

paths.PrefixLists = filters [[
    prefix-list-id = PrefixListId            prefix-list-name = PrefixListName
]]

paths.FlowLogs = filters [[
    deliver-log-status = DeliverLogsStatus   flow-log-id = FlowLogId
    log-destination-type = LogDestinationType  log-group-name = LogGroupName
    resource-id = ResourceId                 traffic-type = TrafficType
]]

-- Which filters have an index, per kind; lookups elsewhere use them too.
paths.INDEXED = {
    Instances = { "vpc-id", "subnet-id", "tag:Name", "network-interface.network-interface-id" },
    NetworkInterfaces = { "group-id", "subnet-id", "vpc-id", "attachment.instance-id",
                          "attachment.attachment-id", "private-ip-address",
                          "association.public-ip" },
    SecurityGroups = { "vpc-id" },
    SecurityGroupRules = { "group-id" },
    SecurityGroupVpcAssociations = { "group-id" },
    NetworkAcls = { "vpc-id", "association.subnet-id", "association.association-id" },
    RouteTables = { "vpc-id", "association.subnet-id",
                    "association.route-table-association-id" },
    Subnets = { "vpc-id" },
    InternetGateways = { "attachment.vpc-id" },
    NatGateways = { "vpc-id", "subnet-id" },
    VpcEndpoints = { "vpc-id" },
    Addresses = { "association-id", "public-ip", "network-interface-id", "instance-id" },
    Volumes = { "attachment.instance-id" },
    Snapshots = { "volume-id" },
    IamInstanceProfileAssociations = { "instance-id" },
}

-- Indices that no filter asks for.
paths.INDEXED_ONLY = {
    SecurityGroupRules = { ["referenced-group"] = "ReferencedGroupInfo.GroupId" },
    EgressOnlyInternetGateways = { ["vpc"] = "Attachments.VpcId" },
    RouteTables = { ["target"] = "Routes.GatewayId|Routes.NatGatewayId|Routes.NetworkInterfaceId|"
        .. "Routes.EgressOnlyInternetGatewayId|Routes.VpcPeeringConnectionId" },
}

return paths
