-- sim_sts.lua - who the caller is.
local sts = { operations = {} }

function sts.operations.get_caller_identity(world)
    return { UserId = "AIDASIMULATED0000RESP", Account = world.account, Arn = world.caller }
end

return sts
