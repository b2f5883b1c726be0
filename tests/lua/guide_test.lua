-- guide_test.lua - the playbooks in docs/playbook-guide.md run, and its fragments are Lua.
local check = require "check"
local fake_ec2 = require "fake_ec2"
local fake_host = require "fake_host"

local ANY = { { IpProtocol = "-1", IpRanges = { { CidrIp = "0.0.0.0/0" } } } }

-- The guide's code: whole files by their names, and fragments.
local function snippets()
    local text = assert(io.open("docs/playbook-guide.md")):read("a")
    local files, fragments = {}, {}
    for kind, code in text:gmatch("\n```lua([^\n]*)\n(.-)\n```") do
        if kind == "" then
            files[code:match("^%-%- ([%w-]+%.lua)")] = code
        else
            fragments[#fragments + 1] = code
        end
    end
    return files, fragments
end

local function world_with_instance()
    local world = fake_ec2.new()
    local vpc = world:vpc()
    local id = world:instance()
    world:interface(id, world:subnet(vpc), { world:group(vpc, "web", ANY, ANY) },
                    { Association = { PublicIp = "198.51.100.7" } })
    return world, vpc, id
end

local function run_guide(name, more_args)
    local path = os.tmpname()
    local file = assert(io.open(path, "w"))
    file:write(snippets()[name])
    file:close()
    local world, vpc, id = world_with_instance()
    local args = more_args and more_args(world, vpc) or {}
    args.instance = id
    local options = { args = args, answer = function(o, p) return world:call(o, p) end }
    local plan = fake_host.rehearse(path, options)
    local run = fake_host.pass(path, options)
    os.remove(path)
    check.equal({ plan.error, run.error }, {})
    check.equal(#run.mutations, #plan.mutations)
    for _, expectation in ipairs(run.expects) do check.ok(expectation.ok, expectation.text) end
    return run, world
end

return {
    { "the first playbook isolates and verifies", function()
        local run, world = run_guide "quarantine-web.lua"
        check.equal(#run.expects, 1)
        local _, interface = next(world.interfaces)
        check.has(world.groups[interface.groups[1]].name, "cordon-final")
    end },
    { "the window of one's own", function()
        local run = run_guide("swap-through.lua", function(world, vpc)
            return { open = world:group(vpc, "open", ANY, ANY),
                     closed = world:group(vpc, "closed") }
        end)
        check.equal(#run.mutations, 2)
        check.equal(run.mutations[2].phase, "close")
    end },
    { "the fragments compile", function()
        local _, fragments = snippets()
        check.equal(#fragments, 7)
        for _, code in ipairs(fragments) do assert(load(code)) end
    end },
}
