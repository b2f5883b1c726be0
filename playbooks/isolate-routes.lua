-- isolate-routes.lua - cut an instance's subnets off by taking their routes away.
--
-- Steps: Prepare the new table, Cut off, Evidence, Verify. What is decided and why is in
-- stdlib/playbook/route_decision.lua, what is not cut in edge_survivors.lua.
local isolate  = require "isolate"
local evidence = require "evidence"

return playbook {
    api     = 1,
    name    = "isolate-routes",
    summary = "Take the routes of an instance's subnets away: nothing leaves the VPC",

    args = {
        instance = { type = "instance", required = true, help = "id or unique Name tag" },
        mode     = { type = "choice", choices = { "new-table", "strip" }, default = "new-table",
                     help = "an empty table for its subnets, or empty theirs" },
        accept   = { type = "list", of = "choice",
                     choices = { "others", "asg", "eks", "spot", "beanstalk" },
                     help = "hazards that --yes may accept" },
        evidence = { type = "boolean", default = true, help = "tag it, read its console" },
    },

    run = function(args, step)
        local host = isolate.instance(args.instance)
        local cut = isolate.decide_routes(host, args)
        if cut.nothing_to_do then
            log(cut.nothing_to_do .. ": nothing to do")
            return { nothing_to_do = cut.nothing_to_do, survivors = isolate.survivors(host),
                     around = isolate.around(host) }
        end
        for _, note in ipairs(cut.notes) do log(note) end

        step("Prepare", { when = cut.makes_table }, function()
            isolate.prepare_routes(cut)
        end)
        step("Cut off", { hazards = cut.hazards }, function()
            isolate.cut_routes(cut)
        end)
        step("Evidence", { on_failure = "warn", when = args.evidence }, function()
            evidence.record(host)
        end)
        step("Verify", function()
            isolate.verify_routes(cut)
        end)

        return { survivors = isolate.survivors(host), around = isolate.around(host) }
    end,
}
