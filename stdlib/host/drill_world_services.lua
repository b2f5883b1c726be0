-- drill_world_services.lua - the words of a drill's world for what is around instances.
--
-- Owns: w:role, vpc:load_balancer, vpc:target_group, vpc:auto_scaling_group: their options,
-- checked before sim_builder_services.lua sees them. drill_world.lua has the objects.
local fields = require "drill_fields"

local services = {}

local SIZE = fields.whole(0, 1000)

-- Adds the words. `tools`: keep, object_of, all_resolved, is_object of drill_world.lua.
function services.add(words, tools)
    local OBJECTS = fields.list_of(tools.is_object)
    local OPTIONS = {
        role = { name = fields.name, policies = fields.list_of(fields.name),
                 inline = fields.map_of_texts },
        load_balancer = { name = fields.name, subnets = OBJECTS, groups = OBJECTS,
                          type = fields.one_of("application", "network") },
        target_group = { name = fields.name, port = fields.whole(1, 65535),
                         protocol = fields.name, balancer = tools.is_object, targets = OBJECTS },
        auto_scaling_group = { name = fields.name, instances = OBJECTS, min = SIZE, max = SIZE,
                               desired = SIZE, health = fields.one_of("EC2", "ELB"),
                               target_groups = OBJECTS, subnet = tools.is_object,
                               groups = OBJECTS },
    }

    -- The options with objects for references: `lists` and `single` name kinds by option.
    local function options_of(stage, word, about, needed, lists, single)
        local own = {}
        for name, value in pairs(fields.check(word, about.options or {}, OPTIONS[word])) do
            own[name] = value
        end
        fields.needs(word, own, table.unpack(needed))
        for name, kind in pairs(lists) do
            if own[name] then own[name] = tools.all_resolved(stage, own[name], kind) end
        end
        for name, kind in pairs(single) do
            if own[name] then own[name] = tools.object_of(stage, own[name], kind) end
        end
        return own
    end

    function words.role(stage, about)
        local options = options_of(stage, "role", about, { "name" }, {}, {})
        return tools.keep(stage, "role", stage.builder:role(options), options.name)
    end

    local function on_vpc(word, kind, needed, lists, single)
        words[word] = function(stage, about)
            local options = options_of(stage, word, about, needed, lists, single)
            local vpc = tools.object_of(stage, about.on, "vpc")
            local made = vpc[word](vpc, options)
            stage.builder:settle()
            return tools.keep(stage, kind, made, options.name)
        end
    end

    on_vpc("load_balancer", "load_balancer", { "name", "subnets" },
           { subnets = "subnet", groups = "group" }, {})
    on_vpc("target_group", "target_group", { "name", "port" }, { targets = "instance" },
           { balancer = "load_balancer" })
    on_vpc("auto_scaling_group", "auto_scaling_group", { "name" },
           { instances = "instance", target_groups = "target_group", groups = "group" },
           { subnet = "subnet" })
end

return services
