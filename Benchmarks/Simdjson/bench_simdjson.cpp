#include "bench_simdjson.h"
#include <simdjson.h>

int bench_simdjson_parse(const char *text, size_t count) {
    static thread_local simdjson::dom::parser parser;
    simdjson::dom::element element;
    // The parser copies the text, for it may read past its end.
    return parser.parse(text, count, true).get(element) == simdjson::SUCCESS;
}
