// Built from the sources that Debian's node-llhttp installs; this repository holds no copy.
// llhttp chooses its mode at compile time. The loose mode accepts line ends that allow request smuggling.
#define LLHTTP_STRICT_MODE 1
#include "/usr/share/llhttp/llhttp.c"
