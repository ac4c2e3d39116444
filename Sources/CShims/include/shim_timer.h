// Linux's timerfd, whose header would bring a second `struct timespec` along.
#ifndef SHIM_TIMER_H
#define SHIM_TIMER_H

#include <stdint.h>

// A descriptor that becomes readable when its time has come, or -1. On CLOCK_MONOTONIC; non-blocking.
int shim_timer_open(void);
// Arms it for a moment of that clock, in nanoseconds above zero. 0 if that worked.
int shim_timer_arm(int descriptor, int64_t nanoseconds);

#endif
