// model_test.c - operations, shapes and models from outside.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/text.h"
#include "model/model.h"

static int open_model(void **state) {
    struct err e;
    *state = model_open(NULL, &e);
    return *state ? 0 : -1;
}

static int close_model(void **state) {
    model_free(*state);
    return 0;
}

static void both_spellings_name_an_operation(void **state) {
    struct err e;
    const struct operation *op = model_operation(*state, "ec2", "describe_vpcs", &e);
    assert_non_null(op);
    assert_string_equal(op->name, "DescribeVpcs");
    assert_ptr_equal(op, model_operation(*state, "ec2", "DescribeVpcs", &e));
    assert_false(op->mutates);
    assert_true(op->dry_run);
    assert_string_equal(op->page_results, "Vpcs");
    assert_string_equal(op->service->api_version, "2016-11-15");
}

static void a_misspelt_name_gets_a_suggestion(void **state) {
    struct err e;
    assert_null(model_operation(*state, "ec2", "describe_vpc", &e));
    assert_true(err_is(&e, ERR_USAGE));
    assert_non_null(strstr(e.message, "did you mean describe_vpcs?"));
    assert_null(model_operation(*state, "ec2", "DescribeVPCs", &e));
    assert_non_null(strstr(e.message, "did you mean DescribeVpcs?"));
    assert_null(model_service(*state, "ec3", &e));
    assert_non_null(strstr(e.message, "did you mean ec2?"));
    assert_null(model_operation(*state, "ec2", "", &e));
    assert_null(model_operation(*state, "ec2", "run_instances x", &e));
}

static void mutations_are_told_from_reads(void **state) {
    static const struct {
        const char *service, *operation;
        bool mutates;
    } known[] = {{"ec2", "DescribeInstances", false}, {"ec2", "SearchTransitGatewayRoutes", false},
                 {"ec2", "GetConsoleOutput", false},  {"ec2", "GetConsoleScreenshot", true},
                 {"ec2", "RunInstances", true},       {"ec2", "RevokeSecurityGroupEgress", true},
                 {"sqs", "ReceiveMessage", true},     {"sqs", "GetQueueUrl", false},
                 {"sts", "GetCallerIdentity", false}, {"sts", "DecodeAuthorizationMessage", false},
                 {"sts", "GetSessionToken", true},    {"sts", "AssumeRole", true}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        const struct operation *op =
            model_operation(*state, known[i].service, known[i].operation, NULL);
        assert_non_null(op);
        assert_int_equal(op->mutates, known[i].mutates);
    }
    assert_true(model_operation(*state, "sts", "get_session_token", NULL)->credential_output);
    assert_true(model_operation(*state, "ec2", "create_key_pair", NULL)->credential_output);
}

struct seen {
    size_t count, reads;
    const char *before;
    struct model *model;
};

static void look(void *ctx, const struct operation *op) {
    struct seen *s = ctx;
    s->count++;
    s->reads += !op->mutates;
    if (s->before) assert_true(strcmp(s->before, op->method) < 0);
    s->before = op->method;
    struct buf snake = BUF_EMPTY;
    text_snake(&snake, op->name);
    assert_string_equal(buf_str(&snake), op->method);
    buf_free(&snake);
    bool reads = text_starts(op->name, "Describe") || text_starts(op->name, "Get") ||
                 text_starts(op->name, "List") || text_starts(op->name, "Search") ||
                 text_starts(op->name, "Simulate") ||  // of IAM: would a policy allow it?
                 strcmp(op->name, "DecodeAuthorizationMessage") == 0;
    if (!reads) assert_true(op->mutates);
    struct err e;
    if (*op->input) assert_non_null(model_shape(s->model, op->service, op->input, &e));
    if (*op->output) assert_non_null(model_shape(s->model, op->service, op->output, &e));
}

static void look_at_service(void *ctx, const struct service *s) {
    struct seen *seen = ctx;
    seen->before = NULL;
    model_each_operation(seen->model, s, look, seen);
}

