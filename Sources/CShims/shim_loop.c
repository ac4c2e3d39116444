#define _GNU_SOURCE
#include <pthread.h>
#include "include/shim_loop.h"
#include <stddef.h>

static _Thread_local void *current_loop = NULL;

void *shim_current_loop(void) { return current_loop; }
void shim_set_current_loop(void *loop) { current_loop = loop; }
void shim_name_thread(const char *name) { pthread_setname_np(pthread_self(), name); }
