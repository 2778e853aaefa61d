#include "node/reach.h"

const char *qn_reach_source_name(enum qn_reach_source source)
{
    static const char *const names[] = {"none", "peers", "mapped", "configured"};
    return names[source];
}
