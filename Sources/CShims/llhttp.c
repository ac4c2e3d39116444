// Built from the sources that Debian's node-llhttp installs; nothing is vendored.
// Strict mode is chosen when llhttp is compiled; the loose one forgives line ends that smuggle requests.
#define LLHTTP_STRICT_MODE 1
#include "/usr/share/llhttp/llhttp.c"
