-- drill_world.lua - the words with which a drill builds its world.
--
-- Owns: w:vpc, vpc:subnet, subnet:instance and the like, as they come from the drill's process: an
-- object is a number there, and lives here. Everything is checked before sim_builder.lua, which
-- trusts its callers, sees it.
local builder = require "sim_builder"
local fields = require "drill_fields"
local services = require "drill_world_services"
local sim_load = require "sim_load"

local words = {}

local MOST_OBJECTS = 20000
local MOST_FLOWS = 5000

-- ---- objects ------------------------------------------------------------------------------

local function keep(stage, kind, object, name)
    local number = #stage.objects + 1
    if number > MOST_OBJECTS then
        fields.fail("a drill's world has %d objects at most", MOST_OBJECTS)
    end
    stage.objects[number] = { kind = kind, object = object }
    return { handle = number, kind = kind, id = object.id, name = name }
end

local function object_of(stage, reference, ...)
    local held = type(reference) == "table" and stage.objects[reference.handle]
    for _, kind in ipairs { ... } do
        if held and held.kind == kind then return held.object end
    end
    local article = (...):find("^[aeiou]") and "an" or "a"
    fields.fail("this wants %s %s", article, table.concat({ ... }, " or "))
end

-- A reference to one of the kinds, or an id.
local function is_object(value)
    if type(value) == "table" and math.type(value.handle) == "integer" then return nil end
    return fields.text(value)
end

local function resolved(stage, value, ...)
    if type(value) == "table" then return object_of(stage, value, ...) end
    return value
end

local function all_resolved(stage, list, ...)
    local result = {}
    for i, item in ipairs(list or {}) do result[i] = resolved(stage, item, ...) end
    return result
end

-- ---- rules --------------------------------------------------------------------------------

local function is_rule(value)
    local text = value
    if type(value) == "table" then
        if type(value[2]) ~= "table" then
            return "must be \"tcp 22 10.0.0.0/8\" or { \"tcp 22\", group }"
        end
        text = value[1]
    end
    if type(text) ~= "string" or #text > 200 or not text:find("^%s*%S+") then
        return "must be words like \"tcp 22 10.0.0.0/8\""
    end
    local ports = text:match("^%s*%S+%s+(%S+)%s+%S+%s*$")
    if type(value) == "table" then ports = text:match("^%s*%S+%s+(%S+)%s*$") end
    if ports and not ports:find("^%d+$") and not ports:find("^%d+%-%d+$") then
        return ("has the ports '%s', which are none"):format(ports)
    end
end
local RULES = fields.list_of(is_rule)

local function rules_of(stage, list)
    if not list then return nil end
    local result = {}
    for i, rule in ipairs(list) do
        local names_group = type(rule) == "table"
        result[i] = names_group and { rule[1], object_of(stage, rule[2], "group") } or rule
    end
    return result
end

-- ---- the words ----------------------------------------------------------------------------

local TAGS = fields.map_of_texts
local DIRECTION = fields.one_of("ingress", "egress")
local GROUPS = fields.list_of(is_object)
local function is_count_or_false(value)
    if value ~= false then return fields.whole(0, 16)(value) end
end

local function is_route(value)
    if type(value) ~= "table" then return "must be create_route's parameters" end
end

local OPTIONS = {
    vpc = { name = fields.name, cidr = fields.name, internet = "boolean", ipv6 = "boolean",
            default = "boolean", tags = TAGS },
    subnet = { name = fields.name, cidr = fields.name, zone = fields.name, public = "boolean",
               table = is_object, ipv6 = "boolean", tags = TAGS },
    group = { name = fields.name, description = fields.name, ingress = RULES, egress = RULES,
              tags = TAGS },
    route_table = { name = fields.name, routes = fields.list_of(is_route), tags = TAGS },
    instance = { name = fields.name, groups = GROUPS, private_ip = fields.name, public = "boolean",
                 ipv6 = is_count_or_false, type = fields.name, tags = TAGS, profile = fields.name,
                 spot = "boolean", shutdown = fields.name, protected = "boolean",
                 console = fields.text, volumes = fields.whole(0, 5), asg = fields.name },
    interface = { subnet = is_object, groups = GROUPS, private_ip = fields.name,
                  ipv6 = fields.whole(0, 16), index = fields.whole(1, 14) },
    nat = { name = fields.name, tags = TAGS },
    managed_interface = { description = fields.name, groups = GROUPS, requester = fields.name,
                          type = fields.name },
}

local function options_of(stage, word, about)
    local options = fields.check(word, about.options or {}, OPTIONS[word])
    local own = {}
    for name, value in pairs(options) do own[name] = value end
    if own.groups then own.groups = all_resolved(stage, own.groups, "group") end
    own.ingress, own.egress = rules_of(stage, own.ingress), rules_of(stage, own.egress)
    return own
end

function words.vpc(stage, about)
    local options = options_of(stage, "vpc", about)
    return keep(stage, "vpc", stage.builder:vpc(options), options.name)
end

