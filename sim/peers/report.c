#include "sim/peers/report.h"

#include "wire/types.h"

#include <stdio.h>

void qn_peers_report_note(struct qn_peers_report *report, uint64_t what)
{
    /* FNV-1a, a word at a time: only equality counts. */
    report->digest = (report->digest ^ what) * 0x100000001b3U;
    report->digest ^= report->digest >> 29;
}

void qn_peers_report_figure(struct qn_peers_report *report, const char *name, uint64_t value,
                            const char *unit)
{
    QN_ASSERT(report->count < QN_PEERS_FIGURES_MAX);
    struct qn_peers_figure *figure = &report->figures[report->count++];
    int written = snprintf(figure->name, sizeof figure->name, "%s", name);
    QN_ASSERT(written > 0 && (size_t)written < sizeof figure->name);
    figure->value = value;
    figure->unit = unit;
    qn_peers_report_note(report, value);
}

void qn_peers_report_of_region(struct qn_peers_report *report, const char *name, unsigned region,
                               uint64_t value, const char *unit)
{
    char text[QN_PEERS_FIGURE_NAME_SIZE];

    (void)snprintf(text, sizeof text, "%s in %s", name, qn_region_name((enum qn_region)region));
    qn_peers_report_figure(report, text, value, unit);
}

void qn_peers_report_claim(struct qn_peers_report *report, bool holds, const char *claim)
{
    if (!holds && !report->failed) {
        report->failed = true;
        (void)snprintf(report->failure, sizeof report->failure, "%s", claim);
    }
}
