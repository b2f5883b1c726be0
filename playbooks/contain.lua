-- contain.lua - the one for 3 a.m.: hold an instance, cut it off, take its credentials.
--
-- Steps: Hold it and Prepare, in one; Cut off; then what closes flows that outlive the cut (Drop
-- the public address, Network ACL, Shorten the idle time-out), Credentials, Target groups,
-- Evidence, Verify, Clean up. Each asks for itself and can be switched off. Only without groups,
-- or without the cut, the run stops: what is around the cut warns, and the run ends 3.
--
-- Nothing may delay the cut: all reads are made before the first question, the instance is held
-- while the groups are made, and everything else comes after. How credentials are denied to this
-- one instance is in stdlib/playbook/credentials.lua.
local credentials    = require "credentials"
local evidence       = require "evidence"
local hold           = require "hold"
local isolate        = require "isolate"
local levers         = require "levers"
local load_balancing = require "load_balancing"

-- The instance and what is around it, all read at once; what is switched off is not read.
local function read(args)
    local parts = {
        function()
            return isolate.instance(args.instance, { groups = args.final and { args.final } })
        end,
        function() return args.hold and hold.read(args.instance) end,
        function() return args.credentials and credentials.read(args.instance) end,
        function() return args.target_groups and load_balancing.read(args.instance) end,
    }
    local found = parallel(parts, function(part) return part() or false end)
    return found[1], found[2], found[3], found[4]
end

-- The hazards that are left: what is put in Standby is no longer its group's to terminate.
local function hazards_of(host, held)
    local left = {}
    for code, text in pairs(host.hazards) do left[code] = text end
    if held and held.auto_scaling and not held.auto_scaling.failure then left.asg = nil end
    return next(left) and left or nil
end

-- Standby takes it out of its group's target groups; the others are ours.
local function left_to_us(balanced, held)
    local member = held and held.auto_scaling
    if not balanced or not member or not member.standby then return balanced end
    return load_balancing.without(balanced, member.target_groups)
end