function words.subnet(stage, about)
    local options = options_of(stage, "subnet", about)
    fields.needs("subnet", options, "cidr")
    if options.table then options.table = object_of(stage, options.table, "route_table") end
    local vpc = object_of(stage, about.on, "vpc")
    return keep(stage, "subnet", vpc:subnet(options), options.name)
end

function words.group(stage, about)
    local options = options_of(stage, "group", about)
    return keep(stage, "group", object_of(stage, about.on, "vpc"):group(options), options.name)
end

-- group:allow("ingress", { "tcp 22 10.0.0.0/8" })
function words.allow(stage, about)
    local group = object_of(stage, about.on, "group")
    fields.check("allow", about.options, { direction = DIRECTION, rules = RULES })
    fields.needs("allow", about.options, "direction", "rules")
    group:allow(about.options.direction, rules_of(stage, about.options.rules))
end

function words.route_table(stage, about)
    local options = options_of(stage, "route_table", about)
    local vpc = object_of(stage, about.on, "vpc")
    return keep(stage, "route_table", vpc:route_table(options), options.name)
end

function words.instance(stage, about)
    local options = options_of(stage, "instance", about)
    local subnet = object_of(stage, about.on, "subnet")
    return keep(stage, "instance", subnet:instance(options), options.name)
end

function words.interface(stage, about)
    local options = options_of(stage, "interface", about)
    fields.needs("interface", options, "subnet")
    options.subnet = object_of(stage, options.subnet, "subnet")
    return keep(stage, "interface", object_of(stage, about.on, "instance"):interface(options))
end

function words.elastic_ip(stage, about)
    return keep(stage, "address", object_of(stage, about.on, "instance"):elastic_ip())
end

function words.nat(stage, about)
    local options = options_of(stage, "nat", about)
    return keep(stage, "nat", object_of(stage, about.on, "subnet"):nat(options), options.name)
end

function words.managed_interface(stage, about)
    local options = options_of(stage, "managed_interface", about)
    return keep(stage, "interface", object_of(stage, about.on, "subnet"):managed_interface(options))
end

-- Any simulated operation, for what has no word of its own.
function words.call(stage, about)
    local given = fields.check("call", about.options, { operation = fields.name, params = "table",
                                                        service = fields.service })
    fields.needs("call", given, "operation")
    return stage.builder:call(given.operation, given.params or {}, given.service)
end

services.add(words, { keep = keep, object_of = object_of, all_resolved = all_resolved,
                      is_object = is_object })

-- ---- flows --------------------------------------------------------------------------------

local function is_number(value)
    if type(value) ~= "number" or value ~= value then return "must be a number" end
end

local function is_activity(value)
    if value == "dormant" then return nil end
    local every = type(value) == "table" and value.every
    if type(every) ~= "number" or not (every >= 0.01 and every <= 86400) then
        return "must be \"dormant\" or { every = seconds }"
    end
end

local FLOW = { name = fields.name, from = is_object, to = is_object, via = is_object,
               port = is_number, source_port = is_number, protocol = fields.name,
               family = fields.name, direction = DIRECTION, activity = is_activity,
               type = is_number, code = is_number, impossible = "boolean" }
local ENDS = { "instance", "interface" }

-- A flow as flow_engine.lua takes it.
function words.flow_of(stage, options)
    fields.check("flow", options, FLOW)
    local own = {}
    for name, value in pairs(options) do own[name] = value end
    for _, side in ipairs { "from", "to", "via" } do
        own[side] = own[side] and resolved(stage, own[side], table.unpack(ENDS))
    end
    own.impossible = nil
    return own
end

-- A flow that the world does not allow is a mistake, unless the drill says impossible = true.
function words.flow(stage, about)
    local options = about.options or {}
    local flow = words.flow_of(stage, options)
    if #stage.flows.flows >= MOST_FLOWS then
        fields.fail("a drill has %d flows at most", MOST_FLOWS)
    end
    local state, why = stage.flows:add(flow)
    if state == "never possible" and not options.impossible then
        fields.fail("flow %s cannot be open in this world: %s", flow.name, why)
    elseif state ~= "never possible" and options.impossible then
        fields.fail("flow %s is possible in this world: %s", flow.name, why)
    end
    return { state = state, why = why }
end

-- ---- saved worlds -------------------------------------------------------------------------

-- The host has read the file: its first record, then the others.
function words.load_first(stage, record)
    if stage.world.revision > 0 then fields.fail("w:load comes first: the world is not empty") end
    return sim_load.begin(record)
end

-- An instance of the world by its id or Name tag: for worlds that were loaded.
function words.find(stage, about)
    local wanted = about.options and about.options.name
    local found
    for id, instance in pairs(stage.world.resources.Instances) do
        local named = id == wanted
        for _, tag in ipairs(instance.Tags or {}) do
            named = named or (tag.Key == "Name" and tag.Value == wanted)
        end
        if named and found then fields.fail("several instances are called %s", wanted) end
        if named then found = id end
    end
    if not found then fields.fail("no instance is called %s", tostring(wanted)) end
    return keep(stage, "instance", builder.instance(stage.builder, found), wanted)
end

return words
