#include "shim_timer.h"

#include <sys/timerfd.h>
#include <time.h>

int shim_timer_open(void) { return timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC); }

int shim_timer_arm(int descriptor, int64_t nanoseconds) {
    struct itimerspec setting = {
        .it_value = {.tv_sec = nanoseconds / 1000000000, .tv_nsec = nanoseconds % 1000000000},
    };
    return timerfd_settime(descriptor, TFD_TIMER_ABSTIME, &setting, 0);
}
