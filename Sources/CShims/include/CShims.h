// C only, no logic: what Swift cannot import by itself (macros, variadics, struct "inheritance" of libuv).
#ifndef CSHIMS_H
#define CSHIMS_H

#include <curl/curl.h>
#include <malloc.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <postgresql/libpq-fe.h>
#include <uv.h>
#include <zlib.h>

#include "llhttp.h"
#include "shim_curl.h"
#include "shim_loop.h"
#include "shim_sha256.h"
#include "shim_timer.h"

#endif