-- A network ACL stops what outlives the cut, at the edge of its subnets: for nothing but the
-- instance unless told otherwise. nil when it is not wanted; {failure} when it cannot be decided.
local function decide_edge(host, args)
    if args.network_acl == "never" then return nil end
    local ok, edge = pcall(isolate.decide_network_acl, host, { keep = args.forensics })
    if not ok then return { failure = tostring(edge) } end
    if not edge.nothing_to_do and (#edge.others == 0 or args.network_acl == "always") then
        for _, note in ipairs(edge.notes) do log(note) end
        return edge
    end
    host.acl_cut = nil
    log("network ACL: left as it is, " .. (edge.nothing_to_do
        or ("it would cut off others too: " .. table.concat(edge.others, ", ")
            .. " (network_acl=always does)")))
    return nil
end

local function cut_edge(edge)
    if edge.failure then error("network ACL: " .. edge.failure, 0) end
    isolate.prepare_network_acl(edge)
    isolate.cut_network_acl(edge)
end

-- Both at once, so that holding costs no time: it warns when it fails, while without groups there
-- is no cut. `cut`: false when no groups are to be made. True when the instance is held.
local function hold_and_prepare(step, held, cut)
    local parts, prepared, was_held = {}, not cut, not held
    if held and held.needed then parts[1] = "Hold it" end
    if cut then parts[#parts + 1] = "Prepare" end
    local _, failure = step(table.concat(parts, ", "), {
        on_failure = "warn", when = #parts > 0,
    }, function()
        parallel(parts, function(part)
            if part == "Hold it" then
                hold.all(held)
                was_held = true
            else
                isolate.prepare(cut)
                prepared = true
            end
        end)
    end)
    if not prepared then error(failure or "the groups were not made", 0) end
    return was_held
end

-- A step whose failure warns. True when it was done, or not needed.
local function warned(step, title, needed, fn, hazards)
    local _, failure = step(title, {
        on_failure = "warn", when = needed and true or false, hazards = hazards,
    }, fn)
    return failure == nil
end

-- What closes flows that outlive the cut, and what is around it. `done` notes what was.
local function close_the_rest(step, args, found, done)
    local host, edge, secrets, balanced = found.host, found.edge, found.secrets, found.balanced
    warned(step, "Drop the public address", levers.drops_address(host, args.public_address),
           function() levers.drop_public_addresses(host, args.public_address == "drop") end)
    local others = edge and (edge.hazards or {}).others
    done.edge = warned(step, "Network ACL", edge, function() cut_edge(edge) end,
                       others and { others = others })
    warned(step, "Shorten the idle time-out", levers.sets_idle_timeout(host, args.idle_timeout),
           function() levers.set_idle_timeout(host, args.idle_timeout) end)
    done.credentials = warned(step, "Credentials", secrets and credentials.needed(secrets),
                              function() credentials.withdraw(secrets, args.profile) end)
    warned(step, "Target groups", balanced and load_balancing.needed(balanced),
           function() load_balancing.deregister(balanced) end)
    warned(step, "Evidence", args.evidence, function() evidence.record(host) end)
end

-- Reads back what was done; what failed was told already.
local function verify(args, found, done)
    if found.cut then isolate.verify(found.cut) end
    if found.edge and done.edge then isolate.verify_network_acl(found.edge) end
    local held, secrets = found.held, found.secrets
    if held and done.held and (held.auto_scaling or {}).standby then
        local ok, why = hold.is_held(held)
        expect(ok, "its Auto Scaling group leaves it alone", why)
    end
    if secrets and secrets.profile and done.credentials then
        local ok, why = credentials.are_withdrawn(secrets, args.profile)
        expect(ok, "its profile is gone and its role's sessions are denied", why)
    end
end

-- What remains, besides what outlives the cut.
local function around(args, found, done)
    local host, list = found.host, isolate.around(found.host)
    local withdrawn = found.secrets and done.credentials
    for _, text in ipairs(withdrawn and credentials.survivors(found.secrets) or {}) do
        list[#list + 1] = text
    end
    local _, assigned = levers.public_interfaces(host)
    if args.public_address == "auto" and #assigned > 0 then
        list[#list + 1] = ("%s keeps its public address %s: nothing brings an address that AWS "
            .. "assigned back; public-address=drop takes it"):format(assigned[1].id,
                                                                    assigned[1].public)
    end
    return list
end

return playbook {
    api     = 1,
    name    = "contain",
    summary = "Hold an instance, cut it off, take its credentials, keep evidence",

    args = {
        instance       = { type = "instance", required = true, help = "id or unique Name tag" },
        hold           = { type = "boolean", default = true,
                           help = "Standby in its Auto Scaling group, protected, volumes kept" },
        convert        = { type = "choice", choices = { "auto", "always", "never" },
                           default = "auto",
                           help = "open for a moment so that tracked flows drop" },
        settle         = { type = "number", default = 5, min = 0, max = 300,
                           help = "seconds in which open flows are converted" },
        final          = { type = "security-group",
                           help = "an existing group without rules to end on" },
        forensics      = { type = "cidr", help = "investigators who may still reach it" },
        forensics_ports = { type = "list", of = "number", min = 1, max = 65535,
                            help = "TCP ports for them; all traffic without" },
        public_address = { type = "choice", choices = { "auto", "drop", "keep" },
                           default = "auto",
                           help = "auto drops Elastic IPs; drop also what AWS assigned, for good" },
        network_acl    = { type = "choice", choices = { "auto", "always", "never" },
                           default = "auto",
                           help = "deny all at its subnets' edge; auto: if that hits nobody else" },
        idle_timeout   = { type = "number", default = 60, min = 0, max = 432000,
                           help = "seconds until idle tracked flows are forgotten; 0: as it is" },
        credentials    = { type = "boolean", default = true,
                           help = "take its profile, deny its role's sessions (aws:userid)" },
        profile        = { type = "string",
                           help = "an instance profile to put in the place of its own" },
        target_groups  = { type = "boolean", default = true,
                           help = "deregister it from load balancers" },
        evidence       = { type = "boolean", default = true, help = "tag it, read its console" },
        accept         = { type = "list", of = "choice",
                           choices = { "others", "asg", "eks", "spot", "beanstalk" },
                           help = "hazards that --yes may accept" },
    },

    run = function(args, step)
        local host, held, secrets, balanced = read(args)
        local cut = isolate.decide(host, args)
        if cut.nothing_to_do then cut = false end
        for _, text in ipairs(held and hold.texts(held) or {}) do log(text) end
        log(host.cut.nothing_to_do or host.cut.why)
        local found = { host = host, cut = cut, held = held, secrets = secrets,
                        edge = decide_edge(host, args), balanced = left_to_us(balanced, held) }

        local done = { held = hold_and_prepare(step, held, cut and cut.makes_groups and cut) }
        step("Cut off", { when = cut and true, hazards = hazards_of(host, held) }, function()
            isolate.cut(cut)
        end)
        close_the_rest(step, args, found, done)
        step("Verify", function() verify(args, found, done) end)
        warned(step, "Clean up", cut and cut.makes_opening, function() isolate.clean_up(cut) end)

        return { survivors = isolate.survivors(host), around = around(args, found, done) }
    end,
}
