// playbook_process.c - what runs in the process of a playbook.
//
// Owns: the socket's end, the order of things (lock first, then read anything that
// the host sends), and the last word: whatever becomes of the Lua code, `done` is sent
// by C if Lua could not. It holds no secret; the messages are all it can reach.
#include "playbook_process.h"

#include <errno.h>
#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/text.h"
#include "base/wire.h"
#include "child/confine.h"
#include "child/messages.h"
#include "chunk.h"
#include "core_parts.h"
#include "sandbox.h"
#include "seccomp.h"
#include "values.h"

#define DEFAULT_MEMORY ((int64_t)64 * 1024 * 1024)
#define LEAST_MEMORY ((int64_t)4 * 1024 * 1024)
#define MOST_MEMORY ((int64_t)256 * 1024 * 1024)
#define FLUSH_AT ((size_t)256 * 1024)  // bytes queued before they are written anyway
#define PIECE ((size_t)64 * 1024)
#define LEAST_MARGIN_MS 300

enum exit_code { EXIT_DONE = 0, EXIT_HOST_GONE = 123, EXIT_PROTOCOL = 124, EXIT_SETUP = 126 };

struct process {
    int fd;
    struct buf in, out;
    struct sandbox box;
    struct val *load;
    struct core_parts parts;
    bool announces;  // says when it waits
    int64_t received;
    bool done;
};

// There is one process and one pass in it.
static struct process process;

// --- frames ------------------------------------------------------------------

static void flush(struct process *p) {
    int64_t since = clock_mono_ms();
    for (size_t at = 0; at < p->out.len;) {
        ssize_t wrote = write(p->fd, p->out.data + at, p->out.len - at);
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote <= 0) _exit(EXIT_HOST_GONE);
        at += (size_t)wrote;
    }
    buf_clear(&p->out);
    p->box.started_ms += clock_mono_ms() - since;
}

static void fill(struct process *p) {
    char *room = buf_reserve(&p->in, PIECE);
    if (!room) _exit(EXIT_SETUP);
    int64_t since = clock_mono_ms();
    ssize_t got;
    do got = read(p->fd, room, PIECE);
    while (got < 0 && errno == EINTR);
    if (got <= 0) _exit(EXIT_HOST_GONE);
    p->in.len += (size_t)got;
    // Waiting for the host is not computing.
    p->box.started_ms += clock_mono_ms() - since;
}

static bool queue(struct process *p, const struct val *message, struct err *e) {
    if (!wire_write(&p->out, message, e)) {
        p->out.failed = false;
        return false;
    }
    const char *t = val_get_str(message, "t", "");
    if (strcmp(t, MSG_DONE) == 0) p->done = true;
    if (p->out.len > FLUSH_AT || p->done) flush(p);
    return true;
}

static void announce(struct process *p) {
    struct val *v = val_map();
    bool ok = v && val_set(v, "t", val_cstr(MSG_WAITING)) &&
              val_set(v, "got", val_int(p->received)) && queue(p, v, NULL);
    val_unref(v);
    if (!ok) _exit(EXIT_SETUP);
}

// The next message from the host, a new reference; what is queued goes out first.
static struct val *next_message(struct process *p) {
    struct val *message;
    size_t used;
    int got = wire_read(p->in.data, p->in.len, &message, &used, NULL);
    if (got == 0 && p->announces) announce(p);
    flush(p);
    while (got == 0) {
        fill(p);
        got = wire_read(p->in.data, p->in.len, &message, &used, NULL);
    }
    if (got < 0) _exit(EXIT_PROTOCOL);
    buf_consume(&p->in, used);
    p->received++;
    return message;
}

// --- what core.lua is handed -------------------------------------------------

// send(message): nil, or why the message cannot be sent.
static int host_send(lua_State *L) {
    struct err e = {0};
    struct val **box = values_box(L);
    *box = values_take(L, 1, &e);
    if (*box && queue(&process, *box, &e)) return 0;
    lua_pushstring(L, e.message);
    return 1;
}

// receive(): the host's next message.
static int host_receive(lua_State *L) {
    struct val **box = values_box(L);
    *box = next_message(&process);
    values_push(L, *box);
    val_unref(*box);  // not left to the collector: it may be large
    *box = NULL;
    return 1;
}

// nearest(word, candidates): the candidate that was perhaps meant, or nil.
static int host_nearest(lua_State *L) {
    const char *words[128], *word = luaL_checkstring(L, 1);
    size_t count = 0;
    luaL_checktype(L, 2, LUA_TTABLE);
    lua_Unsigned all = lua_rawlen(L, 2);
    luaL_checkstack(L, 130, NULL);
    for (lua_Unsigned i = 1; i <= all && count < 128; i++)
        if (lua_rawgeti(L, 2, (lua_Integer)i) == LUA_TSTRING) words[count++] = lua_tostring(L, -1);
    lua_pushstring(L, text_nearest(word, words, count));
    return 1;
}

