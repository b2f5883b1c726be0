#!/bin/sh
# layers.sh - the rules of who may know whom. Run from the top of the tree.
passed=0
failed=0

# rule "what is said" COMMAND...: the command must print nothing.
rule() {
    said=$1
    shift
    found=$("$@" 2>/dev/null)
    if [ -z "$found" ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        printf 'layers: %s:\n%s\n' "$said" "$found"
    fi
}

includes() { grep -rnE "#include *[<\"]($1)" $2 --include='*.[ch]'; }

rule "host/ includes a Lua header" includes '(lua|lauxlib|lualib)\.h' host
rule "host/ includes a header of lua/" includes 'lua/' host
rule "a file other than host/aws/http*.c knows curl" \
    sh -c "grep -rlE 'curl_(easy|multi|global|slist)_|curl/curl.h' host lua --include='*.[ch]' | grep -v '^host/aws/http'"
rule "a permit is made outside the gate" \
    sh -c "grep -rnE 'struct permit +[a-z_]+ *=|\(struct permit\)' host lua --include='*.c' | grep -v '^host/gate/gate.c'"
rule "something outside host/aws calls the sender" \
    sh -c "grep -rnE '\bhttp_(send|start|request)[a-z_]*\(' host lua --include='*.c' | grep -v '^host/aws/'"

# Folders in dependency order: each may include itself and those before it.
order="base model codec aws serve journal child plan gate prompt run drill cli"
for folder in $order; do
    later=$(echo "$order" | sed "s/.*\b$folder\b *//" | tr ' ' '|')
    [ -n "$later" ] || continue
    rule "host/$folder includes a folder that stands above it" includes "($later)/" "host/$folder"
done

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
