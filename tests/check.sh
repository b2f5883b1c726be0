#!/bin/sh
# check.sh - every test; each suite's closing line, and the sum.
# Run by `make check` from the top of the tree. SUITES names others' conformance data. The scripts of
# tests/integration, which mostly wait, run in two lanes at once.
SUITES=${SUITES:-../shared/suites}
PYTHON=build/venv/bin/python
JOBS=${JOBS:-2}
log=build/check.log counts=build/check.counts lane=0
# No test asks the metadata service of the machine that it runs on.
export AWS_EC2_METADATA_DISABLED=true
: > $log
: > $counts

build() {
    if ! make -s -j"$JOBS" MODE="$1" tests $2 >> $log 2>&1; then
        echo "build of MODE=$1 failed:"
        tail -30 $log
        echo "0 passed, 1 failed"
        exit 1
    fi
}

# number WORD: the figure before the word in the closing line.
number() { printf '%s\n' "$line" | sed -n "s/.*\b\([0-9][0-9]*\) $1.*/\1/p"; }

# suite NAME COMMAND...: runs it; its last line is "N passed, N failed[, N skipped]".
suite() {
    name=$1
    shift
    since=$(date +%s)
    own=build/suite.$lane.log
    "$@" > $own 2>&1
    status=$?
    took=$(($(date +%s) - since))
    cat $own >> $log
    line=$(grep -E '[0-9]+ passed, [0-9]+ failed' $own | tail -1)
    if [ -z "$line" ] || [ $status -ne 0 ]; then
        tail -40 $own
        [ -n "$line" ] || line="0 passed, 1 failed"
        [ "$(number failed)" != 0 ] || line="$(number passed) passed, 1 failed"
    fi
    s=$(number skipped)
    echo "$(number passed) $(number failed) ${s:-0}" >> $counts
    printf '%-34s %s (%d s)\n' "$name" "$line" "$took"
}

# unit MODE: every cmocka program; cmocka's own summary is turned into the closing line.
unit() {
    for test in tests/unit/*_test.c; do
        name=$(basename "$test" .c)
        suite "$1 $name" sh -c "build/$1/tests/$name > build/unit.log 2>&1; s=\$?; cat build/unit.log; \
            p=\$(sed -n 's/^\[  PASSED  \] \([0-9]*\) test.*/\1/p' build/unit.log | tail -1); \
            f=\$(sed -n 's/^\[  FAILED  \] .*: \([0-9]*\) test.*/\1/p' build/unit.log | tail -1); \
            k=\$(sed -n 's/^\[  SKIPPED \] \([0-9]*\) test.*/\1/p' build/unit.log | tail -1); \
            echo \"\${p:-0} passed, \${f:-0} failed, \${k:-0} skipped\"; exit \$s"
    done
}

# others MODE: conformance data that this project does not carry.
others() {
    if [ ! -d "$SUITES" ]; then
        echo "others' conformance data: skipped, $SUITES is not there"
        echo "0 0 1" >> $counts
        return
    fi
    suite "$1 SigV4 vectors" build/"$1"/tests/sigv4-suite "$SUITES/sigv4"
    suite "$1 protocol suites" build/"$1"/tests/protocol-suite "$SUITES"/protocol/input/*.json \
        "$SUITES"/protocol/output/*.json
    suite "$1 credential chain" build/"$1"/tests/chain-suite "$SUITES/chain"
}

build debug
build asan fuzzers
build release
suite "layers" sh tests/layers.sh
suite "lua" lua5.4 tests/lua/run.lua
unit debug
unit asan
others debug
others asan
for mode in asan release; do
    suite "$mode hostile processes" build/$mode/tests/escape-host
    suite "$mode hostile playbooks" build/$mode/tests/escape-host tests/escape/*.lua
done
suite "fuzz" sh tests/fuzz/run.sh driver build/asan/fuzz 3
suite "valgrind" sh tests/valgrind.sh some
# scripts LANE: every second of them.
scripts() {
    lane=$1 turn=0
    for script in tests/integration/*.py; do
        case $script in *harness.py | */moto_world.py | */proxy.py | */world.py) continue ;; esac
        turn=$((turn % 2 + 1))
        [ "$turn" = "$lane" ] && suite "$(basename "$script" .py)" $PYTHON "$script"
    done
}

scripts 1 &
scripts 2
wait
echo
awk '{ passed += $1; failed += $2; skipped += $3 }
     END { print passed + 0 " passed, " failed + 0 " failed, " skipped + 0 " skipped"
           exit failed > 0 || passed == 0 }' $counts
