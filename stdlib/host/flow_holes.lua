-- flow_holes.lua - what neither groups nor NACLs filter.
--
-- Owns: the documented list of these holes: the VPC's resolver, instance metadata, DHCP, time
-- sync, ECS task metadata, Windows activation, the router's reserved addresses. Pure.
local address = require "flow_address"

local holes = {}

local FIXED = {
    { "169.254.169.253", "DNS to the VPC's resolver" },
    { "fd00:ec2::253", "DNS to the VPC's resolver" },
    { "169.254.169.254", "instance metadata" },
    { "fd00:ec2::254", "instance metadata" },
    { "169.254.169.123", "time sync" },
    { "fd00:ec2::123", "time sync" },
    { "169.254.170.2", "ECS task metadata" },
    { "169.254.169.250", "Windows activation" },
    { "169.254.169.251", "Windows activation" },
    { "fd00:ec2::250", "Windows activation" },
    { "fd00:ec2::251", "Windows activation" },
}
local BY_ADDRESS = {}
for _, hole in ipairs(FIXED) do
    local one = address.address(hole[1])
    BY_ADDRESS[one.hi .. " " .. one.lo] = hole[2]
end

local RESOLVER_OFFSET, ROUTER_OFFSET = 2, 1
local DHCP = { [67] = true, [68] = true, [546] = true, [547] = true }

local function is_resolver(view, interface, one)
    local raw = view:raw("Vpcs", interface.vpc)
    local network = raw and raw.CidrBlock and address.network(raw.CidrBlock)
    return network and address.is_at(network, RESOLVER_OFFSET, one)
end

local function is_router(view, interface, one)
    local raw = view:subnet(interface.subnet)
    local network = raw and raw.CidrBlock and address.network(raw.CidrBlock)
    return network and address.is_at(network, ROUTER_OFFSET, one)
end

-- What an interface's traffic to an address is that nothing filters, in words; nil when it is
-- filtered. `port` may be nil.
function holes.find(view, interface, one, protocol, port)
    local fixed = BY_ADDRESS[one.hi .. " " .. one.lo]
    if fixed then return fixed end
    if is_resolver(view, interface, one) then return "DNS to the VPC's resolver" end
    if is_router(view, interface, one) then
        if protocol == "udp" and DHCP[port] then return "DHCP" end
        return "the VPC router's reserved address"
    end
    return nil
end

-- The classes, in words, for a forecast.
function holes.list()
    return { "DNS to the VPC's resolver, so DNS tunnels too", "instance metadata", "DHCP",
             "time sync", "ECS task metadata", "Windows activation",
             "the VPC router's reserved addresses" }
end

return holes
