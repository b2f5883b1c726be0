-- optional_reads.lua - reads of what is only around an instance: they may fail.
--
-- Owns: turning a refused read into words. What could not be read is said, and left alone: a
-- missing permission for Auto Scaling must not stop a containment.
local optional = {}

-- The result of method(params); nil and why it could not be read.
function optional.read(method, params)
    local ok, result = pcall(method, params)
    if ok then return result end
    return nil, tostring(result)
end

-- All items of a paginated read's member; nil and why.
function optional.all(service, operation, member)
    local list = {}
    local ok, failure = pcall(function()
        for page in service.pages(operation, {}) do
            table.move(page[member] or {}, 1, #(page[member] or {}), #list + 1, list)
        end
    end)
    if ok then return list end
    return nil, tostring(failure)
end

return optional
