-- sim_elbv2.lua - Elastic Load Balancing v2: load balancers, target groups and their targets.
--
-- Owns: the checks of requests and the answers. Codes and words are those of the API's own
-- exceptions (botocore's elbv2 model: LoadBalancerNotFoundException has the code
-- LoadBalancerNotFound, and so on).
local errors = require "sim_errors"
local pages = require "sim_pages"
local sim_world = require "sim_world"
local targets = require "sim_targets"
local values = require "sim_values"

local elbv2 = { operations = {} }
local operations = elbv2.operations

local PAGE = 400

local function need(params, name)
    if params[name] == nil or params[name] == "" then
        errors.raise("ValidationError", "%s must be specified", name)
    end
end

local function target_group(world, arn)
    local group = world.resources.TargetGroups[arn]
    if not group then
        errors.raise("TargetGroupNotFound", "One or more target groups not found")
    end
    return group
end

-- The resources of a kind that a request names by ARN or by name; all when it names none.
local function selected(world, kind, by, not_found)
    local list, found = {}, 0
    local wanted = #(by.arns or {}) + #(by.names or {})
    for _, arn in ipairs(sim_world.all_ids(world, kind)) do
        local one = world.resources[kind][arn]
        local is_named = values.contains(by.arns, arn)
            or values.contains(by.names, one[by.name_member])
        if wanted == 0 or is_named then list[#list + 1] = one end
        if is_named then found = found + 1 end
    end
    if found < wanted then errors.raise(not_found[1], not_found[2]) end
    return list
end

local function page(operation, list, params)
    return pages.page(operation, list, params.Marker, params.PageSize or PAGE, "ValidationError")
end

function operations.describe_load_balancers(world, params)
    local list = selected(world, "LoadBalancers", {
        arns = params.LoadBalancerArns, names = params.Names, name_member = "LoadBalancerName" },
        { "LoadBalancerNotFound", "One or more load balancers not found" })
    local shown, marker = page("balancers", list, params)
    return { LoadBalancers = shown, NextMarker = marker }
end

local function shown_group(group)
    return values.with(group, { Targets = values.NONE })
end

function operations.describe_target_groups(world, params)
    local list, shown = selected(world, "TargetGroups", {
        arns = params.TargetGroupArns, names = params.Names, name_member = "TargetGroupName" },
        { "TargetGroupNotFound", "One or more target groups not found" }), {}
    local balancer = params.LoadBalancerArn
    if balancer and not world.resources.LoadBalancers[balancer] then
        errors.raise("LoadBalancerNotFound", "Load balancer '%s' not found", balancer)
    end
    for _, group in ipairs(list) do
        if not balancer or values.contains(group.LoadBalancerArns, balancer) then
            shown[#shown + 1] = shown_group(group)
        end
    end
    local wanted, marker = page("groups", shown, params)
    return { TargetGroups = wanted, NextMarker = marker }
end

function operations.describe_target_health(world, params)
    need(params, "TargetGroupArn")
    local group, list = target_group(world, params.TargetGroupArn), {}
    local asked = params.Targets and #params.Targets > 0 and params.Targets
        or targets.shown(world, group)
    for i, target in ipairs(asked) do
        list[i] = { Target = targets.completed(group, target),
                    HealthCheckPort = tostring(target.Port or group.Port),
                    TargetHealth = targets.health(world, group, target) }
    end
    return { TargetHealthDescriptions = list }
end

local function check_target(world, group, target)
    if group.TargetType ~= "instance" then return end
    local instance = world.resources.Instances[target.Id]
    if not instance or instance.VpcId ~= group.VpcId then
        errors.raise("InvalidTarget", "The following targets are not in the target group VPC "
                     .. "'%s': '%s'", group.VpcId, tostring(target.Id))
    elseif instance.State.Name ~= "running" then
        errors.raise("InvalidTarget", "The following targets are not in a running state and "
                     .. "cannot be registered: '%s'", target.Id)
    end
end

local function asked_targets(params)
    need(params, "TargetGroupArn")
    if #(params.Targets or {}) == 0 then
        errors.raise("ValidationError", "Targets must be specified")
    end
    return params.Targets
end

function operations.register_targets(world, params)
    local list, group = asked_targets(params), target_group(world, params.TargetGroupArn)
    for _, target in ipairs(list) do check_target(world, group, target) end
    for _, target in ipairs(list) do
        targets.register(world, group.TargetGroupArn, target)
    end
    return {}
end

-- Without a port: wherever that target is registered. One that is not registered is no error, as
-- the API's reference says.
function operations.deregister_targets(world, params)
    local list, arn = asked_targets(params), params.TargetGroupArn
    for _, target in ipairs(list) do
        for _, member in ipairs(target_group(world, arn).Targets) do
            if member.Id == target.Id and (not target.Port or target.Port == member.Port) then
                targets.deregister(world, arn, member)
            end
        end
    end
    return {}
end

return elbv2
