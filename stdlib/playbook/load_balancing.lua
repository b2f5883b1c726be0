-- load_balancing.lua - taking an instance out of its load balancers' target groups.
--
-- Owns: finding where it is a target, by its id or its addresses, and deregistering it there.
-- Classic load balancers are not looked at.
local elbv2 = require "elbv2"
local network = require "instance_network"
local optional = require "optional_reads"

local load_balancing = {}

-- VPCs and addresses of its interfaces, as sets, and the id: what a target may be called.
local function names_of(id)
    local vpcs, names = {}, { [id] = true }
    for _, raw in ipairs(network.read_interfaces(id)) do
        vpcs[raw.VpcId] = true
        for _, address in ipairs(raw.PrivateIpAddresses or {}) do
            names[address.PrivateIpAddress] = true
        end
        for _, address in ipairs(raw.Ipv6Addresses or {}) do names[address.Ipv6Address] = true end
    end
    return vpcs, names
end

-- Its registrations in one group: {Id, Port}, sorted: AWS lists them in no order.
local function targets_in(arn, names)
    local result, why = optional.read(elbv2.describe_target_health, { TargetGroupArn = arn })
    if not result then return nil, why end
    local list = {}
    for _, one in ipairs(result.TargetHealthDescriptions or {}) do
        local leaving = (one.TargetHealth or {}).State == "draining"
        if names[one.Target.Id] and not leaving then
            list[#list + 1] = { Id = one.Target.Id, Port = one.Target.Port }
        end
    end
    table.sort(list, function(a, b)
        if a.Id ~= b.Id then return a.Id < b.Id end
        return (a.Port or 0) < (b.Port or 0)
    end)
    return list
end

local function groups_of(all, vpcs)
    local arns = {}
    for _, group in ipairs(all) do
        local mine = group.TargetType == "instance" or group.TargetType == "ip"
        if vpcs[group.VpcId] and mine then arns[#arns + 1] = group.TargetGroupArn end
    end
    table.sort(arns)
    return arns
end

-- Where the instance is a target: {groups = {{arn, name, targets}}, failures = {texts}}.
function load_balancing.read(id)
    local found = { groups = {}, failures = {} }
    local read = parallel({
        function() return { optional.all(elbv2, "describe_target_groups", "TargetGroups") } end,
        function() return { names_of(id) } end,
    }, function(part) return part() end)
    local all, why = read[1][1], read[1][2]
    if not all then
        found.failures[1] = "its target groups: " .. why
        return found
    end
    local vpcs, names = read[2][1], read[2][2]
    local arns = groups_of(all, vpcs)
    local lists = parallel(arns, function(arn) return { targets_in(arn, names) } end)
    for i, arn in ipairs(arns) do
        local targets, unread = lists[i][1], lists[i][2]
        if not targets then
            found.failures[#found.failures + 1] = arn .. ": " .. unread
        elseif #targets > 0 then
            found.groups[#found.groups + 1] = { arn = arn, targets = targets,
                                                name = arn:match("targetgroup/([^/]+)") or arn }
        end
    end
    return found
end

-- Leaves out the groups that Standby takes it out of: they are its Auto Scaling group's.
function load_balancing.without(found, arns)
    local left, gone = { groups = {}, failures = found.failures }, {}
    for _, arn in ipairs(arns) do gone[arn] = true end
    for _, group in ipairs(found.groups) do
        if not gone[group.arn] then left.groups[#left.groups + 1] = group end
    end
    return left
end

-- Is there anything to do, or to complain of?
function load_balancing.needed(found)
    return #found.groups > 0 or #found.failures > 0
end

-- Deregisters it, one call a group, all at once; then an error for what could not be read.
function load_balancing.deregister(found)
    local names = {}
    for i, group in ipairs(found.groups) do names[i] = group.name end
    parallel(names, function(_, i)
        elbv2.deregister_targets { TargetGroupArn = found.groups[i].arn,
                                   Targets = found.groups[i].targets }
    end)
    if #found.failures > 0 then error(table.concat(found.failures, "; "), 0) end
end

return load_balancing
