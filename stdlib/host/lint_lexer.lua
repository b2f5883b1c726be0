-- lint_lexer.lua - Lua 5.4 source into tokens, each with its place.
--
-- Owns: what a token is, the values of strings and numerals, and lexical errors in the words of
-- Lua's own llex.c. It reads text and runs nothing.
--
-- A token: {type, value, text, line, column}. `type` is the word or sign itself ("if", "=="), or
-- "<name>", "<string>", "<number>", "<eof>". `text` is what an error shows after "near".
local lexer = {}

local RESERVED = {}
for word in ([[and break do else elseif end false for function goto if in local nil not or
               repeat return then true until while]]):gmatch("%l+") do
    RESERVED[word] = true
end

local SIGNS = { "...", "<<", ">>", "//", "==", "~=", "<=", ">=", "::", ".." }
local LONGER = {} -- by first character, the longest first
for _, sign in ipairs(SIGNS) do
    local first = sign:sub(1, 1)
    LONGER[first] = LONGER[first] or {}
    table.insert(LONGER[first], sign)
end

local ESCAPES = { a = "\a", b = "\b", f = "\f", n = "\n", r = "\r", t = "\t", v = "\v",
                  ["\\"] = "\\", ['"'] = '"', ["'"] = "'" }

local state = {}
state.__index = state

-- Raises a table: the message, and where.
function state:fail(message, near, line, column)
    error({ syntax = true, text = near and (message .. " near " .. near) or message,
            line = line or self.line, column = column or self:column_of(self.at) }, 0)
end

function state:column_of(position)
    return position - self.line_start + 1
end

-- Past one line end: \n, \r, \r\n or \n\r.
function state:skip_newline()
    local two = self.source:sub(self.at, self.at + 1)
    self.at = self.at + ((two == "\r\n" or two == "\n\r") and 2 or 1)
    self.line = self.line + 1
    self.line_start = self.at
end

-- --- long brackets -----------------------------------------------------------

-- The level of a long bracket that opens here, or nil.
function state:bracket_level()
    local equals = self.source:match("^%[(=*)%[", self.at)
    return equals and #equals
end

