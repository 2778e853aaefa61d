#include "sim/peers/scenario.h"

#include <string.h>

static const struct qn_peers_scenario scenarios[] = {
    {"peers/eclipse",
     "half of the address book hostile, from 32 networks: after a restart no node is cut off",
     qn_peers_play_eclipse},
    {"peers/restart",
     "half of the book, most inbound links hostile: one restart in 1,000 at most is a full eclipse",
     qn_peers_play_restart},
    {"peers/poisoning",
     "254 nodes of one /24 tell lies as fast as they can: few places, no honest node lost",
     qn_peers_play_poisoning},
    {"peers/sybil",
     "a Sybil floods every node: none has hostile peers only, most links that it dialled are "
     "honest",
     qn_peers_play_sybil},
    {"peers/exhaustion",
     "with every place taken by a flood, an honest newcomer has a link within 30 s",
     qn_peers_play_exhaustion},
    {"peers/storm", "everybody loses the network and gets it back: no storm of dials",
     qn_peers_play_storm},
    {"peers/flapping",
     "peers come and go within seconds: nobody chases them, and whose line is mended is kept again",
     qn_peers_play_flapping},
    {"peers/cut",
     "a region is cut off: alarm within 10 s, found back within a minute when it returns",
     qn_peers_play_cut},
    {"peers/churn", "30 % of the nodes leave in an hour: nobody is left with few links",
     qn_peers_play_churn},
    {"peers/hijack", "another key answers at a genesis address: nobody is taken in",
     qn_peers_play_hijack},
    {"peers/load-step",
     "newcomers of a region double, then every loop takes 95 %: settled within 10 s, nobody moved "
     "twice",
     qn_peers_play_load_step},
    {"peers/noise", "an hour of noise in what is measured: nobody moved twice, no reversal",
     qn_peers_play_noise},
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
