-- lists.lua - small things about lists of described resources. Pure.
local lists = {}

-- The ids of a list of {id = ...}, in its order.
function lists.ids(list)
    local ids = {}
    for i, item in ipairs(list) do ids[i] = item.id end
    return ids
end

-- "eni-1, eni-2"
function lists.ids_text(list)
    return table.concat(lists.ids(list), ", ")
end

-- By the member `key` of its items; nil is an empty list.
function lists.by(list, key)
    local map = {}
    for _, item in ipairs(list or {}) do map[item[key]] = item end
    return map
end

return lists
