-- permissions.lua - what AWS would let these credentials do, asked with DryRun.
--
-- Owns: asking, and reading the answers. It changes nothing: a call with DryRun=true never does.
local permissions = {}

local DENIED = { UnauthorizedOperation = true, AccessDenied = true, AccessDeniedException = true }

-- One {operation, params} of EC2: "proven", "denied", or "unclear" and why.
local function ask(call)
    local params = { DryRun = true }
    for name, value in pairs(call[2]) do params[name] = value end
    local ok, answer = pcall(ec2[call[1]], params)
    if ok then return { state = "unclear", why = "the endpoint ignored DryRun" } end
    if type(answer) ~= "table" then error(answer, 0) end
    if answer.code == "DryRunOperation" then return { state = "proven" } end
    if DENIED[answer.code] then return { state = "denied", why = answer.message } end
    return { state = "unclear", why = ("%s: %s"):format(answer.code, answer.message) }
end

-- permissions.ask {{operation, params}, ...}: for each {operation, state, why}, all at once.
function permissions.ask(list)
    return parallel(list, function(call)
        local answer = ask(call)
        answer.operation = call[1]
        return answer
    end)
end

return permissions
