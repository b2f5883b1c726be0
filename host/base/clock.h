// clock.h - time, and the texts of it.
//
// Owns: reading the clocks and formatting instants. All instants are UTC. It
// never sleeps: loop.h has timers.
#ifndef CORDON_BASE_CLOCK_H
#define CORDON_BASE_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int64_t clock_now_us(void);   // wall clock, microseconds since 1970
int64_t clock_mono_ms(void);  // monotonic, milliseconds since some start

// From now on both clocks of this process show this simulated time, and stand still until they
// are moved on: by another call (never back), or by the loop when it has nothing to do but to
// wait for a timer. For the host process of a drill.
void clock_simulate(int64_t us);
bool clock_is_simulated(void);
int64_t clock_real_ms(void);  // the machine's own, monotonic, whatever is simulated

// "2026-11-24T02:15:30.123456Z"
#define CLOCK_ISO_SIZE 28
void clock_iso_us(int64_t us, char out[CLOCK_ISO_SIZE]);
// "20261124T021530Z", as SigV4 and run ids write it
#define CLOCK_BASIC_SIZE 17
void clock_basic(int64_t us, char out[CLOCK_BASIC_SIZE]);
// As Python's datetime.isoformat() in UTC: "2026-11-24T02:15:30+00:00", with
// ".123456" where the microseconds are not zero.
#define CLOCK_PYTHON_SIZE 40
void clock_python(int64_t us, char out[CLOCK_PYTHON_SIZE]);

// Reads ISO 8601 ("2013-05-24T00:00:00Z", with fraction, with offset), RFC 7231
// ("Fri, 24 May 2013 00:00:00 GMT") or the basic form. False when it is none.
bool clock_parse(const char *text, size_t len, int64_t *us);

#endif
