-- lint_parser_test.lua - lint's lexer and parser say what Lua's own say, in the same words.
local check = require "check"
local parser = require "lint_parser"

-- What Lua's compiler says about a source: its text and line; nil when it is Lua.
local function lua_says(source)
    local chunk, message = load(source, "@x", "t")
    if chunk then return nil end
    local line, text = message:match("^x:(%d+): (.*)$")
    return text, tonumber(line)
end

-- Lua reports these where the function ends; lint where they stand.
local ELSEWHERE = { "^break outside", "<goto", "^label", "^attempt to assign", "^unknown attribute",
                    "^multiple to%-be%-closed" }

local function compare(source)
    local tree, problem = parser.parse(source)
    local text, line = lua_says(source)
    check.equal(not tree and problem.text or nil, text, "in: " .. source:sub(1, 200))
    for _, pattern in ipairs(ELSEWHERE) do
        if text and text:find(pattern) then return end
    end
    if text then check.equal(problem.line, line, "the line of " .. text) end
end

local function read(path)
    local file = assert(io.open(path))
    local text = file:read("a")
    file:close()
    return text
end

local FILES = { "playbooks/isolate-sg.lua", "playbooks/templates/new-playbook.lua",
                "stdlib/playbook/core_modules.lua", "stdlib/playbook/security_group_cut.lua",
                "stdlib/host/lint_expressions.lua", "tests/lua/fake_host.lua",
                "tests/lua/lint_parser_test.lua" }

local WRONG = {
    "x", "x =", "= 1", "x.y", "f() = 1", "(a) = 1", "a, f() = 1", "local", "local 1", "if x", "if x then",
    "if x then else elseif", "while x", "while x do", "repeat", "repeat until", "for", "for x", "for 1",
    "for x = 1", "for x = 1, 2", "for x in y", "for x, y = 1", "function", "function f", "function f(",
    "function f(a", "function f(a,", "function f(..., a) end", "function f:a.b() end", "return 1 x",
    "return return", "do", "do end end", "end", "until x", "else", "break", "while 1 do end break",
    "goto x", "goto", "::x:: ::x::", "do goto x end local a ::x:: f()", "::x", "x = }", "x = {", "x = {1,",
    "x = {1 2}", "x = {[1]}", "x = {[1] = }", "x = {a = }", "x = (1", "x = 1 +", "x = not", "x = #",
    "f(", "f(1", "f(1,", "f(1 2)", "f\n(1", "a.1", "a:b", "a:b = 1", "a[1", "a[]",
    "function f() return ... end", "local a <const> = 1; a = 2", "local a <close>, b <close> = 1, 2",
    "local a <foo> = 1", "local a <const = 1", "local function a.b() end", "local function",
    "x = 1..2", "x = .0x1p4dy",
    "x = 3x", "x = 0x", "x = 1e", "x = 1e+", "x = 0x1p", "x = 1.2.3", "x = 'a", "x = 'a\nb'", "x = \"a",
    "x = '\\q'", "x = '\\x4'", "x = '\\xg0'", "x = '\\300'", "x = '\\u'", "x = '\\u{'", "x = '\\u{g}'",
    "x = '\\u{ffffffff}'", "x = '\\u{12'", "x = '\\", "x = [[a", "x = [==[a]=]", "x = [=a", "--[[ a",
    "\n\n--[==[ a ]]", "@", "x = $", "x = \1", "x = \200", "x == 1", "~= 1", "x = a.b.", "x = a..",
    "x = function", "x = function() end end", "goto continue; local a; ::continue:: a = 1",
    "local x <const> = 1; function x() end", "local x <const> = 1; local function f() x = 2 end",
    "#!/usr/bin/lua", "for i = 1, 2 do local function f() break end end", "a.b:c{}.d", "return;;",
    "x = }\r\ny", "\r\n\r\nx = }", "\n\r\n\rx = }", "x = '\\z  \n  a", "local a <const>, b = 1; a, b = 1, 2",
}

