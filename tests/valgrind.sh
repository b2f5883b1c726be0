#!/bin/sh
# valgrind.sh - the unit tests, and the main job's plan, under valgrind: no invalid access, no
# use of what was never written, nothing lost. Run from the top of the tree:
#   valgrind.sh some   the quick ones, under a minute (make check)
#   valgrind.sh all    all of them; with AWS_ENDPOINT_URL and INSTANCE also `cordon plan` and
#                      the playbook process in it (make valgrind)
mode=$1
JOBS=${JOBS:-$(nproc)}
logs=build/valgrind
tests=build/debug/tests
if ! command -v valgrind > /dev/null; then
    echo "valgrind is not installed"
    echo "0 passed, 0 failed, 1 skipped"
    exit 0
fi
mkdir -p $logs
${CC:-cc} -D_GNU_SOURCE -shared -fPIC -o $logs/pidfd.so tests/valgrind/pidfd.c || exit 1

# Not under valgrind, which stretches time: they measure it.
NEVER="console_test loop_test"
# Slow ones, for `all` alone: they make thousands of files, or wait for time to pass.
SLOW="journal_test journal_disk_test aws_door_test child_test sandbox_test"

check() {
    LD_PRELOAD=$PWD/$logs/pidfd.so valgrind -q --error-exitcode=99 --leak-check=full \
        --errors-for-leak-kinds=definite,possible --show-leak-kinds=definite,possible \
        --trace-children=no --num-callers=25 "$@"
}

listed() { case " $2 " in *" $1 "*) return 0 ;; esac && return 1; }

# one NAME: a unit test, and its line.
one() {
    if check $tests/"$1" > $logs/"$1".log 2>&1; then
        echo "ok $1"
    else
        echo "failed $1"
        grep -E '^==|ERROR|FAILED|LINE' $logs/"$1".log | head -40
    fi
}

names() {
    for source in tests/unit/*_test.c; do
        name=$(basename "$source" .c)
        listed "$name" "$NEVER" && continue
        [ "$mode" = some ] && listed "$name" "$SLOW" && continue
        echo "$name"
    done
}

# The program itself: host and playbook process. Without seccomp, which valgrind would trip.
plan() {
    make -s -j"$JOBS" MODE=valgrind || return 1
    check build/valgrind/cordon --no-input plan isolate-sg instance="$INSTANCE" > $logs/plan.log 2>&1
    status=$?
    if [ $status -eq 0 ]; then
        echo "ok plan"
    else
        echo "failed plan ($status)"
        tail -40 $logs/plan.log
    fi
}

case $mode in
one) one "$2" && exit ;;
some | all) ;;
*) sed -n '2,7s/^# //p' "$0" && exit 2 ;;
esac
names | xargs -P "$JOBS" -I NAME sh "$0" one NAME | tee $logs/all
if [ "$mode" = all ] && [ -n "$AWS_ENDPOINT_URL" ] && [ -n "$INSTANCE" ]; then
    plan | tee -a $logs/all
fi
passed=$(grep -c '^ok ' $logs/all) failed=$(grep -c '^failed ' $logs/all)
skipped=$(echo "$NEVER" | wc -w)
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
