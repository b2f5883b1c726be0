// model.h - what the API model says about services, operations and shapes.
//
// Owns: lookup in the compact text models (host/model/*.model, made by
// host/model/generate.py from botocore; the format is described at the top of that
// file). Lines are found by binary search when they are first asked for; nothing
// is parsed before. It never decides anything: whether a call may go is the gate's.
#ifndef CORDON_MODEL_MODEL_H
#define CORDON_MODEL_MODEL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

enum protocol { PROTOCOL_EC2, PROTOCOL_QUERY, PROTOCOL_JSON };

// One service. Strings live as long as the service.
struct service {
    const char *name;             // "elbv2": the Lua module, the CLI word
    const char *config_name;      // "elastic_load_balancing_v2": in configuration files
    const char *endpoint_prefix;  // "ec2"
    const char *signing_name;     // "ec2"
    const char *api_version;      // "2016-11-15"
    const char *target_prefix;    // "AmazonSQS" (PROTOCOL_JSON), else ""
    const char *json_version;     // "1.0" (PROTOCOL_JSON), else ""
    const char *xml_namespace;    // "" when none
    bool query_compatible;        // sends x-amzn-query-mode
    enum protocol protocol;
};

enum shape_kind {
    SHAPE_STRUCTURE,
    SHAPE_LIST,
    SHAPE_MAP,
    SHAPE_STRING,
    SHAPE_INTEGER,
    SHAPE_LONG,
    SHAPE_FLOAT,
    SHAPE_DOUBLE,
    SHAPE_BOOLEAN,
    SHAPE_TIMESTAMP,
    SHAPE_BLOB
};

enum timestamp_format { TIMESTAMP_DEFAULT, TIMESTAMP_ISO8601, TIMESTAMP_RFC822, TIMESTAMP_UNIX };

struct shape;

// A member of a structure, or the member / key / value of a list or map.
struct member {
    const char *name;           // as boto3 users know it; "" for list members
    const struct shape *shape;  // resolved lazily by model_member_shape()
    const char *shape_name;
    const char *location_name;  // "" when the model has none
    const char *query_name;     // "" when the model has none
    const char *xml_namespace;  // "" when none
    const char *xml_namespace_prefix;
    enum timestamp_format timestamp;
    bool required;
    bool sensitive;          // the member's shape is sensitive: only its SHA-256 may be kept
    bool idempotency_token;  // filled with a UUID when absent
    bool flattened;
    bool xml_attribute;
    bool host_label;
};

struct shape {
    const char *name;
    enum shape_kind kind;
    struct member *members;  // structure: sorted as in the API description
    size_t member_count;
    struct member item;          // list
    struct member key, value;    // map
    const char *const *choices;  // enum values of a string, NULL-terminated; NULL when free
    bool flattened;
    bool sensitive;
    bool boxed_document;  // "document" type: any JSON
    bool union_type;
    enum timestamp_format timestamp;
    bool error;              // an exception shape
    const char *error_code;  // its wire code, "" when it is the name
};

struct operation {
    const struct service *service;
    const char *name;            // "DescribeVpcs"
    const char *method;          // "describe_vpcs"
    const char *input;           // shape name, "" when none
    const char *output;          // shape name, "" when none
    const char *result_wrapper;  // PROTOCOL_QUERY, "" when none
    bool mutates;                // everything that is not known to be a read
    bool dry_run;                // its input has the DryRun member
    const char *client_token;    // the idempotency member, "" when none
    bool credential_output;      // returns keys: refused to playbooks
    // Pagination; empty strings when it has none.
    const char *page_input;    // "NextToken"
    const char *page_output;   // "NextToken"
    const char *page_limit;    // "MaxResults"
    const char *page_results;  // "Reservations", several joined by ','
};

struct model;

// Loads the embedded models, and then any file in `extra_dir` (NULL: none) that ends
// in ".model". An extra file that names an embedded service or operation is refused.
struct model *model_open(const char *extra_dir, struct err *e);
// A model from one text (the protocol suites bring their own shapes). Text is copied.
struct model *model_from_text(const char *text, size_t len, struct err *e);
void model_free(struct model *m);

// NULL and ERR_USAGE with "did you mean" when there is none.
const struct service *model_service(struct model *m, const char *name, struct err *e);
// `name` in either spelling.
const struct operation *model_operation(struct model *m, const char *service, const char *name,
                                        struct err *e);
// NULL only when the model is broken (or memory ran out). The shape that a member, item,
// key or value names is remembered in it, so asking again costs nothing.
const struct shape *model_shape(struct model *m, const struct service *s, const char *name,
                                struct err *e);
const struct shape *model_member_shape(struct model *m, const struct service *s,
                                       const struct member *member, struct err *e);
// The member of a shape that came from a model; NULL when it has none of that name.
const struct member *shape_member(const struct shape *s, const char *name);

// Every service and every operation, in sorted order.
void model_each_service(struct model *m, void (*fn)(void *, const struct service *), void *ctx);
void model_each_operation(struct model *m, const struct service *s,
                          void (*fn)(void *, const struct operation *), void *ctx);

#endif
