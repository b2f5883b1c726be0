-- addresses_test.lua - CIDR blocks.
local check = require "check"
local addresses = require "addresses"

local function text(given)
    local cidr = addresses.cidr(given)
    return cidr and cidr.text
end

return {
    { "written as EC2 writes them", function()
        check.equal(text "10.0.0.0/8", "10.0.0.0/8")
        check.equal(text "203.0.113.9", "203.0.113.9/32")
        check.equal(text "2001:DB8:0:0:1:0:0:0/80", "2001:db8:0:0:1::/80")
        check.equal(text "::", "::/128")
        check.equal(text "::/0", "::/0")
        check.equal(text "2001:db8::1", "2001:db8::1/128")
    end },
    { "malformed ones are refused", function()
        for _, bad in ipairs { "", "1.2.3", "1.2.3.4.5", "256.1.1.1", "010.0.0.1", "1.2.3.4/33",
                               "1.2.3.4/", "/8", "1::2::3", "12345::", "::1/129", "g::",
                               "1:2:3:4:5:6:7:8:9", "1.2.3.4/8/8", "10.0.0.0/-1", " 1.2.3.4" } do
            check.equal(text(bad), nil, bad)
        end
    end },
    { "bits behind the prefix are refused with both readings", function()
        local _, why = addresses.cidr "203.0.113.9/24"
        check.has(why, "203.0.113.0/24")
        check.has(why, "203.0.113.9/32")
    end },
}