-- The text between long brackets; `what` is "string" or "comment".
function state:long_text(level, what)
    local started, pieces, closing = self.line, {}, "]" .. ("="):rep(level) .. "]"
    self.at = self.at + level + 2
    if self.source:find("^[\r\n]", self.at) then self:skip_newline() end
    while true do
        local stop = self.source:find("[%]\r\n]", self.at)
        if not stop then
            self.at = #self.source + 1
            self:fail(("unfinished long %s (starting at line %d)"):format(what, started), "<eof>")
        end
        pieces[#pieces + 1] = self.source:sub(self.at, stop - 1)
        self.at = stop
        if self.source:sub(stop, stop) ~= "]" then
            self:skip_newline()
            pieces[#pieces + 1] = "\n"
        elseif self.source:sub(stop, stop + level + 1) == closing then
            self.at = stop + level + 2
            return table.concat(pieces)
        else
            pieces[#pieces + 1] = "]"
            self.at = stop + 1
        end
    end
end

-- --- strings -----------------------------------------------------------------

-- An escape is wrong: what was read so far, up to the character at `bad`, is shown.
function state:bad_escape(message, bad)
    local so_far = self.quote .. table.concat(self.pieces)
    self:fail(message, "'" .. so_far .. self.source:sub(self.at, bad) .. "'")
end

function state:hexadecimal_escape()
    for offset = 2, 3 do
        if not self.source:find("^%x", self.at + offset) then
            self:bad_escape("hexadecimal digit expected", self.at + offset)
        end
    end
    local value = string.char(tonumber(self.source:sub(self.at + 2, self.at + 3), 16))
    self.at = self.at + 4
    return value
end

function state:decimal_escape()
    local digits = self.source:match("^%d%d?%d?", self.at + 1)
    if tonumber(digits) > 255 then
        self:bad_escape("decimal escape too large", self.at + 1 + #digits)
    end
    self.at = self.at + 1 + #digits
    return string.char(tonumber(digits))
end

function state:utf8_escape()
    local at = self.at + 2
    if self.source:sub(at, at) ~= "{" then self:bad_escape("missing '{'", at) end
    local value = 0
    at = at + 1
    if not self.source:find("^%x", at) then self:bad_escape("hexadecimal digit expected", at) end
    while self.source:find("^%x", at) do
        if value > 0x7FFFFFFF >> 4 then self:bad_escape("UTF-8 value too large", at) end
        value = value << 4 | tonumber(self.source:sub(at, at), 16)
        at = at + 1
    end
    if self.source:sub(at, at) ~= "}" then self:bad_escape("missing '}'", at) end
    self.at = at + 1
    return utf8.char(value)
end

function state:skip_escaped_space()
    self.at = self.at + 2
    while self.source:find("^%s", self.at) do
        if self.source:find("^[\r\n]", self.at) then self:skip_newline()
        else self.at = self.at + 1 end
    end
    return ""
end

-- The value of the escape at the backslash.
function state:escape()
    local letter = self.source:sub(self.at + 1, self.at + 1)
    if ESCAPES[letter] then
        self.at = self.at + 2
        return ESCAPES[letter]
    elseif letter == "\n" or letter == "\r" then
        self.at = self.at + 1
        self:skip_newline()
        return "\n"
    elseif letter == "" then
        self.at = self.at + 1
        return ""
    end
    if letter == "x" then return self:hexadecimal_escape() end
    if letter == "u" then return self:utf8_escape() end
    if letter == "z" then return self:skip_escaped_space() end
    if letter:find("%d") then return self:decimal_escape() end
    self:bad_escape("invalid escape sequence", self.at + 1)
end

function state:short_string(quote)
    local pieces, stops = {}, "[\\\r\n" .. quote .. "]"
    self.quote, self.pieces = quote, pieces
    self.at = self.at + 1
    while true do
        local stop = self.source:find(stops, self.at)
        if not stop then
            self.at = #self.source + 1
            self:fail("unfinished string", "<eof>")
        end
        pieces[#pieces + 1] = self.source:sub(self.at, stop - 1)
        self.at = stop
        local found = self.source:sub(stop, stop)
        if found == quote then
            self.at = stop + 1
            local value = table.concat(pieces)
            return value, "'" .. quote .. value .. quote .. "'"
        elseif found ~= "\\" then
            self:fail("unfinished string", "'" .. quote .. table.concat(pieces) .. "'")
        end
        pieces[#pieces + 1] = self:escape()
    end
end

-- --- numerals ----------------------------------------------------------------

function state:number()
    local start, exponent = self.at, "^[Ee]"
    local _, prefix = self.source:find("^%.?0[xX]", self.at)
    if prefix then
        exponent = "^[Pp]"
        self.at = prefix + 1
    end
    while true do
        if self.source:find(exponent, self.at) then
            self.at = self.at + (self.source:find("^[-+]", self.at + 1) and 2 or 1)
        elseif self.source:find("^[%x.]", self.at) then
            self.at = self.at + 1
        else
            break
        end
    end
    -- A letter that touches a numeral spoils it, as in Lua.
    if self.source:find("^[%a_]", self.at) then self.at = self.at + 1 end
    local text = self.source:sub(start, self.at - 1)
    local value = tonumber(text)
    if not value then
        self:fail("malformed number", "'" .. text .. "'", nil, self:column_of(start))
    end
    return value, "'" .. text .. "'"
end

-- --- tokens ------------------------------------------------------------------

function state:skip_space_and_comments()
    while true do
        self.at = self.source:find("[^ \t\f\v]", self.at) or #self.source + 1
        if self.source:find("^[\r\n]", self.at) then
            self:skip_newline()
        elseif self.source:find("^%-%-", self.at) then
            self.at = self.at + 2
            local level = self:bracket_level()
            if level then self:long_text(level, "comment")
            else self.at = self.source:find("[\r\n]", self.at) or #self.source + 1 end
        else
            return
        end
    end
end

function state:sign()
    local first = self.source:sub(self.at, self.at)
    for _, sign in ipairs(LONGER[first] or {}) do
        if self.source:sub(self.at, self.at + #sign - 1) == sign then
            self.at = self.at + #sign
            return sign
        end
    end
    self.at = self.at + 1
    return first
end

function state:string_token(token)
    local level = self:bracket_level()
    if level then
        local start = self.at
        token.value = self:long_text(level, "string")
        token.text = "'" .. self.source:sub(start, self.at - 1) .. "'"
    else
        token.value, token.text = self:short_string(self.source:sub(self.at, self.at))
    end
    token.type = "<string>"
    return token
end

-- The next token; "<eof>" again and again at the end.
function state:next()
    self:skip_space_and_comments()
    local source, at = self.source, self.at
    local token = { line = self.line, column = self:column_of(at) }
    local name = source:match("^[%a_][%w_]*", at)
    if at > #source then
        token.type, token.text = "<eof>", "<eof>"
    elseif name then
        self.at = at + #name
        token.type, token.value = RESERVED[name] and name or "<name>", name
        token.text = "'" .. name .. "'"
    elseif source:find("^%.?%d", at) then
        token.type = "<number>"
        token.value, token.text = self:number()
    elseif source:find("^[\"']", at) or source:find("^%[=*%[", at) then
        return self:string_token(token)
    elseif source:find("^%[=", at) then
        local sign = source:match("^%[=*", at)
        self:fail("invalid long string delimiter", "'" .. sign .. "'")
    else
        token.type = self:sign()
        local printable = token.type:find("^[\32-\126]")
        token.text = printable and "'" .. token.type .. "'"
            or ("'<\\%d>'"):format(token.type:byte())
    end
    return token
end

function lexer.new(source)
    return setmetatable({ source = source, at = 1, line = 1, line_start = 1 }, state)
end

return lexer
