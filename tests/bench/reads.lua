-- reads.lua - makes `count` reads, each a different one: for measuring memory.
return playbook {
    api = 1, name = "reads", summary = "Makes many reads",
    args = { count = { type = "number", default = 100, help = "how many" } },
    run = function(args)
        for i = 1, args.count do
            ec2.describe_vpcs { Filters = { { Name = "tag:n", Values = { tostring(i) } } } }
        end
    end,
}
