-- nitro.lua - which instances are on Nitro: only there connection tracking is configurable.
--
-- Owns: the families that are not (EC2 user guide, "Instances built on the AWS Nitro System"), and
-- the sizes of them that are. It makes no calls.
local nitro = {}

local XEN = {}
for family in ("c1 c3 c4 cc2 cr1 d2 f1 g2 g3 g3s h1 i2 i3 m1 m2 m3 m4 p2 p3 r3 r4 t1 t2 x1 x1e")
    :gmatch("%S+") do
    XEN[family] = true
end

local NITRO_SIZE = { ["i3.metal"] = true, ["p3dn.24xlarge"] = true }

-- nil: no type is known.
function nitro.is_on(type_name)
    local family = (type_name or ""):match("^([^.]+)%.")
    return family and (not XEN[family] or NITRO_SIZE[type_name] == true)
end

return nitro
