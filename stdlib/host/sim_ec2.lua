-- sim_ec2.lua - the EC2 operations that are simulated, as one table.
--
-- Owns: which module has which, which operations have no DryRun (as the API model says; a test
-- compares), and which remember a ClientToken. An operation is function(world, params, call) ->
-- value, or it raises an error of sim_errors.lua.
local ec2 = { operations = {} }

local MODULES = { "sim_ec2_reads", "sim_ec2_groups", "sim_ec2_rules", "sim_ec2_interfaces",
                  "sim_ec2_instances", "sim_ec2_tags", "sim_ec2_acls", "sim_ec2_routes",
                  "sim_ec2_route_tables", "sim_ec2_gateways", "sim_ec2_addresses",
                  "sim_ec2_snapshots", "sim_ec2_profiles", "sim_ec2_vpcs" }

for _, module in ipairs(MODULES) do
    for name, operation in pairs(require(module)) do
        assert(not ec2.operations[name] or module == "sim_ec2_reads", name)
        ec2.operations[name] = operation
    end
end

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
