// Built from the sources that Debian's node-llhttp installs; nothing is vendored.
#include "/usr/share/llhttp/llhttp.c"
