// wrap.c - long lines on a narrow terminal.
//
// Owns: where a line is broken. It never breaks a word, so ids, paths and names stay whole.
#include "prompt/wrap.h"

#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "prompt/columns.h"

#define NARROWEST 40

size_t wrap_width(int fd) {
    struct winsize size;
    if (!isatty(fd) || ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col < NARROWEST) return 0;
    return size.ws_col;
}

static size_t span(const char *text, size_t len, bool spaces) {
    size_t n = 0;
    while (n < len && (text[n] == ' ') == spaces) n++;
    return n;
}

static void break_line(struct buf *out, size_t indent) {
    buf_add_char(out, '\n');
    for (size_t i = 0; i < indent; i++) buf_add_char(out, ' ');
}

void wrap_line(struct buf *out, const char *text, size_t len, size_t width, size_t hang) {
    size_t lead = span(text, len, true), indent = lead + hang, column = lead;
    if (!width || indent * 2 > width) {
        buf_add(out, text, len);
        return;
    }
    buf_add(out, text, lead);
    for (size_t i = lead; i < len;) {
        size_t word = span(text + i, len - i, false);
        buf_add(out, text + i, word);
        column += text_width(text + i, word);
        i += word;
        size_t gap = span(text + i, len - i, true);
        size_t next = span(text + i + gap, len - i - gap, false);
        if (next && column + gap + text_width(text + i + gap, next) > width) {
            break_line(out, indent);
            column = indent;
        } else {
            buf_add(out, text + i, gap);
            column += gap;
        }
        i += gap;
    }
}
