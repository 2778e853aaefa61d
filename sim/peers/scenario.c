#include "sim/peers/scenario.h"

#include <string.h>

static const struct qn_peers_scenario scenarios[] = {
    {"peers/eclipse",
     "half of the address book hostile, from 32 networks: after a restart no node is cut off",
     qn_peers_play_eclipse},
    {"peers/poisoning",
     "254 nodes of one /24 tell lies as fast as they can: few places, no honest node lost",
     qn_peers_play_poisoning},
};

size_t qn_peers_scenario_count(void)
{
    return QN_ARRAY_COUNT(scenarios);
}

const struct qn_peers_scenario *qn_peers_scenario_at(size_t index)
{
    return &scenarios[index];
}

const struct qn_peers_scenario *qn_peers_scenario_find(const char *name)
{
    for (size_t i = 0; i < QN_ARRAY_COUNT(scenarios); i++) {
        if (strcmp(scenarios[i].name, name) == 0) {
            return &scenarios[i];
        }
    }
    return NULL;
}
