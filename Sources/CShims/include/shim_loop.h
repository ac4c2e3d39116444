// libuv handles "inherit" by layout. These casts are legal in C, so they are made here once.
#ifndef SHIM_LOOP_H
#define SHIM_LOOP_H
#include <uv.h>

static inline uv_handle_t *shim_handle_async(uv_async_t *h) { return (uv_handle_t *)h; }
static inline uv_handle_t *shim_handle_idle(uv_idle_t *h) { return (uv_handle_t *)h; }
static inline uv_handle_t *shim_handle_check(uv_check_t *h) { return (uv_handle_t *)h; }
static inline uv_handle_t *shim_handle_timer(uv_timer_t *h) { return (uv_handle_t *)h; }
static inline uv_handle_t *shim_handle_poll(uv_poll_t *h) { return (uv_handle_t *)h; }
static inline uv_handle_t *shim_handle_tcp(uv_tcp_t *h) { return (uv_handle_t *)h; }
static inline uv_handle_t *shim_handle_signal(uv_signal_t *h) { return (uv_handle_t *)h; }
static inline uv_stream_t *shim_stream_tcp(uv_tcp_t *h) { return (uv_stream_t *)h; }
static inline uv_req_t *shim_req_fs(uv_fs_t *r) { return (uv_req_t *)r; }

// Returns the loop that runs on the calling thread, or NULL.
void *shim_current_loop(void);
void shim_set_current_loop(void *loop);

// Names the calling thread for debuggers and top, in at most 15 bytes.
void shim_name_thread(const char *name);
#endif
