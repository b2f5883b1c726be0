"""Auto Scaling, load balancers and IAM for the tests of `cordon sim serve`: a request for every
modelled operation, and what must be refused with which code. The codes are those of botocore's
models of the services (their exceptions) and, where these have none (Auto Scaling's sizes and
states), the ones that AWS is quoted with."""

DENY = '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}'
FLEET = {"AutoScalingGroupName": "web-fleet"}
NONE = "i-0123456789abcdef0"


def web_8(clients):
    group = clients["autoscaling"].describe_auto_scaling_groups(AutoScalingGroupNames=["web-fleet"])
    return group["AutoScalingGroups"][0]["Instances"][0]["InstanceId"]


def targets(clients):
    return clients["elbv2"].describe_target_groups()["TargetGroups"][0]["TargetGroupArn"]


def sequence(clients):
    """Yields (service, method, parameters) that succeed one after the other on the default world."""
    member, arn = web_8(clients), targets(clients)
    one, named = dict(FLEET, InstanceIds=[member]), {"InstanceProfileName": "made"}
    role, target = {"RoleName": "web-server"}, {"TargetGroupArn": arn, "Targets": [{"Id": member, "Port": 443}]}
    for method, params in [
        ("describe_auto_scaling_groups", {}),
        ("describe_auto_scaling_instances", {"InstanceIds": [member]}),
        ("update_auto_scaling_group", dict(FLEET, MinSize=0)),
        ("enter_standby", dict(one, ShouldDecrementDesiredCapacity=True)),
        ("exit_standby", one),
        ("detach_instances", dict(one, ShouldDecrementDesiredCapacity=True)),
        ("attach_instances", one),
        ("set_instance_protection", dict(one, ProtectedFromScaleIn=True)),
        ("suspend_processes", dict(FLEET, ScalingProcesses=["ReplaceUnhealthy"])),
        ("resume_processes", dict(FLEET)),
        ("describe_scaling_activities", dict(FLEET)),
    ]:
        yield "autoscaling", method, params
    for method, params in [
        ("describe_load_balancers", {}), ("describe_target_groups", {}),
        ("deregister_targets", target), ("describe_target_health", {"TargetGroupArn": arn}),
        ("register_targets", target),
    ]:
        yield "elbv2", method, params
    for method, params in [
        ("get_role", role), ("list_attached_role_policies", role),
        ("put_role_policy", dict(role, PolicyName="deny", PolicyDocument=DENY)),
        ("list_role_policies", role), ("get_role_policy", dict(role, PolicyName="deny")),
        ("delete_role_policy", dict(role, PolicyName="deny")),
        ("create_instance_profile", named), ("add_role_to_instance_profile", dict(named, **role)),
        ("get_instance_profile", named), ("list_instance_profiles_for_role", role),
        ("remove_role_from_instance_profile", dict(named, **role)), ("delete_instance_profile", named),
    ]:
        yield "iam", method, params


def refusals(clients):
    """(why, service, method, parameters, code, HTTP status) on the default world."""
    member, arn = web_8(clients), targets(clients)
    one = dict(FLEET, InstanceIds=[member])
    role = {"RoleName": "web-server"}
    rows = [
        ("at the minimum", "autoscaling", "enter_standby", dict(one, ShouldDecrementDesiredCapacity=True), "ValidationError", 400),
        ("at the minimum", "autoscaling", "detach_instances", dict(one, ShouldDecrementDesiredCapacity=True), "ValidationError", 400),
        ("not in Standby", "autoscaling", "exit_standby", one, "ValidationError", 400),
        ("a member already", "autoscaling", "attach_instances", one, "ValidationError", 400),
        ("no member", "autoscaling", "enter_standby",
         dict(FLEET, InstanceIds=[NONE], ShouldDecrementDesiredCapacity=True), "ValidationError", 400),
        ("no such group", "autoscaling", "suspend_processes", {"AutoScalingGroupName": "none"}, "ValidationError", 400),
        ("sizes crossed", "autoscaling", "update_auto_scaling_group", dict(FLEET, MinSize=9), "ValidationError", 400),
        ("another's token", "autoscaling", "describe_auto_scaling_groups", {"NextToken": "x"}, "InvalidNextToken", 400),
        ("no such group", "elbv2", "describe_target_health", {"TargetGroupArn": arn + "x"}, "TargetGroupNotFound", 400),
        ("no such balancer", "elbv2", "describe_load_balancers", {"Names": ["none"]}, "LoadBalancerNotFound", 400),
        ("no such instance", "elbv2", "register_targets",
         {"TargetGroupArn": arn, "Targets": [{"Id": NONE}]}, "InvalidTarget", 400),
        ("no such role", "iam", "get_role", {"RoleName": "none"}, "NoSuchEntity", 404),
        ("no such policy", "iam", "delete_role_policy", dict(role, PolicyName="none"), "NoSuchEntity", 404),
        ("no such profile", "iam", "get_instance_profile", {"InstanceProfileName": "none"}, "NoSuchEntity", 404),
        ("there already", "iam", "create_instance_profile", {"InstanceProfileName": "web-server"}, "EntityAlreadyExists", 409),
        ("it has one", "iam", "add_role_to_instance_profile",
         {"InstanceProfileName": "app-server", "RoleName": "web-server"}, "LimitExceeded", 409),
        ("it has a role", "iam", "delete_instance_profile", {"InstanceProfileName": "web-server"}, "DeleteConflict", 409),
        ("no policy", "iam", "put_role_policy", dict(role, PolicyName="x", PolicyDocument="{"), "MalformedPolicyDocument", 400),
    ]
    return rows
