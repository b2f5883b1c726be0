-- evidence_manifest.lua - what was collected, item by item, each with its SHA-256.
--
-- Owns: reading what the API says of an instance and of all around it, and the list of it. The
-- journal keeps the answers themselves; a digest here is that of the answer's JSON (keys sorted, no
-- blanks, an empty list as {}).
local manifest = {}

-- The reads that describe an instance: {name, operation, params}.
local function reads_of(host)
    local subnets, groups, vpcs = {}, {}, {}
    local function put(set, id) set[id] = true end
    for _, interface in ipairs(host.interfaces) do
        put(subnets, interface.subnet)
        put(vpcs, interface.vpc)
        for _, group in ipairs(interface.groups) do put(groups, group.id) end
    end
    local function list(set)
        local ids = {}
        for id in pairs(set) do ids[#ids + 1] = id end
        table.sort(ids)
        return ids
    end
    local function filter(name, ids) return { { Name = name, Values = ids } } end
    return {
        { "instance", "describe_instances", { InstanceIds = { host.id } } },
        { "user data, as a digest", "describe_instance_attribute",
          { InstanceId = host.id, Attribute = "userData" } },
        { "interfaces", "describe_network_interfaces",
          { Filters = filter("attachment.instance-id", { host.id }) } },
        { "volumes", "describe_volumes", { Filters = filter("attachment.instance-id", { host.id }) } },
        { "security groups", "describe_security_groups", { GroupIds = list(groups) } },
        { "network ACLs", "describe_network_acls",
          { Filters = filter("association.subnet-id", list(subnets)) } },
        { "route tables", "describe_route_tables", { Filters = filter("vpc-id", list(vpcs)) } },
        { "instance profile", "describe_iam_instance_profile_associations",
          { Filters = filter("instance-id", { host.id }) } },
        { "flow logs", "describe_flow_logs",
          { Filter = filter("resource-id", list(vpcs)) } },
        { "console output", "get_console_output", { InstanceId = host.id } },
    }
end

-- Reads all of it at once. {name, sha256} or {name, missing = why} each: what cannot be read does
-- not keep the rest away.
function manifest.read(host)
    return parallel(reads_of(host), function(read)
        local ok, answer = pcall(ec2[read[2]], read[3])
        if not ok then return { name = read[1], missing = tostring(answer) } end
        return { name = read[1], sha256 = digest(answer) }
    end)
end

-- Adds an item whose value is at hand.
function manifest.add(list, name, value)
    list[#list + 1] = { name = name, sha256 = digest(value) }
end

-- Writes it into the journal, and says it.
function manifest.write(list)
    log(("Manifest of %d items (SHA-256 of each answer's JSON, which the journal holds):"):format(#list),
        list)
    for _, item in ipairs(list) do
        log(("  %s  %s"):format(item.sha256 or "missing", item.name)
            .. (item.missing and ": " .. item.missing or ""))
    end
end

return manifest
