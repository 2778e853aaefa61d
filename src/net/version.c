#include "qnet/version.h"

#include "qn_version.h"

const char *qnet_version(void)
{
    return QN_VERSION;
}
