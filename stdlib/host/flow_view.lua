-- flow_view.lua - a world, compiled for questions about packets.
--
-- Owns: interfaces, groups, NACLs, route tables and gateways read from the describe shapes once,
-- and the indexes between them; forgetting what was touched. It never changes the world, and
-- knows nothing of flows. A resource that the world does not hold is nil here: whoever asks
-- says "unknown" then.
local compile = require "flow_compile"

local view = {}
view.__index = view

local function resources(self, kind)
    return self.world.resources[kind] or {}
end

function view.new(world)
    local self = setmetatable({ world = world }, view)
    self:forget_everything()
    return self
end

-- Everything is compiled anew when it is asked for next.
function view:forget_everything()
    self.interfaces, self.groups, self.lists, self.nacls, self.tables = {}, {}, {}, {}, {}
    self.subnet_nacls, self.subnet_tables, self.main_tables = nil, nil, nil
    self.located, self.attached = nil, nil
    self.networks = {}
end

-- Remembers, while somebody records, that an answer rests on a resource ("*": all of a kind).
function view:note(kind, id)
    local record = self.record
    if record then record[kind .. " " .. (id or "")] = true end
end

-- Runs `judge(...)` and returns its result and the set of what it rests on.
function view:recorded(judge, ...)
    self.record = {}
    local result = judge(...)
    local rests_on = self.record
    self.record = nil
    return result, rests_on
end

local function cached(cache, id, raw, make)
    local value = cache[id]
    if value == nil then
        value = raw and make(raw) or false
        cache[id] = value
    end
    return value or nil
end

function view:interface(id)
    self:note("NetworkInterfaces", id)
    return cached(self.interfaces, id, resources(self, "NetworkInterfaces")[id],
                  compile.interface)
end

function view:group(id)
    self:note("SecurityGroups", id)
    return cached(self.groups, id, resources(self, "SecurityGroups")[id], compile.group)
end

function view:nacl(id)
    return cached(self.nacls, id, resources(self, "NetworkAcls")[id], compile.nacl)
end

-- The networks of a prefix list; nil when the world does not hold them.
function view:prefix_list(id)
    local raw = resources(self, "PrefixLists")[id] or resources(self, "ManagedPrefixLists")[id]
    return cached(self.lists, id, raw, compile.prefix_list)
end

function view:route_table(id)
    return cached(self.tables, id, resources(self, "RouteTables")[id], function(raw)
        return compile.route_table(raw, function(list) return self:prefix_list(list) end)
    end)
end

function view:raw(kind, id)
    self:note(kind, id)
    return resources(self, kind)[id]
end

function view:subnet(id)
    return self:raw("Subnets", id)
end

local function index_nacls(self)
    local index = {}
    for id, nacl in pairs(resources(self, "NetworkAcls")) do
        for _, association in ipairs(nacl.Associations or {}) do
            if association.SubnetId then index[association.SubnetId] = id end
        end
    end
    return index
end

-- The NACL of a subnet, compiled; nil when it is not known.
function view:nacl_of(subnet)
    self:note("nacl-of", subnet)
    self.subnet_nacls = self.subnet_nacls or index_nacls(self)
    local id = self.subnet_nacls[subnet]
    return id and self:nacl(id)
end

local function is_associated(association)
    local state = (association.AssociationState or {}).State
    return state == nil or state == "associated" or state == "associating"
end

local function index_tables(self)
    local subnets, mains = {}, {}
    for id, table_ in pairs(resources(self, "RouteTables")) do
        for _, association in ipairs(table_.Associations or {}) do
            if is_associated(association) then
                if association.SubnetId then subnets[association.SubnetId] = id end
                if association.Main and table_.VpcId then mains[table_.VpcId] = id end
            end
        end
    end
    return subnets, mains
end

-- The route table of a subnet: the one associated with it, else the VPC's main one.
function view:table_of(subnet, vpc)
    self:note("table-of", subnet)
    if not self.subnet_tables then self.subnet_tables, self.main_tables = index_tables(self) end
    local id = self.subnet_tables[subnet] or self.main_tables[vpc]
    return id and self:route_table(id)
end

local function locate(index, interface)
    for _, own in ipairs(interface.addresses) do
        index.private[interface.vpc .. " " .. own.text] = interface.id
        local known = index.anywhere[own.text]
        index.anywhere[own.text] = known and known ~= interface.id and "several" or interface.id
        if own.public then index.public[own.public.text] = interface.id end
    end
