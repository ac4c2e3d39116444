// C only, no logic: wrappers for the parts of the C libraries that Swift cannot import (macros, variadic functions,
// libuv's struct "inheritance").
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