static void every_operation_is_there_in_order(void **state) {
    struct seen seen = {.model = *state};
    model_each_service(*state, look_at_service, &seen);
    assert_true(seen.count >= 1090);
    assert_true(seen.reads > 300 && seen.reads < 500);
}

static void members_are_found_by_name(void **state) {
    struct err e;
    const struct service *s = model_service(*state, "ec2", &e);
    const struct shape *shape = model_shape(*state, s, "RunInstancesRequest", &e);
    assert_non_null(shape);
    for (size_t i = 0; i < shape->member_count; i++)
        assert_ptr_equal(shape_member(shape, shape->members[i].name), &shape->members[i]);
    assert_null(shape_member(shape, "instanceid"));
    assert_true(shape_member(shape, "UserData")->sensitive);
    assert_true(shape_member(shape, "ClientToken")->idempotency_token);
    assert_true(shape_member(shape, "MaxCount")->required);
    const struct shape *kind = model_shape(*state, s, "ShutdownBehavior", &e);
    assert_string_equal(kind->choices[0], "stop");
    assert_null(model_shape(*state, s, "NoSuchShape", &e));
}

static void refused(const char *text, const char *message) {
    struct err e = {0};
    struct model *m = model_from_text(text, strlen(text), &e);
    assert_null(m);
    if (!strstr(e.message, message)) print_error("got: %s\n", e.message);
    assert_non_null(strstr(e.message, message));
}

#define SERVICE "service x protocol=ec2 version=1\n"

static void broken_models_are_refused_with_their_line(void **state) {
    (void)state;
    refused("", "no service line");
    refused("shape A string\n", "no service line");
    refused(SERVICE "shape A string", "model:2: the last line does not end in a newline");
    refused("service x protocol=soap\n", "the model:1: the protocol must be");
    refused("service x protocol=json version=1\n", "needs target= and json=");
    refused("service\n", "a name is missing");
    refused("service x color=red\n", "unknown word in a service line: \"color=red\"");
    refused("\n" SERVICE, "model:1: an empty line");
    refused(SERVICE "thing A\n", "model:2: a line starts with");
    refused(SERVICE "shape B string\nshape A string\n", "model:3: lines must be sorted");
    refused(SERVICE "shape A string\nshape A blob\n", "model:3: shape A is there twice");
    refused(SERVICE "shape A\n", "model:2: a shape needs a name and a type");
    refused(SERVICE "shape A union\n", "unknown type \"union\"");
    refused(SERVICE "shape A string,what\n", "unknown trait of a shape");
    refused(SERVICE "shape A list\n", "\"member:SHAPE\" is missing");
    refused(SERVICE "shape A map key:A\n", "\"value:SHAPE\" is missing");
    refused(SERVICE "shape A structure B\n", "a member is NAME:SHAPE");
    refused(SERVICE "shape A structure B:A,x=1\n", "unknown trait of a member");
    refused(SERVICE "shape A structure B:A B:A\n", "the member \"B\" is there twice");
    refused(SERVICE "shape A structure B:C\n", "names the shape \"C\"");
    refused(SERVICE "shape A string x\n", "a choice is =VALUE");
    refused(SERVICE "shape A string =%4\n", "malformed");
    refused(SERVICE "shape A string =%00\n", "malformed");
    refused(SERVICE "shape A blob x\n", "more than its type allows");
    refused(SERVICE "shape A blob\x01\n", "only plain ASCII");
    refused("operation a A in=B\n" SERVICE, "read or mutate");
    refused("operation a A\n" SERVICE, "\"read\" or \"mutate\" is missing");
    refused("operation a A read in=B\n" SERVICE, "names the shape \"B\"");
    refused("operation a A read in=B\n" SERVICE "shape B string\n", "takes and gives structures");
    refused("operation a A read page=x\n" SERVICE, "page= is INPUT>OUTPUT");
}

