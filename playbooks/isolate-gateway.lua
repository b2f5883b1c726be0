-- isolate-gateway.lua - cut a whole VPC off from the internet.
--
-- An internet gateway cannot be detached while anybody in the VPC has a public address, so its
-- routes are taken away instead. Steps: Prepare the new table, Cut off, Evidence, Verify. What is
-- decided and why is in stdlib/playbook/route_decision.lua, what is not cut in edge_survivors.lua.
local isolate  = require "isolate"
local evidence = require "evidence"

-- The VPC that is meant, and the instance when one was named.
local function the_vpc(args)
    if not args.instance then
        return args.vpc or error("isolate-gateway needs vpc= or instance=", 0)
    end
    local host = isolate.instance(args.instance)
    local vpc = args.vpc or host.interfaces[1].vpc
    if not host.vpcs[vpc] then error(("%s is not in %s"):format(host.id, vpc), 0) end
    for other in pairs(host.vpcs) do
        if other ~= vpc and not args.vpc then
            error(("%s is in more than one VPC: say which with vpc="):format(host.id), 0)
        end
    end
    return vpc, host
end

return playbook {
    api     = 1,
    name    = "isolate-gateway",
    summary = "Cut a whole VPC off from the internet; it hits everybody in it",

    args = {
        vpc      = { type = "vpc", help = "id or unique Name tag; or give instance" },
        instance = { type = "instance", help = "one that is in the VPC" },
        mode     = { type = "choice", choices = { "strip-routes", "empty-tables" },
                     default = "strip-routes",
                     help = "remove the gateways' routes, or empty tables for all" },
        accept   = { type = "list", of = "choice", choices = { "whole-vpc" },
                     help = "hazards that --yes may accept" },
        evidence = { type = "boolean", default = true, help = "tag the instance, or the VPC" },
    },

    run = function(args, step)
        local vpc, host = the_vpc(args)
        local cut = isolate.decide_gateway(vpc, args)
        if cut.nothing_to_do then
            log(cut.nothing_to_do .. ": nothing to do")
            return { nothing_to_do = cut.nothing_to_do, survivors = isolate.left_by(cut) }
        end
        for _, note in ipairs(cut.notes) do log(note) end

        step("Prepare", { when = cut.makes_table }, function()
            isolate.prepare_routes(cut)
        end)
        step("Cut off", { hazards = cut.hazards }, function()
            isolate.cut_routes(cut)
        end)
        step("Evidence", { on_failure = "warn", when = args.evidence }, function()
            if host then evidence.record(host) else evidence.tags { id = vpc } end
        end)
        step("Verify", function()
            isolate.verify_routes(cut)
        end)

        return { survivors = isolate.left_by(cut) }
    end,
}
