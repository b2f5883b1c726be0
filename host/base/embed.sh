#!/bin/sh
# embed.sh - writes the assembler file that carries the given assets in the
# executable. Run from the top of the tree; asset.c reads the table it makes. An argument is
# a file, which goes by its own name, or NAME=FILE.
echo '.section .note.GNU-stack,"",@progbits'
echo '.section .rodata'
n=0
for f in $(printf "%s\n" "$@" | LC_ALL=C sort); do
    printf '.Lname%d: .asciz "%s"\n.balign 16\n.Ldata%d: .incbin "%s"\n.Lend%d: .byte 0\n' \
        $n "${f%%=*}" $n "${f#*=}" $n
    n=$((n + 1))
done
echo '.section .data.rel.ro,"aw"'
echo '.balign 8'
echo '.globl asset_table'
echo 'asset_table:'
i=0
while [ $i -lt $n ]; do
    printf '.quad .Lname%d, .Ldata%d, .Lend%d - .Ldata%d\n' $i $i $i $i
    i=$((i + 1))
done
echo '.globl asset_count'
echo '.balign 8'
printf 'asset_count: .quad %d\n' $n
