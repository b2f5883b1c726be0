-- fleet.lua - a web fleet behind a load balancer, for the drills about containing a member.
local fleet = {}

-- The load balancer, its target group and an Auto Scaling group `web-fleet` of `count` instances
-- named web-1, web-2, ...: at its minimum when `min` says so. Its health is the balancer's word.
function fleet.build(w, count, min)
  local vpc    = w:vpc { cidr = "10.0.0.0/16", internet = true }
  local subnet = vpc:subnet { cidr = "10.0.1.0/24", public = true }
  local front  = vpc:group { ingress = { "tcp 443 0.0.0.0/0" } }
  local web    = vpc:group { ingress = { { "tcp 80", front } } }
  w:role { name = "web", policies = { "AmazonS3ReadOnlyAccess" } }
  local members = {}
  for i = 1, count do
    members[i] = subnet:instance { name = "web-" .. i, groups = { web }, profile = "web",
                                   type = "m6i.large", volumes = 1 }
  end
  local balancer = vpc:load_balancer { name = "front", subnets = { subnet }, groups = { front } }
  local targets  = vpc:target_group { name = "web", port = 80, balancer = balancer }
  vpc:auto_scaling_group { name = "web-fleet", instances = members, min = min or 1,
                           max = count + 1, health = "ELB", target_groups = { targets } }
  return { vpc = vpc, subnet = subnet, members = members, targets = targets, front = front }
end

-- "running", "terminated", ...; "gone" when EC2 has forgotten it.
function fleet.state(w, instance)
  for _, reservation in ipairs(w:call("describe_instances", {}).Reservations) do
    for _, one in ipairs(reservation.Instances) do
      if one.InstanceId == instance.id then return one.State.Name end
    end
  end
  return "gone"
end

-- How many volumes there are that carry the instance's data.
function fleet.volumes(w, ids)
  return #w:call("describe_volumes", { Filters = { { Name = "volume-id", Values = ids } } }).Volumes
end

return fleet
