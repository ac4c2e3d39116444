// simdjson behind one C function.
#ifndef BENCH_SIMDJSON_H
#define BENCH_SIMDJSON_H
#include <stddef.h>
#ifdef __cplusplus
extern "C" {
#endif
// Parses a document wholly, numbers and strings included, into memory that is kept from one call to the next.
// 1 if it is JSON.
int bench_simdjson_parse(const char *text, size_t count);
#ifdef __cplusplus
}
#endif
#endif
