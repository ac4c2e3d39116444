// SHA-256 through its plain context, a struct that can be copied. A copy saves the state after a key's pad; an EVP
// context cannot be copied without an allocation. OpenSSL 3 marks these functions as
// deprecated; the .c file silences that once.
#ifndef SHIM_SHA256_H
#define SHIM_SHA256_H
#include <openssl/sha.h>
#include <stddef.h>

void shim_sha256_init(SHA256_CTX *context);
void shim_sha256_update(SHA256_CTX *context, const void *bytes, size_t count);
// Writes 32 bytes.
void shim_sha256_final(SHA256_CTX *context, unsigned char *digest);
#endif
