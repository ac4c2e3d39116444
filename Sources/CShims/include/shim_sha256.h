// SHA-256 by its plain context: a struct that may be copied, so that the state after a key's pad can be saved (EVP's cannot be
// copied without an allocation). OpenSSL 3 marks the functions deprecated; the .c file silences that in one place.
#ifndef SHIM_SHA256_H
#define SHIM_SHA256_H
#include <openssl/sha.h>
#include <stddef.h>

void shim_sha256_init(SHA256_CTX *context);
void shim_sha256_update(SHA256_CTX *context, const void *bytes, size_t count);
// Writes 32 bytes.
void shim_sha256_final(SHA256_CTX *context, unsigned char *digest);
#endif
