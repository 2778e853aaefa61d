#!/usr/bin/env python3
"""Measures QNet: ./dev bench [options]. docs/performance.md says what each figure means."""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RIVALS = {"serf": "announcements", "etcd": "registrations", "cometbft": "registrations"}


def parse_arguments():
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="about a minute: fewer samples")
    parser.add_argument("--only", action="append", metavar="NAME",
                        help="only benchmarks whose name begins so; repeatable")
    parser.add_argument("--scale", action="store_true",
                        help="only the peer layer in networks of up to a million nodes (--quick: 10,000)")
    parser.add_argument("--list", action="store_true", help="names the benchmarks")
    parser.add_argument("--links", type=int, metavar="N", help="links that the benchmark load holds [3000]")
    parser.add_argument("--json", metavar="FILE", help="write JSON lines to this file as well")
    parser.add_argument("-o", "--output", choices=("text", "json"), default="text",
                        help="what standard output carries [text]")
    parser.add_argument("--build", type=Path, default=ROOT / "build" / "release", metavar="DIR",
                        help="the build to measure [build/release]")
    return parser.parse_args()


def run_program(report, program, *arguments, timeout=240):
    """A C benchmark: one JSON line for each figure."""
    if not program.is_file():
        report.skipped(program.name, "it is not built")
        return
    process = subprocess.Popen([str(program), *arguments], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL,
                               start_new_session=True)
    try:
        text, _ = process.communicate(timeout=timeout)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)  # its own group: some have a second process
            process.wait()
    for line in text.decode().splitlines():
        if line.startswith("{"):
            report.add(json.loads(line))
    if process.returncode != 0:
        raise RuntimeError(f"{program.name} ended with status {process.returncode}")


def benchmarks(tools, report, quick, links=None):
    """[(name, what runs it)]"""
    import networks
    fraction = ["--quick"] if quick else []
    load = ["--links", str(links)] if links else []
    result = [
        ("core", lambda: run_program(report, tools / "bench_core", *fraction)),
        ("ledger", lambda: run_program(report, tools / "bench_ledger", *fraction, timeout=600)),
        ("disk", lambda: run_program(report, tools / "bench_disk", *fraction)),
        ("catchup-blocks", lambda: run_program(report, tools / "bench_catchup", "blocks", *fraction, timeout=900)),
        ("catchup-snapshot", lambda: run_program(report, tools / "bench_catchup", "snapshot", *fraction, timeout=900)),
        ("links", lambda: run_program(report, tools / "bench_links", "--json", *fraction)),
        ("load", lambda: run_program(report, tools / "bench_load", *load, *fraction, timeout=600)),
    ]
    result.append(("scale", lambda: run_program(report, tools / "bench_scale", *fraction, timeout=600)))
    for storage in ("memory", "lmdb"):
        for validators in (4, 5, 7):
            result.append((f"registration-{storage}-{validators}",
                           lambda n=validators, s=storage: networks.registration(tools, report, quick, n, s)))
    result.append(("stages", lambda: networks.stages(tools, report, quick)))
    result.append(("cold-start", lambda: networks.cold_start(tools, report, quick)))
    for processes in (8,) if quick else (8, 30):
        result.append((f"announcement-{processes}",
                       lambda n=processes: networks.announcement(tools, report, quick, n)))
    result.append(("idle", lambda: networks.idle(tools, report, quick)))
    return result


def wanted(name, only):
    return not only or any(name.startswith(prefix) for prefix in only)


def run_all(chosen, tools, report):
    """How many failed."""
    failures = 0
    for name, run in chosen:
        report.note(f"-- {name} (load {os.getloadavg()[0]:.2f})")
        try:
            run_program(report, tools / "bench_reference")
            run()
        except (AssertionError, OSError, RuntimeError, subprocess.SubprocessError) as error:
            failures += 1
            report.emit({"bench": name, "error": str(error)})
            report.note(f"  failed: {name}: {error}")
    return failures


def finish(report, started, failures):
    load = os.getloadavg()[0]
    report.emit({"bench": "end", "load_after": round(load, 2), "seconds": round(time.monotonic() - started, 1),
                 "failures": failures, "over_budget": len(report.over)})
    report.note(f"load {load:.2f} at the end, {time.monotonic() - started:.0f} s")
    for rival, what in RIVALS.items():
        found = "there is no driver for it yet" if shutil.which(rival) else "it is not installed"
        report.skipped(rival, f"{what}: {found}")
    report.note(f"{len(report.over)} figures over their budget, {failures} benchmarks failed")


def main():
    options = parse_arguments()
    qnet = options.build / "qnet"
    tools = options.build / "bench"
    if not qnet.is_file() or not (tools / "bench_reference").is_file():
        sys.exit(f"error: {options.build} has no qnet and benchmarks; ./dev bench builds them")
    os.environ["QNET_BIN"] = str(qnet)
    sys.path.insert(1, str(ROOT / "tests"))
    # So that the networks under way are taken down on this signal too.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    from report import Report, surroundings

    only = options.only or (["scale"] if options.scale else ["load"] if options.links else None)
    report = Report(options.output == "json", options.json)
    chosen = [(name, run) for name, run in benchmarks(tools, report, options.quick, options.links) if wanted(name, only)]
    if options.list or not chosen:
        print("\n".join(name for name, _ in benchmarks(tools, report, False)))
        return 0 if options.list else 2
    started = time.monotonic()
    try:
        report.head(surroundings(ROOT, qnet))
        failures = run_all(chosen, tools, report)
        finish(report, started, failures)
    except KeyboardInterrupt:
        report.note("interrupted")
        return 130
    finally:
        report.close()
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
