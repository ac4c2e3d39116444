// libuv handles "inherit" by layout. These casts are legal in C, so they are made here once.
#ifndef SHIM_LOOP_H
#define SHIM_LOOP_H
#include <uv.h>

static inline uv_handle_t *shim_handle(void *handle) { return (uv_handle_t *)handle; }
static inline uv_stream_t *shim_stream(uv_tcp_t *handle) { return (uv_stream_t *)handle; }

// The first field of every handle and every request is `void *data`.
static inline void *shim_data(const void *object) { return *(void *const *)object; }
static inline void shim_set_data(void *object, void *data) { *(void **)object = data; }

// Returns the loop that runs on the calling thread, or NULL.
void *shim_current_loop(void);
void shim_set_current_loop(void *loop);

// Names the calling thread for debuggers and top, in at most 15 bytes.
void shim_name_thread(const char *name);
#endif
