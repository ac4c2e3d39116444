// Linux's timerfd. Its own header would also import a second `struct timespec`.
#ifndef SHIM_TIMER_H
#define SHIM_TIMER_H

#include <stdint.h>

// Opens a non-blocking timer on CLOCK_MONOTONIC. Returns a descriptor that becomes readable when the timer fires, or
// -1.
int shim_timer_open(void);
// Arms the timer for a time on that clock, in nanoseconds, greater than zero. Returns 0 on success.
int shim_timer_arm(int descriptor, int64_t nanoseconds);

#endif
