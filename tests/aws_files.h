// aws_files.h - shared AWS files and a clean environment for the tests of host/aws.
//
// Owns: a temporary folder with config and credentials in it; AWS_* variables unset.
#ifndef CORDON_TESTS_AWS_FILES_H
#define CORDON_TESTS_AWS_FILES_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char aws_files_folder[64];

static inline void aws_files_clean_environment(void) {
    static const char *const names[] = {"AWS_ACCESS_KEY_ID",
                                        "AWS_SECRET_ACCESS_KEY",
                                        "AWS_SESSION_TOKEN",
                                        "AWS_SECURITY_TOKEN",
                                        "AWS_PROFILE",
                                        "AWS_DEFAULT_PROFILE",
                                        "AWS_REGION",
                                        "AWS_DEFAULT_REGION",
                                        "AWS_ENDPOINT_URL",
                                        "AWS_ENDPOINT_URL_EC2",
                                        "AWS_ENDPOINT_URL_SQS",
                                        "AWS_ENDPOINT_URL_STS",
                                        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
                                        "AWS_USE_FIPS_ENDPOINT",
                                        "AWS_USE_DUALSTACK_ENDPOINT",
                                        "AWS_CA_BUNDLE",
                                        "AWS_MAX_ATTEMPTS",
                                        "AWS_CONFIG_FILE",
                                        "AWS_SHARED_CREDENTIALS_FILE",
                                        "AWS_CREDENTIAL_EXPIRATION",
                                        "AWS_ACCOUNT_ID",
                                        "AWS_WEB_IDENTITY_TOKEN_FILE",
                                        "AWS_ROLE_ARN",
                                        "AWS_ROLE_SESSION_NAME",
                                        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
                                        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
                                        "AWS_CONTAINER_AUTHORIZATION_TOKEN",
                                        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
                                        "AWS_EC2_METADATA_SERVICE_ENDPOINT",
                                        "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
                                        "AWS_METADATA_SERVICE_TIMEOUT",
                                        "AWS_METADATA_SERVICE_NUM_ATTEMPTS",
                                        "AWS_LOGIN_CACHE_DIRECTORY"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) unsetenv(names[i]);
    setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
}

static inline void aws_files_write(const char *name, const char *variable, const char *text,
                                   size_t len) {
    char path[128];
    snprintf(path, sizeof path, "%s/%s", aws_files_folder, name);
    FILE *f = fopen(path, "w");
    if (f == NULL || fwrite(text, 1, len, f) != len || fclose(f) != 0) abort();
    setenv(variable, path, 1);
}

// NULL: the file is not there.
static inline void aws_files_set(const char *config, const char *credentials) {
    aws_files_clean_environment();
    if (aws_files_folder[0] == '\0') {
        snprintf(aws_files_folder, sizeof aws_files_folder, "/tmp/cordon-test-XXXXXX");
        if (mkdtemp(aws_files_folder) == NULL) abort();
    }
    setenv("HOME", aws_files_folder, 1);
    if (config != NULL) aws_files_write("config", "AWS_CONFIG_FILE", config, strlen(config));
    if (credentials != NULL)
        aws_files_write("credentials", "AWS_SHARED_CREDENTIALS_FILE", credentials,
                        strlen(credentials));
}

static inline void aws_files_remove(void) {
    char path[128];
    static const char *const names[] = {"config", "credentials"};
    for (size_t i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s/%s", aws_files_folder, names[i]);
        unlink(path);
    }
    rmdir(aws_files_folder);
}

#endif
