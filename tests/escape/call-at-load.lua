-- A call before the declaration.
-- expect: error possible only inside the playbook's run
ec2.describe_instances {}
return playbook { api = 1, name = "x", summary = "x", run = function() end }
