-- flow_automatic.lua - flows that AWS tracks whatever the rules say.
--
-- Owns: the documented list of them: by the way a flow takes, and by what the interface at its
-- other end belongs to. Gateway Load Balancers and transit gateways are "maybe": older editions
-- of AWS's documentation list them. Pure.
local automatic = {}

local BY_WAY = {
    nat = { "yes", "flows through the NAT gateway %s are always tracked" },
    ["egress-only"] = { "yes", "flows through the egress-only gateway %s are always tracked" },
    firewall = { "yes", "flows through the Network Firewall endpoint %s are always tracked" },
    ["load-balancer"] = { "yes",
                          "flows through the load balancer interface %s are always tracked" },
    inspection = { "maybe", "AWS does not say whether flows through the Gateway Load Balancer "
                   .. "endpoint %s are always tracked" },
    transit = { "maybe", "AWS does not say whether flows through the transit gateway %s are "
                .. "always tracked" },
}

local BY_INTERFACE = {
    network_load_balancer = { "yes", "a Network Load Balancer" },
    vpc_endpoint = { "yes", "an interface endpoint" },
    global_accelerator_managed = { "yes", "Global Accelerator" },
    lambda = { "yes", "Lambda" },
    nat_gateway = { "yes", "a NAT gateway" },
    gateway_load_balancer = { "maybe", "a Gateway Load Balancer" },
    gateway_load_balancer_endpoint = { "maybe", "a Gateway Load Balancer endpoint" },
    transit_gateway = { "maybe", "a transit gateway" },
}

-- Requester-managed interfaces of older kinds say in their description whose they are.
local BY_DESCRIPTION = {
    { "^ELB net/", "network_load_balancer" },
    { "^VPC Endpoint Interface", "vpc_endpoint" },
    { "^AWS Lambda VPC ENI", "lambda" },
    { "^Interface for NAT Gateway", "nat_gateway" },
}

-- What an interface belongs to: its InterfaceType, or what its description says.
function automatic.kind(interface)
    if interface.kind ~= "interface" then return interface.kind end
    for _, known in ipairs(BY_DESCRIPTION) do
        if interface.description:find(known[1]) then return known[2] end
    end
    return "interface"
end

local function by_interface(interface)
    local known = interface and BY_INTERFACE[automatic.kind(interface)]
    if not known then return "no" end
    local text = known[1] == "yes" and "%s belongs to %s: its flows are always tracked"
        or "%s belongs to %s: AWS does not say whether its flows are always tracked"
    return known[1], text:format(interface.id, known[2])
end

local function by_way(way)
    if way.kind == "gateway-endpoint" and (way.service or ""):find("%.dynamodb$") then
        return "yes", ("flows to DynamoDB through %s are always tracked"):format(way.id)
    end
    local known = BY_WAY[way.kind]
    if not known then return "no" end
    return known[1], known[2]:format(way.id or "")
end

-- Is a flow tracked whatever the rules of this interface say? "yes", "no", "maybe", and why.
function automatic.judge(way, own, remote)
    local best, why = by_way(way)
    for _, interface in ipairs { own or false, remote or false } do
        local answer, reason = by_interface(interface or nil)
        if answer == "yes" or (answer == "maybe" and best == "no") then
            if best ~= "yes" then best, why = answer, reason end
        end
    end
    return best, why
end

return automatic
