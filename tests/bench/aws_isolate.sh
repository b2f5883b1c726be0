#!/bin/sh
# aws_isolate.sh "AWS COMMAND" NAME - what isolate-sg does, as commands of awscli: a rival of
# `make bench`.
set -eu
aws=$1 name=$2 run=$$
all='IpProtocol=-1,IpRanges=[{CidrIp=0.0.0.0/0}]'

ec2() { $aws ec2 "$@" --output text; }

set -- $(ec2 describe-instances --filters "Name=tag:Name,Values=$name" \
    --query 'Reservations[0].Instances[0].[InstanceId,VpcId]')
instance=$1 vpc=$2
enis=$(ec2 describe-network-interfaces --filters "Name=attachment.instance-id,Values=$instance" \
    --query 'NetworkInterfaces[].NetworkInterfaceId')

open=$(ec2 create-security-group --group-name "open-$run" --vpc-id "$vpc" --description o --query GroupId)
final=$(ec2 create-security-group --group-name "final-$run" --vpc-id "$vpc" --description f --query GroupId)
ec2 authorize-security-group-ingress --group-id "$open" --ip-permissions "$all" > /dev/null
ec2 revoke-security-group-egress --group-id "$final" --ip-permissions "$all" > /dev/null
ec2 describe-security-groups --group-ids "$open" "$final" > /dev/null

for group in "$open" "$final"; do
    for eni in $enis; do
        ec2 modify-network-interface-attribute --network-interface-id "$eni" --groups "$group"
    done
done
ec2 revoke-security-group-ingress --group-id "$open" --ip-permissions "$all" > /dev/null
ec2 revoke-security-group-egress --group-id "$open" --ip-permissions "$all" > /dev/null

ec2 create-tags --resources "$instance" --tags Key=isolated,Value=yes
ec2 get-console-output --instance-id "$instance" > /dev/null

carried=$(ec2 describe-network-interfaces --filters "Name=attachment.instance-id,Values=$instance" \
    --query 'NetworkInterfaces[].Groups[].GroupId')
[ "$(printf '%s\n' $carried | sort -u)" = "$final" ]
ec2 describe-security-groups --group-ids "$final" > /dev/null
ec2 delete-security-group --group-id "$open" > /dev/null
