"""What a run of the benchmarks prints: a table for people, JSON lines for programs."""

import datetime
import json
import os
import platform
import re
import subprocess
import sys
from pathlib import Path

QUANTILES = ("p50", "p99", "max")
UNITS = {"percent_of_1000": "%", "us": "us", "ns": "ns", "ms": "ms", "bytes": "B", "kib": "KiB", "percent": "%", "per_s": "/s"}
IN_US = {"ns": 0.001, "us": 1.0, "ms": 1000.0}
NOT_PARAMETERS = {"bench", "n", "unit", "budget", "reference", "ratio", "verdict", *QUANTILES}

# DESIGN section 12. (name, parameters that must be so, {figure: at most}). Where the budget names no
# quantile it is held against the median.
BUDGETS = (
    ("peer_verification_us", {}, {"p50": 1000}),
    ("verify_us", {"suite": "ML-DSA-65"}, {"p50": 1000}),
    ("node_verify_us", {}, {"p50": 1000}),
    ("handshake_cpu_us", {"suite": "ML-DSA-65"}, {"p50": 1100}),
    ("node_handshake_cpu_us", {}, {"p50": 1100}),
    ("handshake_bytes", {"suite": "ML-DSA-65"}, {"p50": 6900}),
    ("record_to_verdict_us", {}, {"p50": 5000}),
    ("cold_start_ms", {"processes": 30}, {"max": 5000}),
    ("registration_ms", {"clients": 1}, {"p50": 10, "p99": 25}),
    ("node_submit_ms", {}, {"p50": 10, "p99": 25}),
    ("announce_ms", {}, {"p99": 20}),
    ("announce_total_ms", {}, {"p99": 20}),
    ("peer_list_entry_bytes", {}, {"p50": 200}),
    ("peer_list_heap_bytes", {}, {"p50": 600000}),
    ("link_rss_kib", {}, {"p50": 40}),
    ("idle_cpu_percent", {}, {"p50": 1}),
    ("load_link_rss_kib", {}, {"p50": 40}),
    ("load_idle_cpu_percent_of_1000", {"links": 3000}, {"p50": 1}),
)


def unit_of(name):
    for suffix, unit in UNITS.items():
        if name.endswith("_" + suffix):
            return unit
    return ""


def quantile(values, per_mille):
    """By nearest rank, like the node's own."""
    ordered = sorted(values)
    return ordered[(len(ordered) * per_mille + 999) // 1000 - 1]


def line_of(name, values, **parameters):
    """A result from its samples."""
    if not values:
        raise RuntimeError(f"no samples of {name}")
    return {"bench": name, **parameters, "p50": round(quantile(values, 500), 3),
            "p99": round(quantile(values, 990), 3), "max": round(max(values), 3), "n": len(values)}


def single(name, value, **parameters):
    return {"bench": name, **parameters, "p50": round(value, 3), "n": 1}


def budget_of(line):
    for name, parameters, limits in BUDGETS:
        if line["bench"] == name and all(line.get(key) == value for key, value in parameters.items()):
            return limits
    return None


def verdict_of(line):
    limits = line["budget"]
    if limits is None:
        return None
    over = [figure for figure, limit in limits.items() if line.get(figure, 0) > limit]
    return "ok" if not over else "over" if "p50" in over or len(over) == len(limits) else f"{over[0]} over"


def number(value):
    if value is None:
        return ""
    if value >= 1000:
        return f"{value:.0f}"
    return f"{value:.3g}" if value < 10 else f"{value:.1f}"


def command_output(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=20, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return ""


def cpu_model():
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def memory_bytes():
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def surroundings(root, qnet):
    """Where and of what the figures are: the first line of a run."""
    version = json.loads(command_output(qnet, "version", "-o", "json") or "{}")
    changed = command_output("git", "-C", str(root), "status", "--porcelain", "--", "src", "bench", "cmake")
    return {"bench": "run", "machine": {"cpu": cpu_model(), "cores": len(os.sched_getaffinity(0)),
                                        "memory_bytes": memory_bytes(), "kernel": platform.release(),
                                        "load_before": round(os.getloadavg()[0], 2)},
            "compiler": version.get("compiler"), "openssl": version.get("openssl"),
            "commit": version.get("commit"), "uncommitted_changes": bool(changed.strip()),
            "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")}


class Report:
    """Takes lines as they come; a line is told the reference that was measured last before it."""

    def __init__(self, as_json, json_path):
        self.as_json = as_json
        self.file = open(json_path, "w", encoding="utf-8") if json_path else None
        self.references = {}
        self.over = []
        self.is_table_open = False

    def close(self):
        if self.file:
            self.file.close()

    def emit(self, line):
        text = json.dumps(line)
        if self.as_json:
            print(text, flush=True)
        if self.file:
            self.file.write(text + "\n")
            self.file.flush()

    def head(self, line):
        self.emit(line)
        machine = line["machine"]
        self.note(f"{machine['cpu']}, {machine['cores']} cores, {machine['memory_bytes'] >> 30} GiB, Linux "
                  f"{machine['kernel']}, load {machine['load_before']}")
        changes = " with uncommitted changes" if line["uncommitted_changes"] else ""
        self.note(f"{line['compiler']}, {line['openssl']}, commit {line['commit']}{changes}, {line['date']}")

    def note(self, text):
        """For people only: standard output carries nothing but JSON if that was asked for."""
        print(text, file=sys.stderr if self.as_json else sys.stdout, flush=True)

    def skipped(self, name, why):
        self.emit({"bench": name, "skipped": why})
        self.note(f"  skipped: {name}: {why}")

    def add(self, line):
        name = line["bench"]
        line.setdefault("unit", unit_of(name))
        if name.startswith("reference_"):
            self.references[name] = line["p50"]
        line["budget"] = budget_of(line)
        line["verdict"] = verdict_of(line)
        reference_us = self.references.get("reference_verify_us")
        if line["unit"] in IN_US and reference_us:
            line["reference"] = {"verify_us": reference_us}
            line["ratio"] = round(line["p50"] * IN_US[line["unit"]] / reference_us, 3)
        if line["verdict"] not in (None, "ok"):
            self.over.append(line)
        self.emit(line)
        self.row(line)

    def row(self, line):
        parameters = " ".join(f"{key}={value}" for key, value in line.items() if key not in NOT_PARAMETERS)
        limits = line["budget"] or {}
        budget = " ".join(f"{figure}<={limit}" for figure, limit in limits.items())
        name = re.sub("_(%s)$" % "|".join(UNITS), "", line["bench"])
        if not self.is_table_open:
            self.is_table_open = True
            self.note(f"{'benchmark':<32}{'of':<56}{'p50':>9}{'p99':>9}{'max':>9}  {'unit':<5}{'n':>6}  "
                      f"{'budget':<16}{'':<9}{'x verify':>9}")
        figures = "".join(f"{number(line.get(figure)):>9}" for figure in QUANTILES)
        self.note(f"{name:<32}{parameters:<56}{figures}  {line['unit']:<5}{line['n']:>6}  "
                  f"{budget:<16}{line['verdict'] or '':<9}{number(line.get('ratio')):>9}")
