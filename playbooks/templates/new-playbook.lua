-- new-playbook.lua - say here what it isolates, and when a responder should choose it.
--
--   cordon lint new-playbook                   what is wrong with it, without any call
--   cordon plan new-playbook instance=web-7    what it would do; changes nothing
--   cordon run  new-playbook instance=web-7    does it, a confirmation per step
--
-- docs/playbook-guide.md says what can be used here.
local isolate  = require "isolate"
local evidence = require "evidence"

return playbook {
    api     = 1,
    name    = "new-playbook",
    summary = "Cut an instance off with security groups and keep its evidence",

    -- Checked before `run` begins; `cordon show` prints them. `instance` gives an id also where a
    -- Name tag was typed.
    args = {
        instance = { type = "instance", required = true, help = "id or unique Name tag" },
        settle   = { type = "number", default = 5, min = 0, max = 300,
                     help = "seconds in which open connections are converted, so that they drop" },
    },

    -- Run twice: rehearsed first, then for real. Reads may stand anywhere; whatever changes
    -- something stands in a step, which the operator sees, confirms and can take back.
    run = function(args, step)
        local host = isolate.instance(args.instance)

        -- `hazards`: what will happen besides, shown in the prompt (an Auto Scaling group that
        -- replaces the instance).
        step("Cut it off", { hazards = host.hazards }, function()
            isolate.with_security_groups(host, { settle = args.settle })
        end)

        -- Evidence must not stop a containment: a failure here is a warning. Undo leaves it.
        step("Keep evidence", { on_failure = "warn" }, function()
            evidence.record(host)
        end)

        -- Reads back what was done. What does not hold ends the run with 7.
        step("Verify", function()
            local cut_off, why = isolate.unreachable(host)
            expect(cut_off, "no rule lets anything in or out", why)
        end)

        -- Shown at the end: what no security group can cut.
        return { survivors = isolate.survivors(host) }
    end,
}
