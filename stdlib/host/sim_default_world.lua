-- sim_default_world.lua - the world that `cordon sim serve` and the demo start with.
--
-- Owns: one small company's VPC with the things that make isolating hard: two interfaces in two
-- subnets, a public address, a NAT gateway, neighbours, an Auto Scaling group at its minimum, a
-- load balancer, roles, an instance that is quarantined already, IPv6, a shared group. Always
-- the same ids.
local builder = require "sim_builder"
local sim_world = require "sim_world"

local default_world = {}

local SEED = 20261124

local function subnets_of(vpc)
    local front = vpc:subnet { name = "public-a", cidr = "10.20.1.0/24", public = true }
    local nat = front:nat { name = "nat-a" }
    local private_table = vpc:route_table { name = "private", routes = {
        { DestinationCidrBlock = "0.0.0.0/0", NatGatewayId = nat.id } } }
    return front, vpc:subnet { name = "private-a", cidr = "10.20.2.0/24", table = private_table },
           vpc:subnet { name = "database-a", cidr = "10.20.3.0/24", table = private_table,
                        ipv6 = false }
end

local function groups_of(vpc)
    local web = vpc:group { name = "web", ingress = { "tcp 443 0.0.0.0/0", "tcp 443 ::/0",
                                                      "tcp 22 203.0.113.0/24" } }
    local app = vpc:group { name = "app", ingress = { { "tcp 8080", web },
                                                      "tcp 9100 10.20.0.0/16" } }
    local database = vpc:group { name = "database", ingress = { { "tcp 5432", app } },
                                 egress = { "tcp 443 0.0.0.0/0" } }
    local quarantine = vpc:group { name = "quarantine", egress = {},
                                   description = "no rules: cut off on 2026-11-20, IR-41" }
    return web, app, database, quarantine
end

-- The list of S3's addresses that AWS keeps in every Region.
local function put_prefix_list(world)
    local id, name = "pl-6da54004", "com.amazonaws." .. world.region .. ".s3"
    sim_world.put(world, "ManagedPrefixLists", {
        PrefixListId = id, PrefixListName = name, AddressFamily = "IPv4", State = "create-complete",
        PrefixListArn = ("arn:aws:ec2:%s:aws:prefix-list/%s"):format(world.region, id),
        OwnerId = "AWS", Tags = {} })
    sim_world.put(world, "PrefixLists", {
        PrefixListId = id, PrefixListName = name, Cidrs = { "52.218.0.0/17", "3.5.64.0/21" } })
end

local CONSOLE = "[    0.000000] Linux version 6.1.0 (build@host)\n"
    .. "[   12.480113] cloud-init: modules:final\nweb login: \n"

local function ids_by_name(world)
    local ids = {}
    for id, instance in pairs(world.resources.Instances) do
        for _, tag in ipairs(instance.Tags or {}) do
            if tag.Key == "Name" then ids[tag.Value] = id end
        end
    end
    return ids
end

local function second_interface(world, instance)
    for id, interface in pairs(world.resources.NetworkInterfaces) do
        local attachment = interface.Attachment or {}
        if attachment.InstanceId == instance and attachment.DeviceIndex == 1 then return id end
    end
end

-- What goes on in it: the attacker's connections, and others that nobody may touch.
function default_world.flows(world)
    local ids = ids_by_name(world)
    return {
        { name = "c2", from = ids["web-7"], to = "198.51.100.7", port = 4444 },
        { name = "attacker's ssh", from = "203.0.113.9", to = ids["web-7"], port = 22 },
        { name = "beacon by NAT", from = second_interface(world, ids["web-7"]),
          to = "198.51.100.80", port = 443, activity = { every = 20 } },
        { name = "customer of web-8", from = "192.0.2.44", to = ids["web-8"], port = 443 },
        { name = "app-1 to db-1", from = ids["app-1"], to = ids["db-1"], port = 5432 },
    }
end

-- Built in the order in which ids are drawn: changing it changes them all.
function default_world.new(options)
    options = options or {}
    local world = sim_world.new { account = options.account, region = options.region,
                                  seed = options.seed or SEED, now = options.now,
                                  caller = options.caller, quotas = options.quotas }
    local w = builder.new(world)
    local vpc = w:vpc { name = "production", cidr = "10.20.0.0/16", internet = true, ipv6 = true }
    local front, private, database_subnet = subnets_of(vpc)
    local web, app, database, quarantine = groups_of(vpc)

    -- The one that is attacked: two interfaces in two subnets, one of them public.
    local victim = front:instance { name = "web-7", groups = { web }, type = "m6i.large",
                                    profile = "web-server", volumes = 1, console = CONSOLE }
    victim:interface { subnet = private, groups = { app } }
    victim:elastic_ip()

    local web_8 = front:instance { name = "web-8", groups = { web }, type = "m6i.large",
                                   asg = "web-fleet", profile = "web-server" }
    front:instance { name = "web-6", groups = { quarantine }, type = "m6i.large",
                     tags = { ["cordon:run"] = "20261120T101500Z-isolate-sg-41aa" } }
    private:instance { name = "app-1", groups = { app }, type = "t3.large", profile = "app-server" }
    private:instance { name = "app-2", groups = { app }, type = "t3.large", profile = "app-server" }
    private:instance { name = "batch-1", groups = { app }, type = "t3.large", spot = true }
    database_subnet:instance { name = "db-1", groups = { database }, type = "r6i.large",
                               profile = "database", volumes = 2, protected = true }
    front:managed_interface { description = "ELB app/front/50dc6c495c0c9188", groups = { web } }
    put_prefix_list(world)
    local balancer = vpc:load_balancer { name = "front", number = "50dc6c495c0c9188",
                                         subnets = { front }, groups = { web },
                                         interfaces = false }
    local targets = vpc:target_group { name = "web", port = 443, protocol = "HTTPS",
                                       balancer = balancer, targets = { victim } }
    vpc:auto_scaling_group { name = "web-fleet", instances = { web_8 }, min = 1, max = 4,
                             health = "ELB", target_groups = { targets } }
    for _, name in ipairs { "web-server", "app-server", "database" } do
        w:role { name = name, policies = { "AmazonSSMManagedInstanceCore" } }
    end
    w:settle()
    w:call("create_queue", { QueueName = "findings" }, "sqs")
    world.changes = {}
    return world
end

return default_world
