// base_memory_test.c - what host/base does when memory runs out, at every allocation.
// link: -Wl,--wrap=malloc,--wrap=realloc,--wrap=calloc,--wrap=strdup
#include "failing.h"
#include "scratch.h"

#include "base/asset.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/loop.h"
#include "base/text.h"
#include "base/val.h"
#include "base/wire.h"

static const char text[] = "{\"a\":[1,2.5,\"three\",null,{\"b\":{\"c\":[]}}],\"n\":null,\"k1\":1,"
                           "\"k2\":2,\"k3\":3,\"k4\":4,\"k5\":5}";

static bool parse_and_print(struct err *e) {
    struct val *v = json_parse(text, sizeof text - 1, "text", e);
    if (v == NULL) {
        assert_string_equal(e->code, ERR_MEMORY);
        return false;
    }
    struct buf out = BUF_EMPTY;
    json_print(&out, v);
    json_print_pretty(&out, v);
    bool ok = !out.failed;
    buf_free(&out);
    val_unref(v);
    return ok;
}

static bool frames(struct err *e) {
    struct val *v = json_parse(text, sizeof text - 1, "text", e), *back = NULL;
    struct buf out = BUF_EMPTY;
    size_t used;
    bool ok = v && wire_write(&out, v, e) && wire_read(out.data, out.len, &back, &used, e) == 1;
    if (ok) assert_true(val_equal(v, back));
    val_unref(v);
    val_unref(back);
    buf_free(&out);
    return ok;
}

static bool build(struct err *e) {
    struct val *list = val_list(), *map = val_map();
    (void)e;
    bool ok = list && map;
    for (int i = 0; ok && i < 20; i++) {
        ok = val_append(list, val_printf("item %d", i)) &&
             val_set(map, i % 2 ? "odd" : "even", val_int(i)) && val_append(list, val_double(i));
    }
    ok = ok && val_set(map, "list", val_ref(list));
    struct val *copy = ok ? val_copy(map) : NULL, *copied = ok ? val_copy(list) : NULL;
    ok = ok && copy && copied && val_equal(copy, map) && val_equal(copied, list);
    val_unref(copy);
    val_unref(copied);
    val_unref(list);
    val_unref(map);
    return ok;
}

static bool failed_values_are_joined(struct err *e) {
    struct val *map = val_map();
    // One check at the end, as val.h promises.
    bool ok = val_set(map, "a", val_cstr("x")) && val_set(map, "b", val_int(1)) &&
              val_set_n(map, "c", 1, val_list()) && val_set(map, "a", val_nil());
    (void)e;
    val_unref(map);
    return ok;
}

static bool error_as_value(struct err *e) {
    struct err full = {.status = 400, .retryable = true};
    (void)e;
    snprintf(full.code, sizeof full.code, "Throttling");
    snprintf(full.message, sizeof full.message, "slow down");
    snprintf(full.request_id, sizeof full.request_id, "id");
    struct val *v = err_to_val(&full);
    val_unref(v);
    return v != NULL;
}

static bool buffers(struct err *e) {
    struct buf b = BUF_EMPTY, copy = BUF_EMPTY;
    (void)e;
    for (int i = 0; i < 100; i++) buf_printf(&b, "number %d, ", i);
    base64_encode(&copy, buf_str(&b), b.len);
    text_escape(&copy, "\x1b", 1, 0);
    text_snake(&copy, "DescribeVpcs");
    bool ok = !b.failed && !copy.failed;
    size_t len = b.len;
    char *taken = buf_take(&b);
    if (ok) assert_int_equal(strlen(taken), len);
    free(taken);
    buf_free(&copy);
    return ok;
}

static bool digest_in_parts(struct err *e) {
    struct sha256_stream *s = sha256_new();
    char hex[SHA256_HEX];
    (void)e;
    bool ok = s != NULL && sha256_add(s, "abc", 3) && sha256_end_hex(s, hex);
    sha256_free(s);
    return ok;
}

static struct scratch scratch;

static bool files(struct err *e) {
    struct buf path = BUF_EMPTY, read = BUF_EMPTY;
    buf_printf(&path, "%s/a/b", scratch.dir);
    bool ok = path.failed ? err_memory(e) : file_make_dirs(path.data, e);
    buf_add_str(&path, "/f");
    ok = ok && (path.failed ? err_memory(e) : file_replace(path.data, "bytes", 5, e)) &&
         file_read(path.data, 100, &read, e);
    if (ok) assert_string_equal(buf_str(&read), "bytes");
    buf_free(&read);
    buf_clear(&path);
    ok = ok && file_xdg_path(&path, "XDG_TEST", ".x", "y", e);
    buf_free(&path);
    return ok;
}

static void set_true(void *ctx) {
    *(bool *)ctx = true;
}

static void nothing(void *ctx, short revents) {
    (void)ctx;
    (void)revents;
}

static int no_limit(void *ctx) {
    (void)ctx;
    return -1;
}

static bool loops(struct err *e) {
    bool done = false;
    struct loop *l = loop_new(e);
    if (l == NULL) return false;
    struct loop_fd *watch = loop_fd_add(l, STDERR_FILENO, 0, nothing, NULL);
    bool ok = watch != NULL && loop_prepare_add(l, no_limit, NULL) && loop_catch_signals(l, e) &&
              loop_timer_add(l, 0, set_true, &done) != NULL && loop_until(l, &done, false, e);
    loop_fd_remove(watch);
    loop_free(l);
    return ok;
}

static void keep_name(void *ctx, const char *name) {
    snprintf(ctx, 256, "%s", name);
}

static bool assets(struct err *e) {
    const char *bytes;
    size_t len;
    char last[256] = "";
    (void)e;
    asset_each("", keep_name, last);
    return last[0] != '\0' ? asset_find(last, &bytes, &len) : allocations_left != 0;
}

static void test_json(void **state) {
    (void)state;
    at_every_allocation(parse_and_print);
    at_every_allocation(frames);
}

static void test_values(void **state) {
    (void)state;
    at_every_allocation(build);
    at_every_allocation(failed_values_are_joined);
    at_every_allocation(error_as_value);
}

static void test_buffers(void **state) {
    (void)state;
    at_every_allocation(buffers);
    at_every_allocation(digest_in_parts);
}

static void test_files(void **state) {
    (void)state;
    scratch_make(&scratch);
    setenv("XDG_TEST", "/x", 1);
    at_every_allocation(files);
    scratch_remove(&scratch);
}

static void test_loops(void **state) {
    (void)state;
    at_every_allocation(loops);
}

static void test_assets(void **state) {
    (void)state;
    at_every_allocation(assets);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json),  cmocka_unit_test(test_values), cmocka_unit_test(test_buffers),
        cmocka_unit_test(test_files), cmocka_unit_test(test_loops),  cmocka_unit_test(test_assets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