local RIGHT = {
    "", ";", ";;;", "return", "return;", "x = 1", "f()", "f{}", "f''", "f[[]]", "a.b.c = 1", "a[1][2] = 3",
    "a:b():c{}:d''", "local a <const>, b <close> = 1, nil", "goto a; ::a::", "do goto a end ::a::",
    "while 1 do goto c; local a; ::c:: end", "while 1 do break end", "repeat local a until a", "::a:: goto a",
    "for i = 1, 2, 3 do end", "for a, b, c in d, e, f do end", "local function f(...) return ... end",
    "function a.b.c:d(x, ...) end", "x = 1 // 2 ~ 3 | 4 & 5 << 6 >> 7 ^ -8", "x = a.b .. 'c' .. 1 ..2",
    "x = {1, 2; 3, a = 1, [1] = 2, f(), ...}", "x = 0x1p4 + 0xA.8P-1 + 3e-2 + .5 + 5. + 0xffffffffffffffffff",
    "x = '\\a\\065\\x41\\u{48}\\u{7FFFFFFF}\\z   \n\\\n\\\r\n'", "x = [==[\n]]]=]]==]", "--[==[\n]]\n]==]",
    "x = not not -- c\n a", "local a = a", "x = (f)()", "(f or g)()", "x = \"\\\"\"", "return function() end",
    "local goto_ = 1", "x = a --[[c]] + b", "if a then elseif b then else end", "x = #a + -b ~ ~c",
    "do ::a:: end do ::a:: end", "function f() ::a:: end ::a::", "do local x; goto e; local y; ::e:: ; end",
}

-- Small damage to whole files: each must be found in the same words.
local PIECES = { "end", "(", ")", "{", "}", "=", "'", "\"", "[[", "--[[", "then", "do", ",", "local ", "::",
                 "goto x ", "return ", "..", "...", "<const>", "\\", "0x", "if ", "function", "\n", "~", "" }

local function damaged(random, text)
    local at = random(#text)
    local piece = PIECES[random(#PIECES)]
    return text:sub(1, at) .. piece .. text:sub(at + 1 + random(0, 6))
end

-- Numbers that are the same in every run.
local function generator(seed)
    return function(low, high)
        if not high then low, high = 1, low end
        seed = (seed * 6364136223846793005 + 1442695040888963407)
        return low + (seed >> 33) % (high - low + 1)
    end
end

local function first_value(source)
    return parser.parse("return " .. source).chunk.body[1].values[1]
end

return {
    { "every file of the tree is Lua", function()
        for _, path in ipairs(FILES) do compare(read(path)) end
    end },
    { "what is wrong is said in Lua's words", function()
        for _, source in ipairs(WRONG) do
            check.ok(lua_says(source), "Lua takes it: " .. source)
            compare(source)
        end
    end },
    { "what is right is taken", function()
        for _, source in ipairs(RIGHT) do
            check.equal(lua_says(source), nil)
            compare(source)
        end
    end },
    { "damaged files are refused as by Lua, 600 of them", function()
        local random = generator(20261124)
        for i = 1, 600 do compare(damaged(random, read(FILES[i % #FILES + 1]))) end
    end },
    { "numerals and strings have Lua's values", function()
        for _, source in ipairs { "0x10", "1e2", "0x.8p1", "9223372036854775808", "0xffffffffffffffff",
                                  "'\\65\\x42\\u{20AC}\\z \n c'", "[[\n a]]", "'\\\r\n'", ".5e1" } do
            check.equal(first_value(source).value, load("return " .. source)())
        end
    end },
    { "places are lines and columns from 1", function()
        local tree = parser.parse("local a\n  a.b:c(1)\n")
        local call = tree.chunk.body[2].call
        check.equal({ call.kind, call.line, call.column }, { "method", 2, 7 })
        local _, problem = parser.parse("x =\n   }")
        check.equal({ problem.line, problem.column }, { 2, 4 })
    end },
    { "names mean the nearest declaration", function()
        local tree = parser.parse("local a; do local a; b = a end; return a")
        local inner, outer = tree.variables[2], tree.variables[1]
        check.ok(tree.chunk.body[3].body[3].values[1].variable == inner)
        local back = tree.chunk.body[#tree.chunk.body]
        check.ok(back.values[1].variable == outer)
        check.equal({ inner.uses, outer.uses }, { 1, 1 })
    end },
    { "nesting and chains without end are refused, not followed", function()
        local _, nested = parser.parse(("("):rep(100000))
        check.equal(nested.text, "C stack overflow")
        local _, chain = parser.parse("f" .. ("()"):rep(100000))
        check.has(chain.text, "too long")
        local _, sum = parser.parse("x = 1" .. (" + 1"):rep(100000))
        check.has(sum.text, "too long")
        local _, large = parser.parse(("x = y\n"):rep(150000))
        check.has(large.text, "too large")
        local _, many = parser.parse(("local a\n"):rep(1000))
        check.has(many.text, "too many local variables (limit is 200)")
    end },
}
