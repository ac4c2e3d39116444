// Debian's node-llhttp keeps its header outside the default include path.
#include "/usr/share/include/llhttp/llhttp.h"
