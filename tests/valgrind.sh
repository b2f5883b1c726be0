#!/bin/sh
# valgrind.sh - the unit tests, and the fuzz targets over their corpus, under valgrind: no
# invalid access, no use of what was never written, nothing lost. From the top of the tree:
#   valgrind.sh some   the quick ones, under a minute (make check)
#   valgrind.sh all    all of them (make valgrind)
# There are no suppressions.
mode=$1
JOBS=${JOBS:-$(nproc)}
logs=build/valgrind
if ! command -v valgrind > /dev/null; then
    echo "valgrind is not installed"
    echo "0 passed, 0 failed, 1 skipped"
    exit 0
fi
mkdir -p $logs

# Not under valgrind, which stretches time: they measure it.
NEVER="console_test loop_test aws_memory_test"
# Nor these: valgrind 3.19 knows no pidfds, and does not tell the parent that exec failed. A
# run of the whole host is the fuzz target messages.
NEVER="$NEVER child_test aws_helper_test"
# For `all` alone: they make thousands of files, or wait for time to pass.
SLOW="journal_test journal_memory_test journal_disk_test aws_door_test sandbox_test codec_hostile_test wire_test \
values_test aws_credentials_test aws_sources_test"

listed() { case " $2 " in *" $1 "*) return 0 ;; esac && return 1; }

# one NAME: a unit test (or fuzz/TARGET over its corpus), and its line.
one() {
    log=$logs/$(basename "$1").log kinds=definite,possible
    case $1 in
    # A Lua state that lives to the end is held by pointers into its middle.
    fuzz/*)
        kinds=definite
        set -- "$1" "build/debug/$1" "tests/$(dirname "$1")/corpus/$(basename "$1")"
        ;;
    *) set -- "$1" "build/debug/tests/$1" ;;
    esac
    name=$1
    shift
    if valgrind -q --error-exitcode=99 --leak-check=full --num-callers=25 \
        --errors-for-leak-kinds=$kinds --show-leak-kinds=$kinds \
        "$@" > "$log" 2>&1; then
        echo "ok $name"
    else
        echo "failed $name"
        grep -E '^==|ERROR|FAILED|LINE|broken' "$log" | head -40
    fi
}

every() {
    for source in tests/unit/*_test.c; do basename "$source" .c; done
    for source in tests/fuzz/*.c; do echo "fuzz/$(basename "$source" .c)"; done
}

names() {
    every | while read -r name; do
        listed "$name" "$NEVER fuzz/driver" && continue
        [ "$mode" = some ] && { listed "$name" "$SLOW" || [ "$(dirname "$name")" = fuzz ]; } && continue
        echo "$name"
    done
}

case $mode in
one) one "$2" && exit ;;
some | all) ;;
*) sed -n '2,6s/^# //p' "$0" && exit 2 ;;
esac
names | xargs -P "$JOBS" -I NAME sh "$0" one NAME | tee $logs/all
passed=$(grep -c '^ok ' $logs/all) failed=$(grep -c '^failed ' $logs/all)
echo "$passed passed, $failed failed, $(echo "$NEVER" | wc -w) skipped"
[ "$failed" = 0 ]
