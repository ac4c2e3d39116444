#define OPENSSL_SUPPRESS_DEPRECATED
#include "include/shim_sha256.h"

// For SHA-256 these functions cannot fail; their result is always 1.
void shim_sha256_init(SHA256_CTX *context) { SHA256_Init(context); }
void shim_sha256_update(SHA256_CTX *context, const void *bytes, size_t count) { SHA256_Update(context, bytes, count); }
void shim_sha256_final(SHA256_CTX *context, unsigned char *digest) { SHA256_Final(digest, context); }
