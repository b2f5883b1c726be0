// http_curl.c - libcurl's functions, looked up when the network is first needed.
//
// Owns: loading libcurl. It stays loaded until the process ends: libcurl and OpenSSL
// register handlers that must not lose their code.
#include "aws/http_curl.h"

#include <dlfcn.h>

#define LIBRARY "libcurl.so.4"

static bool find_function(void *library, const char *name, void *slot, struct err *e) {
    void *found = dlsym(library, name);
    if (found == NULL) return err_set(e, ERR_SYSTEM, LIBRARY " has no %s: install libcurl4", name);
    *(void **)slot = found;
    return true;
}

static bool load(struct curl_functions *f, struct err *e) {
    void *library = dlopen(LIBRARY, RTLD_LAZY | RTLD_LOCAL);
    if (library == NULL)
        return err_set(e, ERR_SYSTEM, "cannot load " LIBRARY " (%.300s): install libcurl4",
                       dlerror());
#define X(name)                                                                                    \
    if (!find_function(library, "curl_" #name, &f->name, e)) return false;
    HTTP_CURL_FUNCTIONS(X)
#undef X
    if (f->global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return err_set(e, ERR_SYSTEM, LIBRARY " cannot be initialised");
    return true;
}

const struct curl_functions *http_curl(struct err *e) {
    static struct curl_functions functions;
    static bool loaded;
    if (!loaded) loaded = load(&functions, e);
    return loaded ? &functions : NULL;
}
