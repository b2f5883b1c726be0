-- flow_view.lua - a world, compiled for questions about packets.
--
-- Owns: interfaces, groups, NACLs, route tables and gateways read from the describe shapes once,
-- and the indexes between them; forgetting what was touched. It never changes the world, and
-- knows nothing of flows. A resource that the world does not hold is nil here: whoever asks
-- says "unknown" then.
local address = require "flow_address"
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
    self.subnet_nacls, self.subnet_tables, self.main_tables, self.located = nil, nil, nil, nil
    self.gateways = {}
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
    return cached(self.interfaces, id, resources(self, "NetworkInterfaces")[id],
                  compile.interface)
end

function view:group(id)
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
    return resources(self, kind)[id]
end

function view:subnet(id)
    return resources(self, "Subnets")[id]
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
    if interface.instance then
        local list = index.instances[interface.instance] or {}
        index.instances[interface.instance] = list
        list[#list + 1] = interface.id
    end
end

local function index_interfaces(self)
    local index = { private = {}, anywhere = {}, public = {}, instances = {} }
    for id in pairs(resources(self, "NetworkInterfaces")) do locate(index, self:interface(id)) end
    for _, list in pairs(index.instances) do
        table.sort(list, function(a, b)
            local x, y = self:interface(a), self:interface(b)
            if x.device ~= y.device then return x.device < y.device end
            return a < b
        end)
    end
    return index
end

local function located(self)
    self.located = self.located or index_interfaces(self)
    return self.located
end

-- The ids of an instance's interfaces, the primary one first.
function view:interfaces_of(instance)
    return located(self).instances[instance] or {}
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
    local raw = resources(self, "Instances")[interface.instance]
    local state = raw and (raw.State or {}).Name
    if state and state ~= "running" and state ~= "pending" and state ~= "shutting-down"
        and state ~= "stopping" then
        return ("%s is %s"):format(interface.instance, state)
    end
    return nil
end

-- The networks of a VPC, both families; an empty list when it is not in the world.
function view:vpc_networks(id)
    return cached(self.gateways, id, resources(self, "Vpcs")[id], compile.vpc_networks) or {}
end

-- Is an address of the VPC's own?
function view:in_vpc(id, one)
    for _, network in ipairs(self:vpc_networks(id)) do
        if address.contains(network, one) then return true end
    end
    return false
end

local SIMPLE = { NetworkInterfaces = "interfaces", SecurityGroups = "groups",
                 NetworkAcls = "nacls", RouteTables = "tables", Vpcs = "gateways" }

-- Forgets one resource that was changed, made or deleted.
function view:touch(kind, id)
    local cache = SIMPLE[kind]
    if cache then self[cache][id] = nil end
    if kind == "NetworkInterfaces" then self.located = nil end
    if kind == "NetworkAcls" then self.subnet_nacls = nil end
    if kind == "RouteTables" then self.subnet_tables, self.main_tables = nil, nil end
    if kind == "PrefixLists" or kind == "ManagedPrefixLists" then
        self.lists, self.tables = {}, {}
    end
end

return view