// load(text, file): the function that it compiles to; nil and the message when it does not.
static int host_load(lua_State *L) {
    size_t len;
    const char *text = luaL_checklstring(L, 1, &len), *file = luaL_checkstring(L, 2);
    const char *chunk = lua_pushfstring(L, "@%s", file);
    if (chunk_load(L, file, chunk, text, len) == LUA_OK) return 1;
    lua_pushnil(L);
    lua_insert(L, -2);
    return 2;
}

// carried(name): the function of our own module of that name, or nil: then the host is asked.
static int host_carried(lua_State *L) {
    const char *file = lua_pushfstring(L, "stdlib/playbook/%s.lua", luaL_checkstring(L, 1));
    const char *chunk = lua_pushfstring(L, "@%s", file);
    if (!chunk_load_carried(L, file, chunk)) lua_pushnil(L);
    return 1;
}

// metatable(value): its real metatable, or nil.
static int host_metatable(lua_State *L) {
    luaL_checkany(L, 1);
    return lua_getmetatable(L, 1);
}

static const luaL_Reg host_functions[] = {
    {"send", host_send},
    {"receive", host_receive},
    {"nearest", host_nearest},
    {"load", host_load},
    {"carried", host_carried},
    {"where", sandbox_where},
    {"freeze", sandbox_freeze},
    {"metatable", host_metatable},
    {NULL, NULL},
};

// --- the pass ----------------------------------------------------------------

// Runs in protected mode: builds everything, and runs the pass.
static int serve(lua_State *L) {
    const struct process *p = lua_touserdata(L, 1);
    lua_settop(L, 0);
    core_run(L, &p->parts, p->load, host_functions);
    return 0;
}

// The last word when Lua could not have it: no time, no memory, no stack.
static void report(struct process *p, lua_State *L) {
    const char *text = p->box.expired ? p->box.expired_message : NULL;
    if (!text) text = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "the playbook failed";
    struct val *error = val_map(), *done = val_map();
    bool ok = error && val_set(error, "code", val_cstr(ERR_PLAYBOOK)) &&
              val_set(error, "message", val_cstr(text));
    ok = ok && done && val_set(done, "t", val_cstr(MSG_DONE)) &&
         val_set(done, "ok", val_bool(false)) && val_set(done, "error", val_ref(error));
    if (ok) queue(p, done, NULL);
    val_unref(error);
    val_unref(done);
}

static int64_t memory_cap(const struct val *load) {
    int64_t memory = val_as_int(val_get(load, "memory"), DEFAULT_MEMORY);
    if (memory < LEAST_MEMORY) return LEAST_MEMORY;
    return memory > MOST_MEMORY ? MOST_MEMORY : memory;
}

// Somewhat before the host's deadline, which the limit on CPU time tells (in whole
// seconds): a tenth, and never so little that a busy machine would eat it up.
static int64_t computing_ms(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_CPU, &limit) != 0 || limit.rlim_cur > 1000000) return 0;
    if (limit.rlim_cur <= CONFINED_CPU_SLACK) return 0;
    int64_t deadline_ms = ((int64_t)limit.rlim_cur - CONFINED_CPU_SLACK) * 1000;
    return deadline_ms - (deadline_ms > 10 * LEAST_MARGIN_MS ? deadline_ms / 10 : LEAST_MARGIN_MS);
}

int playbook_process(int fd) {
    struct process *p = &process;
    p->fd = fd;
    int64_t limit_ms = computing_ms();
    if (!core_find(&p->parts) || !seccomp_lock(fd)) return EXIT_SETUP;
    p->load = next_message(p);
    if (strcmp(val_get_str(p->load, "t", ""), MSG_LOAD) != 0) return EXIT_PROTOCOL;
    p->announces = val_as_bool(val_get(p->load, "announces"), false);
    if (!sandbox_open(&p->box, (size_t)memory_cap(p->load), limit_ms,
                      val_get_str(p->load, "file", "playbook")))
        return EXIT_SETUP;
    lua_State *L = p->box.L;
    lua_pushcfunction(L, serve);
    lua_pushlightuserdata(L, p);
    int status = lua_pcall(L, 1, 0, 0);
    if (status != LUA_OK && !p->done) report(p, L);
    flush(p);
    return p->done ? EXIT_DONE : EXIT_PROTOCOL;
}
