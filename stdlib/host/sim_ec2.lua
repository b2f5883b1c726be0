-- sim_ec2.lua - the EC2 operations that are simulated, as one table.
--
-- Owns: which module has which, which operations have no DryRun (as the API model says; a test
-- compares), and which remember a ClientToken. An operation is function(world, params, call) ->
-- value, or it raises an error of sim_errors.lua.
local ec2 = {}

-- What isolating by groups needs comes first.
local MODULES = { "sim_ec2_reads", "sim_ec2_groups", "sim_ec2_rules", "sim_ec2_interfaces",
                  "sim_ec2_tags", "sim_ec2_instances", "sim_ec2_acls", "sim_ec2_routes",
                  "sim_ec2_route_tables", "sim_ec2_gateways", "sim_ec2_addresses",
                  "sim_ec2_snapshots", "sim_ec2_profiles", "sim_ec2_vpcs" }

local loaded = 0

local function load_next(operations)
    loaded = loaded + 1
    local module = MODULES[loaded]
    for name, operation in pairs(require(module)) do
        assert(not rawget(operations, name) or module == "sim_ec2_reads", name)
        rawset(operations, name, operation)
    end
end

-- Modules are loaded until one has the operation that is asked for.
ec2.operations = setmetatable({}, {
    __index = function(operations, name)
        while loaded < #MODULES do
            load_next(operations)
            local operation = rawget(operations, name)
            if operation then return operation end
        end
        return nil
    end,
    __pairs = function(operations)
        while loaded < #MODULES do load_next(operations) end
        return next, operations, nil
    end,
}
)

ec2.no_dry_run = {
    associate_iam_instance_profile = true, disassociate_iam_instance_profile = true,
    replace_iam_instance_profile_association = true,
    describe_iam_instance_profile_associations = true, modify_subnet_attribute = true,
    modify_vpc_attribute = true,
}

ec2.client_token = {
    create_network_acl = true, create_route_table = true, create_network_interface = true,
    create_egress_only_internet_gateway = true, create_nat_gateway = true, run_instances = true,
}

return ec2
