-- sim_pages.lua - pages of lists for the services that are not EC2.
--
-- Owns: tokens that only the operation that gave them accepts.
local errors = require "sim_errors"
local values = require "sim_values"

local pages = {}

local function token_of(operation, position)
    return ("%016x%08x"):format(values.hash(operation .. "/" .. position), position)
end

local function position_of(operation, token, code)
    local position = tonumber(tostring(token):sub(-8), 16)
    if not position or token_of(operation, position) ~= token then
        errors.raise(code, "The token '%s' is invalid.", tostring(token):sub(1, 100))
    end
    return position
end

-- The items of `list` behind `token` (nil: from the start), at most `limit`, and the next token.
-- `code`: how the service refuses a token that it did not give.
function pages.page(operation, list, token, limit, code)
    local start = token and token ~= "" and position_of(operation, token, code) or 0
    local stop = math.min(#list, start + limit)
    return table.move(list, start + 1, stop, 1, {}), stop < #list and token_of(operation, stop)
        or nil
end

return pages
