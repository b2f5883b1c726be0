-- cut_decision.lua - how an instance will be cut off by security groups.
--
-- Owns: choosing the groups and whether to convert, and refusing what would not isolate. All
-- that can be known before the first step is decided here; it changes nothing.
local group_rules = require "group_rules"
local paths = require "network_paths"

local decision = {}

local DEFAULT_SETTLE = 5
local LONGEST_SETTLE = 300

local function refuse(text, ...)
    error(text:format(...), 0)
end

local function check_options(options)
    local mode = options.mode or "new"
    if mode == "prepared" then
        if options.final then
            refuse("mode=prepared ends on step2: leave out final=%s", options.final)
        end
        if not options.step2 then refuse("mode=prepared needs step2=, a group without rules") end
        if not options.step1 and options.convert ~= "never" then
            refuse("mode=prepared needs step1=, a group that lets everything through; "
                   .. "or convert=never")
        end
        if options.step1 == options.step2 then refuse("step1 and step2 are the same group") end
    elseif options.step1 or options.step2 then
        refuse("step1= and step2= are for mode=prepared")
    end
    local forensics = options.forensics
    if forensics and forensics:find("/0$") then
        refuse("forensics=%s would let everybody in", forensics)
    end
    local settle = options.settle or DEFAULT_SETTLE
    if settle < 0 or settle > LONGEST_SETTLE then
        refuse("settle=%s: it is 0 to %d seconds", settle, LONGEST_SETTLE)
    end
end

local function modifiable(host)
    local interfaces = {}
    for _, interface in ipairs(host.interfaces) do
        if not interface.managed then interfaces[#interfaces + 1] = interface end
    end
    if #interfaces == 0 then
        refuse("all network interfaces of %s are managed by AWS: their groups cannot be changed",
               host.id)
    end
    return interfaces
end

local function vpcs_of(interfaces)
    local known, list = {}, {}
    for _, interface in ipairs(interfaces) do
        if not known[interface.vpc] then
            known[interface.vpc] = true
            list[#list + 1] = interface.vpc
        end
    end
    table.sort(list)
    return list
end

-- A group works in its own VPC, and in those it is associated with.
local function check_vpc(group, vpc)
    if group.VpcId == vpc then return end
    local associations = ec2.describe_security_group_vpc_associations {
        Filters = { { Name = "group-id", Values = { group.GroupId } },
                    { Name = "vpc-id", Values = { vpc } } },
    }.SecurityGroupVpcAssociations or {}
    for _, association in ipairs(associations) do
        if association.State == "associated" then return end
    end
    refuse("%s belongs to %s and is not associated with %s", group.GroupId,
           group.VpcId or "no VPC", vpc)
end

local function existing(host, id, vpcs)
    local group = host.given[id]
    if not group then refuse("the security group %s could not be read", id) end
    for _, vpc in ipairs(vpcs) do check_vpc(group, vpc) end
    return group
end

local function for_each_vpc(vpcs, id)
    local map = {}
    for _, vpc in ipairs(vpcs) do map[vpc] = id end
    return map
end

local function use_existing_final(cut, id)
    local group = existing(cut.host, id, cut.vpcs)
    local ok, why = group_rules.is_final(group, cut.forensics)
    if not ok then refuse("it cannot be the final group: %s", why) end
    cut.final = for_each_vpc(cut.vpcs, id)
    cut.names[id] = group.GroupName
end

local function others_on(host, id)
    local list, own = {}, {}
    for _, interface in ipairs(host.interfaces) do own[interface.id] = true end
    for _, carrier in ipairs(host.carriers) do
        local carrier_id = carrier.NetworkInterfaceId
        if not own[carrier_id] then
            list[#list + 1] = (carrier.Attachment or {}).InstanceId or carrier_id
        end
    end
    if #list > 0 then
        refuse("%s is carried by %s: opening them is not for this run to do", id,
               table.concat(list, ", "))
    end
end

local function use_prepared_opening(cut, id)
    local group = existing(cut.host, id, cut.vpcs)
    local ok, why = group_rules.is_open(group, cut.v6)
    if not ok then refuse("it cannot be step1: %s", why) end
    others_on(cut.host, id)
    cut.opening = for_each_vpc(cut.vpcs, id)
    cut.names[id] = group.GroupName
end

local function decide_conversion(host, wanted)
    if wanted == "never" then return false, "convert=never: a plain swap" end
    if wanted == "always" then return true, "convert=always" end
    local gains, why = paths.conversion_gains(host)
    return gains, ("convert=auto: %s, because %s"):format(gains and "yes" or "no", why)
end

local function has_v6(host, vpcs)
    local found = false
    for _, vpc in ipairs(vpcs) do
        if not host.vpcs[vpc] then refuse("the VPC %s could not be read", vpc) end
        found = found or host.vpcs[vpc].v6
    end
    return found
end

-- The one blank group that an interface carries, when that is all it carries.
local function carries_final(cut, interface, wanted)
    if #interface.groups ~= 1 then return false end
    local id = interface.groups[1].id
    if wanted and id ~= wanted then return false end
    local group = cut.host.given[id] or (cut.host.current or {})[id]
    return group ~= nil and (group_rules.is_final(group, cut.forensics))
end

local function already_cut(cut, wanted)
    for _, interface in ipairs(cut.interfaces) do
        if not carries_final(cut, interface, wanted) then return nil end
    end
    local group = cut.interfaces[1].groups[1]
    return ("%s is isolated already: its network interfaces carry only %s%s"):format(
        cut.host.id, group.id, group.name and (" (" .. group.name .. ")") or "")
end

-- How `host` (isolate.instance) will be cut off. Options: mode "new" or "prepared" with step1
-- and step2, final, forensics, forensics_ports, convert, settle: as isolate-sg's arguments.
--   host, interfaces (those that can be changed), vpcs (sorted ids), v6, forensics, settle
--   convert, why       whether there is a window, and why
--   final, opening     VPC id -> group id; those to be made are filled in by prepare
--   makes_final, makes_opening, makes_groups, names (group id -> name)
--   nothing_to_do      a text when the instance is isolated already
function decision.make(host, options)
    options = options or {}
    check_options(options)
    local interfaces = modifiable(host)
    local vpcs = vpcs_of(interfaces)
    local cut = { host = host, interfaces = interfaces, vpcs = vpcs, v6 = has_v6(host, vpcs),
                  forensics = group_rules.forensics(options.forensics, options.forensics_ports),
                  forensics_cidr = options.forensics, settle = options.settle or DEFAULT_SETTLE,
                  final = {}, opening = {}, names = {} }
    local prepared = options.mode == "prepared"
    local final = options.step2 or options.final
    if final then use_existing_final(cut, final) end
    cut.convert, cut.why = decide_conversion(host, options.convert or "auto")
    if options.convert ~= "always" then cut.nothing_to_do = already_cut(cut, final) end
    if cut.nothing_to_do then cut.convert = false end
    if cut.convert and prepared then use_prepared_opening(cut, options.step1) end
    cut.makes_final = final == nil
    cut.makes_opening = cut.convert and not prepared
    cut.makes_groups = cut.makes_final or cut.makes_opening
    host.cut = cut
    return cut
end

return decision
