// curl's setopt and getinfo are variadic, so Swift cannot call them: one typed wrapper per kind of argument.
#ifndef SHIM_CURL_H
#define SHIM_CURL_H
#include <curl/curl.h>

static inline CURLcode shim_easy_long(CURL *h, CURLoption o, long v) { return curl_easy_setopt(h, o, v); }
static inline CURLcode shim_easy_off(CURL *h, CURLoption o, curl_off_t v) { return curl_easy_setopt(h, o, v); }
static inline CURLcode shim_easy_str(CURL *h, CURLoption o, const char *v) { return curl_easy_setopt(h, o, v); }
static inline CURLcode shim_easy_ptr(CURL *h, CURLoption o, void *v) { return curl_easy_setopt(h, o, v); }
static inline CURLcode shim_easy_slist(CURL *h, CURLoption o, struct curl_slist *v) { return curl_easy_setopt(h, o, v); }
typedef size_t (*shim_data_cb)(char *data, size_t size, size_t count, void *user);
static inline CURLcode shim_easy_data_cb(CURL *h, CURLoption o, shim_data_cb f) { return curl_easy_setopt(h, o, f); }
typedef curl_socket_t (*shim_opensocket_cb)(void *user, curlsocktype purpose, struct curl_sockaddr *address);
static inline CURLcode shim_easy_opensocket_cb(CURL *h, shim_opensocket_cb f) {
    return curl_easy_setopt(h, CURLOPT_OPENSOCKETFUNCTION, f);
}
typedef int (*shim_resolver_cb)(void *resolver, void *reserved, void *user);
static inline CURLcode shim_easy_resolver_cb(CURL *h, shim_resolver_cb f) {
    return curl_easy_setopt(h, CURLOPT_RESOLVER_START_FUNCTION, f);
}
typedef int (*shim_seek_cb)(void *user, curl_off_t offset, int origin);
static inline CURLcode shim_easy_seek_cb(CURL *h, shim_seek_cb f) { return curl_easy_setopt(h, CURLOPT_SEEKFUNCTION, f); }
static inline CURLcode shim_easy_info_long(CURL *h, CURLINFO i, long *v) { return curl_easy_getinfo(h, i, v); }
static inline CURLcode shim_easy_info_off(CURL *h, CURLINFO i, curl_off_t *v) { return curl_easy_getinfo(h, i, v); }
static inline CURLcode shim_easy_info_ptr(CURL *h, CURLINFO i, void **v) { return curl_easy_getinfo(h, i, v); }
static inline CURLcode shim_easy_info_str(CURL *h, CURLINFO i, const char **v) { return curl_easy_getinfo(h, i, v); }

static inline CURLMcode shim_multi_long(CURLM *h, CURLMoption o, long v) { return curl_multi_setopt(h, o, v); }
static inline CURLMcode shim_multi_ptr(CURLM *h, CURLMoption o, void *v) { return curl_multi_setopt(h, o, v); }
static inline CURLMcode shim_multi_socket_cb(CURLM *h, curl_socket_callback f) {
    return curl_multi_setopt(h, CURLMOPT_SOCKETFUNCTION, f);
}
static inline CURLMcode shim_multi_timer_cb(CURLM *h, curl_multi_timer_callback f) {
    return curl_multi_setopt(h, CURLMOPT_TIMERFUNCTION, f);
}
#endif
