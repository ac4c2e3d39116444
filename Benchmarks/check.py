#!/usr/bin/env python3
"""Compares one run's figures with thresholds.json: ratios of two benchmarks of the same run, so that a faster or a busier
machine changes nothing. Reads the output of `swift package benchmark --format jmh`.

    check.py RESULTS.json [--enforce]     status 1 if a ratio is over its threshold and --enforce is given
"""
import json
import pathlib
import sys


def name(entry):
    """JMH names have the target first and no spaces."""
    return entry["benchmark"].split(".", 3)[3].replace("_", " ")


def best(entry):
    """The fastest run in seconds: other load on the machine can only add time."""
    return next(
        float(metric["scorePercentiles"]["0.0"]) * 1e-6
        for title, metric in entry["secondaryMetrics"].items() if "wall clock" in title)


def main():
    results = json.loads(pathlib.Path(sys.argv[1]).read_text())
    seconds = {name(entry): best(entry) for entry in results}
    print("\n".join(f"{value * 1e3:10.3f} ms  {name}" for name, value in seconds.items()) + "\n")
    missed = 0
    for rule in json.loads(pathlib.Path(__file__).with_name("thresholds.json").read_text()):
        ratio = seconds[rule["of"]] / seconds[rule["to"]]
        missed += ratio > rule["most"]
        print(f"{'OVER' if ratio > rule['most'] else 'ok':4} {ratio:6.2f} <= {rule['most']:4}  {rule['claim']}")
    return 1 if missed and "--enforce" in sys.argv else 0


sys.exit(main())
