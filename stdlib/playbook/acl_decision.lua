-- acl_decision.lua - how network ACLs will cut an instance off.
--
-- Owns: choosing between the lists that are there and new ones, the paths that stay open, and who
-- else is hit. All that can be known before the first step is decided here; it changes nothing.
local acl_rules = require "acl_rules"
local network = require "instance_network"
local vpc_network = require "vpc_network"

local decision = {}

local HTTPS = 443
-- What Session Manager's agent needs; the last one only where it is older than 3.3.40.
local SSM_SERVICES = { ssm = true, ssmmessages = true, ec2messages = true }
local SSM_NEEDED = { "ssm", "ssmmessages" }

local function refuse(text, ...)
    error(text:format(...), 0)
end

-- ---- what stays open ----------------------------------------------------------------------

local function ssm_endpoints(host)
    local found, ids = {}, {}
    for _, endpoint in ipairs(host.endpoints) do
        local service = (endpoint.ServiceName or ""):match("%.([%w-]+)$") or ""
        if endpoint.VpcEndpointType == "Interface" and SSM_SERVICES[service] then
            found[service] = true
            for _, id in ipairs(endpoint.NetworkInterfaceIds or {}) do ids[#ids + 1] = id end
        end
    end
    for _, service in ipairs(SSM_NEEDED) do
        if not found[service] then
            refuse("keep_ssm=yes needs an interface endpoint of %s in the VPC: there is none, and "
                   .. "nobody can list the addresses that Session Manager has in the internet. "
                   .. "Make the endpoints (ssm, ssmmessages) first, or leave keep_ssm out", service)
        end
    end
    return ids
end

-- Endpoints are kept by their addresses, and no more than HTTPS to them: the block of their subnet
-- would let in its neighbours.
local function ssm_paths(host, whole)
    local wanted, paths = {}, {}
    for _, id in ipairs(ssm_endpoints(host)) do wanted[id] = true end
    for _, raw in ipairs(whole.interfaces) do
        if wanted[raw.NetworkInterfaceId] and raw.PrivateIpAddress then
            paths[#paths + 1] = acl_rules.tcp_to(raw.PrivateIpAddress .. "/32", HTTPS)
        end
    end
    if #paths == 0 then
        refuse("keep_ssm=yes: the endpoints of Session Manager have no address that can be read")
    end
    return paths
end

local function kept_paths(host, options, whole)
    local keep = {}
    if options.keep then
        if options.keep:find("/0$") then
            refuse("keep=%s would let everybody through", options.keep)
        end
        keep[1] = acl_rules.all_of(options.keep)
    end
    if options.keep_ssm then
        local paths = ssm_paths(host, whole)
        table.move(paths, 1, #paths, #keep + 1, keep)
    end
    return keep
end

-- ---- subnets and their lists --------------------------------------------------------------

local function acl_of(whole, subnet)
    for _, acl in ipairs(whole.acls) do
        for _, association in ipairs(acl.Associations or {}) do
            if association.SubnetId == subnet then
                return acl, association.NetworkAclAssociationId
            end
        end
    end
    refuse("the network ACL of %s could not be read", subnet)
end

-- {id, vpc, acl, association, families}, one per subnet in which the instance has an interface.
local function subnets_of(host, whole)
    local list, known = {}, {}
    for _, interface in ipairs(host.interfaces) do
        if not known[interface.subnet] then
            known[interface.subnet] = true
            local acl, association = acl_of(whole, interface.subnet)
            local vpc = host.vpcs[interface.vpc]
            list[#list + 1] = { id = interface.subnet, vpc = interface.vpc, acl = acl,
                                association = association,
                                families = vpc and not vpc.v6 and { "v4" } or { "v4", "v6" } }
        end
    end
    table.sort(list, function(a, b) return a.id < b.id end)
    return list
end

local function set_of(subnets)
    local set = {}
    for _, subnet in ipairs(subnets) do set[subnet.id] = true end
    return set
end

-- The lists that are there: {acl, families}, each once, with all the subnets that they serve.
local function lists_of(subnets)
    local lists, known, served = {}, {}, {}
    for _, subnet in ipairs(subnets) do
        local id = subnet.acl.NetworkAclId
        if not known[id] then
            known[id] = true
            lists[#lists + 1] = { acl = subnet.acl, families = subnet.families, vpc = subnet.vpc }
            for _, association in ipairs(subnet.acl.Associations or {}) do
                served[association.SubnetId] = true
            end
        end
    end
    return lists, served
end

local function other_subnets(served, own)
    local list = {}
    for id in pairs(served) do
        if not own[id] then list[#list + 1] = id end
    end
    table.sort(list)
    return list
end

-- ---- choosing -----------------------------------------------------------------------------

local function choose(wanted, shared, neighbours)
    if wanted == "existing" then return "existing", "mode=existing: the deny goes in front" end
    if wanted == "new" then return "new", "mode=new: the list that is there is left alone" end
    if #shared > 0 then
        return "new", ("mode=auto: a new list, because the one that is there also serves %s")
            :format(vpc_network.listed(shared))
    elseif #neighbours > 0 then
        return "new", "mode=auto: a new list, because others are in the subnet too: one call "
            .. "cuts, one gives it back"
    end
    return "existing", "mode=auto: the list that is there, because it serves nobody else"
end

local function already_cut(cut)
    local ids = {}
    for i, subnet in ipairs(cut.subnets) do
        local entries = subnet.acl.Entries
        if #acl_rules.leaks(entries, subnet.families, cut.keep) > 0
            or #acl_rules.missing(entries, subnet.families, cut.keep) > 0 then
            return nil
        end
        ids[i] = ("%s by %s"):format(subnet.id, subnet.acl.NetworkAclId)
    end
    return ("%s is isolated already: nothing%s passes the edge of %s"):format(cut.host.id,
        #cut.keep > 0 and " but what is kept open" or "", table.concat(ids, ", "))
end

local function entry_changes(cut)
    local parts = {}
    for _, list in ipairs(cut.lists) do
        local more = acl_rules.changes_both_ways(list.acl.NetworkAclId, list.acl.Entries,
                                                 list.families, cut.keep)
        table.move(more, 1, #more, #parts + 1, parts)
    end
    return parts
end

-- ---- what to say --------------------------------------------------------------------------

local function ssm_text(options)
    if options.keep_ssm then
        return "Session Manager: kept open to its endpoints, if the groups, the role and the agent "
            .. "let it; so the intruder may use the same path"
    end
    return "Session Manager: cut, open sessions too, unless its endpoints are in the same subnet "
        .. "(keep_ssm=yes keeps it)"
end

local function forensics_text(options)
    if options.keep then
        return ("investigators at %s: kept open both ways, all ports, as far as groups and routes "
                .. "let them"):format(options.keep)
    end
    return "investigators outside the subnet: cut as everybody (keep=ADDRESS keeps one path open)"
end

local function notes_of(cut, options)
    local notes = { cut.why, ssm_text(options), forensics_text(options) }
    notes[#notes + 1] = #cut.neighbours > 0
        and ("inside the subnet no network ACL is asked: it still reaches %s"):format(
            vpc_network.listed(cut.neighbours))
        or "inside the subnet no network ACL is asked: nobody else is in it now"
    if #cut.others > 0 then
        notes[#notes + 1] = ("everybody who is cut off with it (%d): %s"):format(
            #cut.others, table.concat(cut.others, ", "))
    end
    for _, part in ipairs(cut.mode == "existing" and cut.parts or {}) do
        for _, slot in ipairs(part.slots) do
            if slot.old and not slot.done then
                notes[#notes + 1] = ("%s: %s makes room; undo puts it back"):format(
                    part.acl, acl_rules.text(slot.old))
            end
        end
    end
    return notes
end

local function hazards_of(host, others)
    local hazards = {}
    for code, text in pairs(host.hazards) do hazards[code] = text end
    if #others > 0 then
        hazards.others = ("it cuts off %d other%s too: %s"):format(
            #others, #others == 1 and "" or "s", vpc_network.listed(others))
    end
    return next(hazards) and hazards or nil
end

-- How network ACLs will cut `host` (isolate.instance) off. Options: mode "existing", "new" or "auto",
-- keep (a CIDR block), keep_ssm: as isolate-nacl's arguments.
--   host, mode, why, keep, subnets ({id, vpc, acl, association, families}), vpcs
--   lists, parts       mode existing: the lists, and what is done to each
--   made               mode new: VPC id -> the new list; filled in by prepare
--   neighbours, others who shares its subnets; who is hit, by name
--   notes, hazards     what the responder must know; hazards for the step that cuts
--   nothing_to_do      a text when nothing passes already
function decision.make(host, options)
    options = options or {}
    local vpcs = network.vpcs_of(host.interfaces)
    local whole = vpc_network.read(vpcs)
    local cut = { host = host, vpcs = vpcs, subnets = subnets_of(host, whole), made = {} }
    cut.keep = kept_paths(host, options, whole)
    local own, served = set_of(cut.subnets), nil
    cut.lists, served = lists_of(cut.subnets)
    cut.neighbours = vpc_network.inside(whole, own, host.id)
    cut.mode, cut.why = choose(options.mode or "auto", other_subnets(served, own), cut.neighbours)
    cut.others = vpc_network.hit(whole, cut.mode == "new" and own or served, host.id)
    cut.parts = entry_changes(cut)
    cut.hazards = hazards_of(host, cut.others)
    cut.nothing_to_do = already_cut(cut)
    cut.notes = notes_of(cut, options)
    cut.makes_list = cut.mode == "new" and not cut.nothing_to_do
    host.acl_cut = cut
    return cut
end

return decision
