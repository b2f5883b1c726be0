-- isolate-nacl.lua - cut an instance's subnets off with network ACLs, open connections included.
--
-- Steps: Prepare the new list, Cut off, Evidence, Verify. What is decided and why is in
-- stdlib/playbook/acl_decision.lua, what is not cut in edge_survivors.lua.
local isolate  = require "isolate"
local evidence = require "evidence"

return playbook {
    api     = 1,
    name    = "isolate-nacl",
    summary = "Cut an instance's subnets off with network ACLs: all of them stop at once",

    args = {
        instance = { type = "instance", required = true, help = "id or unique Name tag" },
        mode     = { type = "choice", choices = { "auto", "new", "existing" }, default = "auto",
                     help = "a new list for its subnets, or a deny first in theirs" },
        keep     = { type = "cidr", help = "investigators who may still reach it" },
        keep_ssm = { type = "boolean", default = false,
                     help = "leave Session Manager its endpoints in the VPC" },
        accept   = { type = "list", of = "choice",
                     choices = { "others", "asg", "eks", "spot", "beanstalk" },
                     help = "hazards that --yes may accept" },
        evidence = { type = "boolean", default = true, help = "tag it, read its console" },
    },

    run = function(args, step)
        local host = isolate.instance(args.instance)
        local cut = isolate.decide_network_acl(host, args)
        if cut.nothing_to_do then
            log(cut.nothing_to_do .. ": nothing to do")
            return { nothing_to_do = cut.nothing_to_do, survivors = isolate.survivors(host),
                     around = isolate.around(host) }
        end
        for _, note in ipairs(cut.notes) do log(note) end

        step("Prepare", { when = cut.makes_list }, function()
            isolate.prepare_network_acl(cut)
        end)
        step("Cut off", { hazards = cut.hazards }, function()
            isolate.cut_network_acl(cut)
        end)
        step("Evidence", { on_failure = "warn", when = args.evidence }, function()
            evidence.record(host)
        end)
        step("Verify", function()
            isolate.verify_network_acl(cut)
        end)

        return { survivors = isolate.survivors(host), around = isolate.around(host) }
    end,
}
