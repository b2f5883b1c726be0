-- later.lua - a module that is loaded when it is first used.
--
-- Owns: the stand-in for its table. A run needs a part of the simulator only, and loading is what
-- costs most. For modules of which a caller uses members by name; one that is walked through, or
-- that must have been loaded to have its effect, is required.
return function(name)
    return setmetatable({}, {
        __index = function(stand_in, member)
            local value = require(name)[member]
            rawset(stand_in, member, value)
            return value
        end,
    })
end