static void cut_and_twisted_models_never_crash(void **state) {
    (void)state;
    static const char good[] =
        "# comment\n"
        "operation do_it DoIt mutate in=In out=Out dryrun token=T page=A>B limit=L results=R,S\n"
        "service x protocol=query version=1 endpoint=e signing=s ns=http://x/%20\n"
        "shape In structure,union A:List,l,q=Q,req B:Map,l=b%2C,flat\n"
        "shape List list member:In,l=item\n"
        "shape Map map key:Text value:In\n"
        "shape Out structure\n"
        "shape Text string =a =b%20c =\n";
    struct err e;
    for (size_t len = 0; len < sizeof good; len++) model_free(model_from_text(good, len, &e));
    unsigned seed = 7;
    for (int round = 0; round < 20000; round++) {
        char text[sizeof good];
        memcpy(text, good, sizeof good);
        for (int i = 0; i < 1 + round % 3; i++) {
            seed = seed * 1103515245 + 12345;
            text[seed / 65536 % (sizeof good - 1)] = "\n ,:=%ax"[seed / 7 % 8];
        }
        model_free(model_from_text(text, sizeof good - 1, &e));
    }
    struct model *m = model_from_text(good, sizeof good - 1, &e);
    assert_non_null(m);
    const struct operation *op = model_operation(m, "x", "DoIt", &e);
    assert_string_equal(op->page_results, "R,S");
    assert_string_equal(op->service->xml_namespace, "http://x/ ");
    model_free(m);
}

static void write_file(const char *folder, const char *name, const char *text) {
    char path[300];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static struct model *with_extra(const char *text, struct err *e) {
    char folder[] = "/tmp/model_test.XXXXXX", path[300];
    assert_non_null(mkdtemp(folder));
    write_file(folder, "team.model", text);
    struct model *m = model_open(folder, e);
    snprintf(path, sizeof path, "%s/team.model", folder);
    unlink(path);
    rmdir(folder);
    return m;
}

static void a_team_adds_a_service(void **state) {
    (void)state;
    struct err e;
    struct model *m = with_extra("operation get_x GetX read\n"
                                 "service guard protocol=query version=2017-11-28\n",
                                 &e);
    assert_non_null(m);
    assert_non_null(model_operation(m, "guard", "get_x", &e));
    assert_non_null(model_operation(m, "ec2", "describe_vpcs", &e));
    model_free(m);
    m = model_open("/no/such/folder", &e);
    assert_non_null(m);
    model_free(m);
}

static void an_added_service_never_stands_for_an_embedded_one(void **state) {
    (void)state;
    static const char *const texts[] = {
        "operation terminate_instances TerminateInstances read\n"
        "service ec2 protocol=ec2 version=2016-11-15\n",
        "operation terminate_instances TerminateInstances read\n"
        "service mine protocol=ec2 version=2016-11-15 endpoint=ec2\n",
        "operation terminate_instances TerminateInstances read\n"
        "service mine protocol=ec2 version=2016-11-15 signing=ec2\n",
        "operation send_message SendMessage read\n"
        "service mine protocol=json version=1 target=AmazonSQS json=1.0\n"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct err e;
        assert_null(with_extra(texts[i], &e));
        assert_true(err_is(&e, ERR_USAGE));
        assert_non_null(strstr(e.message, "can only add services"));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_spellings_name_an_operation),
        cmocka_unit_test(a_misspelt_name_gets_a_suggestion),
        cmocka_unit_test(mutations_are_told_from_reads),
        cmocka_unit_test(every_operation_is_there_in_order),
        cmocka_unit_test(members_are_found_by_name),
        cmocka_unit_test(broken_models_are_refused_with_their_line),
        cmocka_unit_test(cut_and_twisted_models_never_crash),
        cmocka_unit_test(a_team_adds_a_service),
        cmocka_unit_test(an_added_service_never_stands_for_an_embedded_one),
    };
    return cmocka_run_group_tests(tests, open_model, close_model);
}
