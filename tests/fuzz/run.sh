#!/bin/sh
# run.sh - the fuzz targets, one line each, and the sum. Run from the top of the tree:
#   run.sh libfuzzer FOLDER SECONDS   by clang's libFuzzer; what it finds worth keeping goes
#                                     to build/fuzz/corpus, which grows from run to run
#   run.sh driver FOLDER SECONDS      the corpus of the tree and changes of it, the same ones
#                                     every time; needs no clang
#   run.sh keep FOLDER                adds to tests/fuzz/corpus what reaches new code
# A fourth word names the one target to run. An input that breaks a target stays in
# build/fuzz/found; put it into tests/fuzz/corpus/NAME.
engine=$1 folder=$2 seconds=${3:-60} only=$4
corpus=tests/fuzz/corpus grown=build/fuzz/corpus found=build/fuzz/found logs=build/fuzz/logs
export UBSAN_OPTIONS="print_stacktrace=1:${UBSAN_OPTIONS:-}"
JOBS=${JOBS:-$(nproc)}

targets() {
    for source in tests/fuzz/*.c; do
        name=$(basename "$source" .c)
        [ "$name" = driver ] || echo "$name"
    done
}

dictionary() { [ ! -f "tests/fuzz/$1.dict" ] || echo "-dict=tests/fuzz/$1.dict"; }

# Leaks are looked for at the end: a Lua state that grows would make libFuzzer look each time.
libfuzzer() {
    mkdir -p "$grown/$1"
    # shellcheck disable=SC2046
    "$folder/$1" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=2048 -max_len=8192 \
        -detect_leaks=0 -print_final_stats=1 -artifact_prefix="$found/$1-" $(dictionary "$1") \
        "$grown/$1" "$corpus/$1"
}

driver() { "$folder/$1" -seconds="$seconds" -artifact_prefix="$found/$1-" "$corpus/$1"; }

# Edges only, and small inputs: the tree keeps few of the many.
keep() {
    mkdir -p "$grown/$1"
    "$folder/$1" -merge=1 -use_counters=0 -detect_leaks=0 -max_len=2048 "$corpus/$1" "$grown/$1"
}

# figure PATTERN LOG: the last number in the log that the pattern's group holds.
figure() { sed -n "s/.*$1.*/\1/p" "$2" | tail -1; }

# one NAME: runs a target, prints its line.
one() {
    log=$logs/$1.log
    if "$engine" "$1" > "$log" 2>&1; then crashes=0; else crashes=1; fi
    executions=$(figure 'number_of_executed_units: *\([0-9]*\)' "$log")
    [ -n "$executions" ] || executions=$(figure ': \([0-9]*\) executions' "$log")
    [ -n "$executions" ] || executions=$(figure '^#\([0-9]*\)' "$log")
    coverage=$(figure 'cov: \([0-9]*\)' "$log")
    printf '%-16s %10d executions  %s%d crashes\n' "$1" "${executions:-0}" \
        "${coverage:+$coverage edges  }" $crashes
    [ $crashes = 0 ] || grep -E 'broken property|runtime error|ERROR: |input kept|Test unit' "$log"
}

mkdir -p "$found" "$logs"
case $engine in
libfuzzer | driver) ;;
keep)
    for name in $(targets); do keep "$name" > "$logs/$name.log" 2>&1 || exit 1; done
    du -sh "$corpus"
    exit
    ;;
*)
    sed -n '2,9s/^# //p' "$0"
    exit 2
    ;;
esac
if [ -n "$only" ]; then
    one "$only"
    exit
fi
targets | xargs -P "$JOBS" -I NAME sh "$0" "$engine" "$folder" "$seconds" NAME | tee "$logs/all"
awk '/ executions / { all += $2; if ($(NF - 1) == 0) passed++; else failed++ }
     END { printf "%.0f executions\n%d passed, %d failed\n", all, passed, failed
           exit failed > 0 || passed == 0 }' "$logs/all"
