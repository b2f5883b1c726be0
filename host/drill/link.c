// link.c - frames over a blocking socket.
#include "drill/link.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/wire.h"

#define PIECE ((size_t)64 * 1024)

bool link_send(struct link *l, const struct val *message, struct err *e) {
    struct buf out = BUF_EMPTY;
    bool ok = wire_write(&out, message, e);
    for (size_t at = 0; ok && at < out.len;) {
        ssize_t sent = send(l->fd, out.data + at, out.len - at, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent <= 0)
            ok = err_errno(e, "cannot send to the other process of the drill");
        else
            at += (size_t)sent;
    }
    buf_free(&out);
    return ok;
}

static enum link_got fill(struct link *l, int timeout_ms, bool (*stop)(void *ctx), void *ctx) {
    struct pollfd p = {.fd = l->fd, .events = POLLIN};
    for (;;) {
        if (stop && stop(ctx)) return LINK_SIGNAL;
        int got = poll(&p, 1, timeout_ms);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return got ? LINK_BROKEN : LINK_TIMEOUT;
        char *room = buf_reserve(&l->in, PIECE);
        if (!room) return LINK_BROKEN;
        ssize_t count = recv(l->fd, room, PIECE, 0);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return LINK_ENDED;
        l->in.len += (size_t)count;
        return LINK_MESSAGE;
    }
}

enum link_got link_receive(struct link *l, int timeout_ms, bool (*stop)(void *ctx), void *ctx,
                           struct val **message) {
    for (;;) {
        size_t used;
        int got = wire_read(buf_str(&l->in), l->in.len, message, &used, NULL);
        if (got < 0) return LINK_BROKEN;
        if (got > 0) {
            buf_consume(&l->in, used);
            return LINK_MESSAGE;
        }
        enum link_got filled = fill(l, timeout_ms, stop, ctx);
        if (filled != LINK_MESSAGE) return filled;
    }
}

void link_free(struct link *l) {
    if (l->fd >= 0) close(l->fd);
    l->fd = -1;
    buf_free(&l->in);
}
