-- route_cut.lua - cutting subnets off by taking their routes away, and proving it.
--
-- Owns: a new table without routes for some subnets, or the removal of routes; the reads that prove
-- it. The association of the VPC's main table is never touched: it would move every subnet.
local facts = require "run_facts"
local lists = require "lists"
local proof = require "security_group_proof"
local route_rules = require "route_rules"

local route_cut = {}

local function tables_now(vpcs)
    local list = {}
    for page in ec2.pages("describe_route_tables",
                          { Filters = { { Name = "vpc-id", Values = vpcs } } }) do
        for _, table_ in ipairs(page.RouteTables or {}) do list[#list + 1] = table_ end
    end
    return list
end

-- ---- new tables ---------------------------------------------------------------------------

local function make_table(vpc)
    local name = "cordon-isolation-" .. facts.id
    local ok, result = pcall(ec2.create_route_table, {
        VpcId = vpc, TagSpecifications = { { ResourceType = "route-table",
                                             Tags = { { Key = "Name", Value = name } } } } })
    if ok then return result.RouteTable.RouteTableId end
    if type(result) == "table" and result.code == "RouteTableLimitExceeded" then
        error(("%s has as many route tables as it may have: use the mode that removes routes "
               .. "(%s)"):format(vpc, tostring(result)), 0)
    end
    error(result, 0)
end

-- What a table leads to outside the VPC, as texts.
local function ways_out(table_, may_stay)
    local texts = {}
    for _, route in ipairs(table_.Routes or {}) do
        local excused = route_rules.is_local(route) or route.State == "blackhole"
            or (may_stay and route_rules.stays(route) ~= nil)
        if not excused then texts[#texts + 1] = route_rules.text(route) end
    end
    return texts
end

local function faults_of_made(cut)
    local ids, shown, faults = {}, {}, {}
    for i, vpc in ipairs(cut.vpcs) do ids[i] = cut.made[vpc] end
    for _, table_ in ipairs(ec2.describe_route_tables { RouteTableIds = ids }.RouteTables or {}) do
        shown[table_.RouteTableId] = ways_out(table_, false)
    end
    for _, id in ipairs(ids) do
        if not shown[id] then faults[#faults + 1] = id .. " is not shown" end
        for _, text in ipairs(shown[id] or {}) do faults[#faults + 1] = id .. ": " .. text end
    end
    return faults
end

-- Makes the new tables that `cut` needs, and reads them back: no subnet is put on one that leads
-- out of the VPC. Two round trips.
function route_cut.prepare(cut)
    if not cut.makes_table then return end
    local ids = parallel(cut.vpcs, make_table)
    for i, vpc in ipairs(cut.vpcs) do cut.made[vpc] = ids[i] end
    if cut.host then
        local made = cut.host.made or {}
        cut.host.made = table.move(ids, 1, #ids, #made + 1, made)
    end
    local faults = proof.settle_reads(faults_of_made(cut), function() return faults_of_made(cut) end)
    if #faults > 0 then
        error("the new table is not as it must be, no subnet was put on it: "
              .. table.concat(faults, "; "), 0)
    end
end

-- ---- cutting ------------------------------------------------------------------------------

-- A subnet without an association of its own gets one; EC2 refuses a second one.
local function moves(cut)
    local tasks = {}
    for i, subnet in ipairs(cut.subnets) do
        local to = cut.made[subnet.vpc]
        tasks[i] = { subnet.id, function()
            if subnet.association then
                ec2.replace_route_table_association { AssociationId = subnet.association,
                                                      RouteTableId = to }
            else
                ec2.associate_route_table { SubnetId = subnet.id, RouteTableId = to }
            end
        end }
    end
    return tasks
end

-- A route that somebody else took away meanwhile is away.
local function delete_route(table_, route)
    local destination, member = route_rules.destination(route)
    local ok, e = pcall(ec2.delete_route, { RouteTableId = table_, [member] = destination })
    if ok or (type(e) == "table" and e.code == "InvalidRoute.NotFound") then return end
    error(e, 0)
end

local function removals(cut)
    local tasks = {}
    for _, table_ in ipairs(cut.tables) do
        for _, route in ipairs(table_.go) do
            tasks[#tasks + 1] = { ("%s of %s"):format(route_rules.text(route), table_.id),
                                  function() delete_route(table_.id, route) end }
        end
    end
    return tasks
end

-- Cuts. One round trip.
function route_cut.cut(cut)
    proof.at_once(cut.makes_table and moves(cut) or removals(cut))
end

-- ---- proof --------------------------------------------------------------------------------

-- Only ways to the internet matter where only those were taken away.
local function faults_of(cut, table_)
    local texts = {}
    if cut.host or cut.makes_table then return ways_out(table_, cut.may_stay) end
    for _, route in ipairs(table_.Routes or {}) do
        if route_rules.to_internet(route) then texts[#texts + 1] = route_rules.text(route) end
    end
    return texts
end

-- Fresh reads: what still leads out, by subnet, as texts; none when the cut holds. Reads again while
-- EC2 may lag.
function route_cut.faults(cut)
    local function read_back()
        local tables, faults = tables_now(cut.vpcs), {}
        for _, subnet in ipairs(cut.subnets) do
            local table_ = route_rules.table_of(tables, subnet.id, subnet.vpc)
            local made = cut.made[subnet.vpc]
            if not table_ then
                faults[#faults + 1] = subnet.id .. ": its route table is not shown"
            elseif made and table_.RouteTableId ~= made then
                faults[#faults + 1] = ("%s is on %s, not on %s"):format(
                    subnet.id, table_.RouteTableId, made)
            end
            for _, text in ipairs(table_ and faults_of(cut, table_) or {}) do
                faults[#faults + 1] = ("%s: %s of %s"):format(subnet.id, text,
                                                              table_.RouteTableId)
            end
        end
        return faults
    end
    return proof.settle_reads(read_back(), read_back)
end

-- Reads back and states what must hold; nothing here raises. A table is all that decides where a
-- packet of the subnet goes, so these reads say what can be reached.
function route_cut.verify(cut)
    local faults = route_cut.faults(cut)
    local what = (cut.host or cut.makes_table)
        and ("no route of %s leads out of the VPC%s"):format(
            lists.ids_text(cut.subnets), cut.may_stay and ", but those named as staying" or "")
        or ("no route of %s leads to an internet gateway"):format(cut.vpcs[1])
    expect(#faults == 0, what, #faults > 0 and table.concat(faults, "; ") or nil)
end

return route_cut
