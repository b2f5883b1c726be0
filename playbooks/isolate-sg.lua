-- isolate-sg.lua - cut an EC2 instance off with security groups, open connections included.
--
-- Steps: Prepare the groups, Cut off, Drop the public address, Shorten the idle time-out,
-- Evidence, Verify, Clean up. What is decided and why is in stdlib/playbook/cut_decision.lua, what
-- cannot be cut in survivors.lua; the address and the time-out (levers.lua) are for flows that
-- outlive the cut, and are left as they are unless asked for.
local isolate  = require "isolate"
local evidence = require "evidence"
local levers   = require "levers"

return playbook {
    api     = 1,
    name    = "isolate-sg",
    summary = "Cut an instance off with security groups, open connections included",

    args = {
        instance  = { type = "instance", required = true, help = "id or unique Name tag" },
        settle    = { type = "number", default = 5, min = 0, max = 300,
                      help = "seconds in which open flows are converted" },
        convert   = { type = "choice", choices = { "auto", "always", "never" }, default = "auto",
                      help = "open for a moment so that tracked flows drop" },
        mode      = { type = "choice", choices = { "new", "prepared" }, default = "new",
                      help = "make the groups, or use step1 and step2" },
        step1     = { type = "security-group", help = "prepared: lets everything through" },
        step2     = { type = "security-group", help = "prepared: without rules" },
        final     = { type = "security-group", help = "an existing group without rules to end on" },
        forensics = { type = "cidr", help = "investigators who may still reach it" },
        forensics_ports = { type = "list", of = "number", min = 1, max = 65535,
                            help = "TCP ports for them; all traffic without" },
        public_address = { type = "choice", choices = { "keep", "auto", "drop" },
                           default = "keep",
                           help = "auto drops Elastic IPs; drop also what AWS assigned, for good" },
        idle_timeout   = { type = "number", default = 0, min = 0, max = 432000,
                           help = "seconds until idle tracked flows are forgotten, 60 at least" },
        accept    = { type = "list", of = "choice",
                      choices = { "asg", "eks", "spot", "beanstalk" },
                      help = "hazards that --yes may accept" },
        evidence  = { type = "boolean", default = true, help = "tag it, read its console" },
    },

    run = function(args, step)
        local given = {}
        for _, name in ipairs { "final", "step1", "step2" } do given[#given + 1] = args[name] end
        local host = isolate.instance(args.instance, { groups = given, carriers_of = args.step1 })
        local cut = isolate.decide(host, args)
        if cut.nothing_to_do then
            log(cut.nothing_to_do .. ": nothing to do (convert=always cuts it once more)")
            return { nothing_to_do = cut.nothing_to_do, survivors = isolate.survivors(host),
                     around = isolate.around(host) }
        end
        log(cut.why)

        step("Prepare", { when = cut.makes_groups }, function()
            isolate.prepare(cut)
        end)
        step("Cut off", { hazards = next(host.hazards) and host.hazards or nil }, function()
            isolate.cut(cut)
        end)
        step("Drop the public address", {
            on_failure = "warn", when = levers.drops_address(host, args.public_address),
        }, function()
            levers.drop_public_addresses(host, args.public_address == "drop")
        end)
        step("Shorten the idle time-out", {
            on_failure = "warn", when = levers.sets_idle_timeout(host, args.idle_timeout),
        }, function()
            levers.set_idle_timeout(host, args.idle_timeout)
        end)
        step("Evidence", { on_failure = "warn", when = args.evidence }, function()
            evidence.record(host)
        end)
        step("Verify", function()
            isolate.verify(cut)
        end)
        step("Clean up", { on_failure = "warn", when = cut.makes_opening }, function()
            isolate.clean_up(cut)
        end)

        return { survivors = isolate.survivors(host),
                     around = isolate.around(host) }
    end,
}
