-- naive-swap.lua - what many first scripts do: a group without rules, put on the instance.
--
-- It is here to fail its drill (naive-swap.lua): a swap does not touch connections that are open
-- and tracked. Use isolate-sg.
return playbook {
    api     = 1,
    name    = "naive-swap",
    summary = "Swap the groups of an instance for one without rules (leaves open sessions alive)",
    args    = { instance = { type = "instance", required = true } },

    run = function(args, step)
        local found = ec2.describe_instances { InstanceIds = { args.instance } }
        local host = found.Reservations[1].Instances[1]
        step("Swap the groups", function()
            local group = ec2.create_security_group {
                GroupName = "quarantine-" .. run_id, VpcId = host.VpcId, Description = "no rules" }.GroupId
            ec2.revoke_security_group_egress { GroupId = group, IpPermissions = {
                { IpProtocol = "-1", IpRanges = { { CidrIp = "0.0.0.0/0" } } } } }
            ec2.modify_network_interface_attribute {
                NetworkInterfaceId = host.NetworkInterfaces[1].NetworkInterfaceId,
                Groups = { group } }
        end)
    end,
}