end

local function index_interfaces(self)
    local index = { private = {}, anywhere = {}, public = {} }
    for id in pairs(resources(self, "NetworkInterfaces")) do locate(index, self:interface(id)) end
    return index
end

local function located(self)
    self.located = self.located or index_interfaces(self)
    return self.located
end

-- Instance -> the ids of its interfaces. From the raw resources: this must be cheap in a large
-- world of which one instance is looked at.
local function index_instances(self)
    local index = {}
    for id, raw in pairs(resources(self, "NetworkInterfaces")) do
        local instance = (raw.Attachment or {}).InstanceId
        if instance then
            index[instance] = index[instance] or {}
            table.insert(index[instance], id)
        end
    end
    return index
end

-- The ids of an instance's interfaces, the primary one first.
function view:interfaces_of(instance)
    self.attached = self.attached or index_instances(self)
    local known = self.attached[instance] or {}
    local list = table.move(known, 1, #known, 1, {})
    table.sort(list, function(a, b)
        local x, y = self:interface(a), self:interface(b)
        if x.device ~= y.device then return x.device < y.device end
        return a < b
    end)
    return list
end

-- The id of the interface with this private address in a VPC; without one, wherever it is
-- unique ("several" when it is not).
function view:by_private(text, vpc)
    if vpc then return located(self).private[vpc .. " " .. text] end
    return located(self).anywhere[text]
end

function view:by_public(text)
    return located(self).public[text]
end

-- Why an interface passes no packets at all; nil when it does.
function view:down(interface)
    if not interface.instance then return nil end
    local raw = self:raw("Instances", interface.instance)
    local state = raw and (raw.State or {}).Name
    if state and state ~= "running" and state ~= "pending" and state ~= "shutting-down"
        and state ~= "stopping" then
        return ("%s is %s"):format(interface.instance, state)
    end
    return nil
end

-- The networks of a VPC, both families; an empty list when it is not in the world.
function view:vpc_networks(id)
    self:note("Vpcs", id)
    return cached(self.networks, id, resources(self, "Vpcs")[id], compile.vpc_networks) or {}
end

local CACHES = { NetworkInterfaces = "interfaces", SecurityGroups = "groups",
                 NetworkAcls = "nacls", RouteTables = "tables", Vpcs = "networks" }

local function subnets_of(raw)
    local list = {}
    for _, association in ipairs((raw or {}).Associations or {}) do
        if association.SubnetId then list[#list + 1] = association.SubnetId end
    end
    return list
end

local function served_by(index, id)
    local list = {}
    for subnet, serving in pairs(index or {}) do
        if serving == id then list[#list + 1] = subnet end
    end
    return list
end

-- What answers about subnets rest on when a NACL or a route table changes: the subnets that it
-- served, and those that it serves now.
local function of_subnets(self, kind, id, index)
    local keys = {}
    for _, list in ipairs { served_by(index, id), subnets_of(resources(self, kind)[id]) } do
        for _, subnet in ipairs(list) do
            keys[#keys + 1] = (kind == "NetworkAcls" and "nacl-of " or "table-of ") .. subnet
        end
    end
    return keys
end

local function serves_main(self, id)
    for _, main in pairs(self.main_tables or {}) do
        if main == id then return true end
    end
    for _, association in ipairs((resources(self, "RouteTables")[id] or {}).Associations or {}) do
        if association.Main then return true end
    end
    return false
end

-- Forgets one resource that was changed, made or deleted. Returns the list of keys (as
-- `recorded` gives them) of what rests on it; nil: anything may.
function view:touch(kind, id)
    local cache = CACHES[kind]
    if cache then self[cache][id] = nil end
    if kind == "NetworkInterfaces" then self.located, self.attached = nil, nil end
    if kind == "NetworkAcls" then
        local keys = of_subnets(self, kind, id, self.subnet_nacls)
        self.subnet_nacls = nil
        return keys
    elseif kind == "RouteTables" then
        local keys = not serves_main(self, id) and of_subnets(self, kind, id, self.subnet_tables)
        self.subnet_tables, self.main_tables = nil, nil
        return keys or nil
    elseif kind == "PrefixLists" or kind == "ManagedPrefixLists" then
        self.lists, self.tables = {}, {}
        return nil
    end
    return { kind .. " " .. id, kind .. " *" }
end

return view
