-- flow_heap.lua - events in the order of their time; events of one time in that of their flows.
--
-- Owns: a binary heap. Pure.
local heap = {}
heap.__index = heap

function heap.new()
    return setmetatable({ count = 0 }, heap)
end

local function before(a, b)
    if a.at ~= b.at then return a.at < b.at end
    return a.order < b.order
end

-- `event`: {at, order, ...}
function heap:push(event)
    self.count = self.count + 1
    local place = self.count
    while place > 1 do
        local parent = place // 2
        if not before(event, self[parent]) then break end
        self[place] = self[parent]
        place = parent
    end
    self[place] = event
end

function heap:first()
    return self[1]
end

-- Moves `event` down from the top to its place.
local function sink(self, event)
    local place = 1
    while true do
        local child = place * 2
        if child > self.count then break end
        if child < self.count and before(self[child + 1], self[child]) then child = child + 1 end
        if not before(self[child], event) then break end
        self[place] = self[child]
        place = child
    end
    self[place] = event
end

-- Takes the first event out; nil when there is none.
function heap:pop()
    local first = self[1]
    if not first then return nil end
    local last = self[self.count]
    self[self.count] = nil
    self.count = self.count - 1
    if self.count > 0 then sink(self, last) end
    return first
end

return heap
