-- run_facts.lua - what the host tells a playbook about its run.
--
-- Owns: the run's id, its ticket and when it began. The clock is of no use for what a call
-- says: rehearsal and execution would name two times, and make two different calls.
local facts = {}

facts.id = run_id
facts.ticket = ticket  -- nil when the operator gave none

-- "20261124T021530Z-isolate-sg-7f3a" began at "2026-11-24T02:15:30Z".
function facts.began()
    local year, month, day, hour, minute, second =
        facts.id:match("^(%d%d%d%d)(%d%d)(%d%d)T(%d%d)(%d%d)(%d%d)Z")
    if not year then return facts.id end
    return ("%s-%s-%sT%s:%s:%sZ"):format(year, month, day, hour, minute, second)
end

return facts
