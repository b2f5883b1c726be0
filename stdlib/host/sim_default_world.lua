-- sim_default_world.lua - the world that `cordon sim serve` and the demo start with.
--
-- Owns: one small company's VPC with the things that make isolating hard: two interfaces in two
-- subnets, a public address, a NAT gateway, neighbours, an Auto Scaling member, an instance that
-- is quarantined already, IPv6, a shared group. Always the same ids.
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

local CONSOLE = "[    0.000000] Linux version 6.1.0 (build@host)\n"
    .. "[   12.480113] cloud-init: modules:final\nweb login: \n"

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

    front:instance { name = "web-8", groups = { web }, type = "m6i.large", asg = "web-fleet",
                     profile = "web-server" }
    front:instance { name = "web-6", groups = { quarantine }, type = "m6i.large",
                     tags = { ["cordon:run"] = "20261120T101500Z-isolate-sg-41aa" } }
    private:instance { name = "app-1", groups = { app }, type = "t3.large", profile = "app-server" }
    private:instance { name = "app-2", groups = { app }, type = "t3.large", profile = "app-server" }
    private:instance { name = "batch-1", groups = { app }, type = "t3.large", spot = true }
    database_subnet:instance { name = "db-1", groups = { database }, type = "r6i.large",
                               profile = "database", volumes = 2, protected = true }
    front:managed_interface { description = "ELB app/front/50dc6c495c0c9188", groups = { web } }
    w:call("create_queue", { QueueName = "findings" }, "sqs")
    world.changes = {}
    return world
end

return default_world
