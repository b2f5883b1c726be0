// mhd.h - libmicrohttpd, loaded when a port is served.
//
// Owns: the table of its functions. Debian's library brings GnuTLS and a dozen libraries more
// along; only `cordon sim serve` pays for that.
#ifndef CORDON_SERVE_MHD_H
#define CORDON_SERVE_MHD_H

#include <microhttpd.h>

#include "base/err.h"

struct mhd {
    __typeof__(&MHD_start_daemon) start_daemon;
    __typeof__(&MHD_stop_daemon) stop_daemon;
    __typeof__(&MHD_get_daemon_info) get_daemon_info;
    __typeof__(&MHD_get_timeout) get_timeout;
    __typeof__(&MHD_run) run;
    __typeof__(&MHD_get_connection_values) get_connection_values;
    __typeof__(&MHD_create_response_from_buffer) create_response_from_buffer;
    __typeof__(&MHD_add_response_header) add_response_header;
    __typeof__(&MHD_queue_response) queue_response;
    __typeof__(&MHD_destroy_response) destroy_response;
    __typeof__(&MHD_suspend_connection) suspend_connection;
    __typeof__(&MHD_resume_connection) resume_connection;
    __typeof__(&MHD_get_connection_info) get_connection_info;
};

// The same table for every caller; NULL with the way out when the library is not there.
const struct mhd *mhd_load(struct err *e);

#endif
