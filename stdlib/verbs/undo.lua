-- undo.lua - the playbook of `cordon undo`: the calls that take a run back, stage by stage.
--
-- Owns: their order, and going on where one fails. Which calls they are, trusted Lua has decided
-- (stdlib/host/undo.lua); it is not a playbook that can be named.
local failures = {}

-- What a call of an earlier stage did not give back may use what this one would delete.
local function is_delete(call)
  return call.operation:match("^delete_") ~= nil
end

local function users_of(group)
  local ok, users = pcall(function()
    local list = {}
    local function look(read, member, id, filter)
      local found = ec2[read] { Filters = { { Name = filter, Values = { group } } } }
      for _, one in ipairs(found[member] or {}) do
        if one[id] ~= group then list[#list + 1] = one[id] end
      end
    end
    look("describe_network_interfaces", "NetworkInterfaces", "NetworkInterfaceId", "group-id")
    look("describe_security_groups", "SecurityGroups", "GroupId", "ip-permission.group-id")
    look("describe_security_groups", "SecurityGroups", "GroupId", "egress.ip-permission.group-id")
    return list
  end)
  return ok and users or {}
end

-- What still uses a group that could not be deleted, for people.
local function still_used(call, failure)
  if call.operation ~= "delete_security_group" or not call.params.GroupId then return "" end
  if failure.code ~= "DependencyViolation" and failure.code ~= "InvalidGroup.InUse" then return "" end
  local users = users_of(call.params.GroupId)
  if #users == 0 then return "" end
  return ("; %s is used by %s"):format(call.params.GroupId, table.concat(users, ", "))
end

local function make(call)
  local ok, failure = pcall(_G[call.service][call.operation], call.params)
  if ok then return end
  if type(failure) ~= "table" then error(failure, 0) end
  failures[#failures + 1] = call.operation .. ": " .. tostring(failure) .. still_used(call, failure)
  log(failures[#failures])
end

return playbook {
  api     = 1,
  name    = "undo",
  summary = "Take back what a run changed",

  run = function(args, step)
    local stages = args.stages or {}
    if #stages == 0 then return end
    step("Take it back", { on_failure = "warn" }, function()
      for _, stage in ipairs(stages) do
        local before, calls = #failures, {}
        for _, call in ipairs(stage) do
          if before == 0 or not is_delete(call) then calls[#calls + 1] = call end
        end
        if #calls > 0 then parallel(calls, make) end
      end
      if #failures > 0 then error(table.concat(failures, "; "), 0) end
    end)
  end,
}
