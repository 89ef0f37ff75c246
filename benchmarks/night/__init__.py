"""Runs as they happen at night: outages, killed processes, lost workers. `make soak` runs all of them.

    python -m benchmarks.night outage --seconds 60 170 600
    python -m benchmarks.night kills --kills 30
    python -m benchmarks.night dask --scenes 2000

Each prints what it did and a verdict, which is its exit status. The tests run the same with small numbers.
"""
