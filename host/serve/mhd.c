// mhd.c - dlopen and dlsym.
#include "serve/mhd.h"

#include <dlfcn.h>
#include <stddef.h>
#include <string.h>

#define LIBRARY "libmicrohttpd.so.12"

static struct mhd table;

static const struct {
    const char *name;
    size_t offset;
} symbols[] = {
    {"MHD_start_daemon", offsetof(struct mhd, start_daemon)},
    {"MHD_stop_daemon", offsetof(struct mhd, stop_daemon)},
    {"MHD_get_daemon_info", offsetof(struct mhd, get_daemon_info)},
    {"MHD_get_timeout", offsetof(struct mhd, get_timeout)},
    {"MHD_run", offsetof(struct mhd, run)},
    {"MHD_get_connection_values", offsetof(struct mhd, get_connection_values)},
    {"MHD_create_response_from_buffer", offsetof(struct mhd, create_response_from_buffer)},
    {"MHD_add_response_header", offsetof(struct mhd, add_response_header)},
    {"MHD_queue_response", offsetof(struct mhd, queue_response)},
    {"MHD_destroy_response", offsetof(struct mhd, destroy_response)},
    {"MHD_suspend_connection", offsetof(struct mhd, suspend_connection)},
    {"MHD_resume_connection", offsetof(struct mhd, resume_connection)},
    {"MHD_get_connection_info", offsetof(struct mhd, get_connection_info)},
};

const struct mhd *mhd_load(struct err *e) {
    static void *library;
    if (library) return &table;
    void *opened = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
    if (!opened) {
        err_set(e, ERR_SYSTEM, "%s cannot be loaded (%s); install libmicrohttpd12", LIBRARY,
                dlerror());
        return NULL;
    }
    for (size_t i = 0; i < sizeof symbols / sizeof *symbols; i++) {
        void *symbol = dlsym(opened, symbols[i].name);
        if (!symbol) {
            err_set(e, ERR_SYSTEM, "%s has no %s", LIBRARY, symbols[i].name);
            dlclose(opened);
            return NULL;
        }
        memcpy((char *)&table + symbols[i].offset, &symbol, sizeof symbol);
    }
    library = opened;
    return &table;
}
