// aws_door_test.c - no mutating operation of the model leaves without a permit, unless it
// is a dry run that AWS knows as one; and how replies come.
//
// The server is a socket in this process: what reaches it has left.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <netinet/in.h>
#include <sys/socket.h>

#include "aws/call.h"
#include "aws_files.h"

// --- a server that answers everything with an error and closes ------------------------

struct server {
    struct loop *loop;
    struct loop_fd *watch;
    int fd;
    char url[64];
    int connections;
};

static const char ANSWER[] = "HTTP/1.1 400 Bad\r\nContent-Type: text/xml\r\nContent-Length: 0\r\n"
                             "Connection: close\r\n\r\n";

static void on_connection(void *ctx, short revents) {
    struct server *s = ctx;
    (void)revents;
    int fd = accept(s->fd, NULL, NULL);
    assert_true(fd >= 0);
    s->connections++;
    assert_int_equal(write(fd, ANSWER, sizeof ANSWER - 1), (ssize_t)(sizeof ANSWER - 1));
    shutdown(fd, SHUT_WR);
    close(fd);
}

static void server_start(struct server *s, struct loop *l) {
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof a;
    *s = (struct server){.loop = l, .fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    assert_true(s->fd >= 0);
    assert_int_equal(bind(s->fd, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(s->fd, 64), 0);
    assert_int_equal(getsockname(s->fd, (struct sockaddr *)&a, &size), 0);
    snprintf(s->url, sizeof s->url, "http://127.0.0.1:%d", ntohs(a.sin_port));
    s->watch = loop_fd_add(l, s->fd, POLLIN, on_connection, s);
    assert_non_null(s->watch);
}

// --- the door under test ------------------------------------------------------------------

static struct loop *loop;
static struct model *model;
static struct server server;
static struct aws *door;

static int set_up(void **state) {
    struct err e;
    (void)state;
    aws_files_set(NULL, NULL);
    setenv("AWS_ACCESS_KEY_ID", "A", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "S", 1);
    setenv("AWS_REGION", "eu-west-1", 1);
    setenv("AWS_MAX_ATTEMPTS", "1", 1);
    loop = loop_new(&e);
    model = model_open(NULL, &e);
    if (loop == NULL || model == NULL) fail_msg("%s", e.message);
    server_start(&server, loop);
    struct aws_options o = {.endpoint_url = server.url};
    door = aws_new(loop, model, &o, &e);
    assert_non_null(door);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    aws_free(door);
    door = NULL;
    loop_fd_remove(server.watch);
    close(server.fd);
    model_free(model);
    loop_free(loop);
    return 0;
}

// --- every operation of the model -----------------------------------------------------------

struct tally {
    struct val *params;
    int calls;
    int answered;
    int refused;
    int sent;
    bool done;
    int expected_refused;
};

static void on_reply(void *ctx, const struct aws_reply *r) {
    struct tally *t = ctx;
    assert_false(r->ok);
    t->refused += err_is(&r->err, ERR_REFUSED);
    t->sent += r->sent;
    t->answered++;
    t->done = t->answered == t->calls;
}

static void start_mutation(void *ctx, const struct operation *op) {
    struct tally *t = ctx;
    struct err e;
    struct aws_call call = {.op = op, .params = t->params};
    if (!op->mutates) return;
    t->calls++;
    t->expected_refused +=
        !op->dry_run || t->params == NULL || !val_as_bool(val_get(t->params, "DryRun"), false);
    assert_true(aws_start(door, &call, on_reply, t, &e));
}

static void start_service(void *ctx, const struct service *s) {
    model_each_operation(model, s, start_mutation, ctx);
}

static struct tally start_all(struct val *params) {
    struct err e;
    struct tally t = {.params = params};
    model_each_service(model, start_service, &t);
    assert_true(t.calls > 500);
    assert_int_equal(t.answered, 0);  // none from inside aws_start
    assert_true(loop_until(loop, &t.done, false, &e));
    return t;
}

static void no_mutation_leaves_without_a_permit(void **state) {
    (void)state;
    struct val *params = val_map();
    struct tally t = start_all(params);
    assert_int_equal(t.refused, t.calls);
    assert_int_equal(t.sent, 0);
    val_set(params, "DryRun", val_bool(false));
    t = start_all(params);
    assert_int_equal(t.refused, t.calls);
    val_set(params, "DryRun", val_cstr("true"));  // a word is no permit
    t = start_all(params);
    assert_int_equal(t.refused, t.calls);
    assert_int_equal(server.connections, 0);
    val_unref(params);
}

static void a_dry_run_leaves_only_where_there_is_one(void **state) {
    (void)state;
    struct val *params = val_map();
    val_set(params, "DryRun", val_bool(true));
    struct tally t = start_all(params);
    assert_true(t.expected_refused > 20);  // SQS, STS, and what EC2 has without DryRun
    assert_int_equal(t.refused, t.expected_refused);
    assert_true(server.connections > 0);
    assert_true(server.connections <= t.calls - t.refused);
    val_unref(params);
}

// --- replies -----------------------------------------------------------------------------------

static void no_region_is_explained(void **state) {
    (void)state;
    struct err e;
    struct aws_reply reply;
    struct val *value;
    const char *region;
    unsetenv("AWS_REGION");
    struct aws_call call = {.op = model_operation(model, "ec2", "describe_vpcs", &e)};
    assert_false(aws_wait(door, &call, &reply, &value));
    assert_string_equal(reply.err.code, ERR_USAGE);
    assert_non_null(strstr(reply.err.message, "--region"));
    assert_null(value);
    assert_false(aws_region(door, &region, &e));
    assert_string_equal(region, "");
    assert_int_equal(server.connections, 0);
}

static int replies;

static void count_reply(void *ctx, const struct aws_reply *r) {
    (void)ctx;
    (void)r;
    replies++;
}

static void stop(void *ctx) {
    *(bool *)ctx = true;
}

static void calls_under_way_are_dropped_with_the_door(void **state) {
    (void)state;
    struct err e;
    bool soon = false;
    struct aws_call call = {.op = model_operation(model, "ec2", "describe_vpcs", &e)};
    for (int i = 0; i < 30; i++) assert_true(aws_start(door, &call, count_reply, NULL, &e));
    assert_non_null(loop_timer_add(loop, 1, stop, &soon));
    assert_true(loop_until(loop, &soon, false, &e));
    aws_free(door);
    door = NULL;
    int before = replies;
    assert_true(before < 30);
    soon = false;
    assert_non_null(loop_timer_add(loop, 50, stop, &soon));
    assert_true(loop_until(loop, &soon, false, &e));
    assert_int_equal(replies, before);
}

static bool refuse(void *ctx, struct err *e) {
    ++*(int *)ctx;
    return err_set(e, ERR_REFUSED, "latched");
}

static void a_permit_that_was_taken_back_holds(void **state) {
    (void)state;
    struct err e;
    struct aws_reply reply;
    struct val *value;
    int asked = 0;
    struct permit permit = {refuse, &asked};
    struct aws_call call = {.op = model_operation(model, "ec2", "CreateVpc", &e),
                            .permit = &permit};
    assert_false(aws_wait(door, &call, &reply, &value));
    assert_string_equal(reply.err.message, "latched");
    assert_int_equal(asked, 1);
    assert_false(reply.sent);
    assert_int_equal(server.connections, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(no_mutation_leaves_without_a_permit, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_dry_run_leaves_only_where_there_is_one, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(no_region_is_explained, set_up, tear_down),
        cmocka_unit_test_setup_teardown(calls_under_way_are_dropped_with_the_door, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_permit_that_was_taken_back_holds, set_up, tear_down),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    aws_files_remove();
    return failed;
}
