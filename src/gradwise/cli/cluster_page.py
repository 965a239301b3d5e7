"""A clustering as a table for the terminal, as JSON, as a page, and as rows with their clusters."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gradwise.errors import UsageError

if TYPE_CHECKING:
    import polars as pl

    from gradwise.baselines.cluster_rows import ClusterRows
    from gradwise.baselines.clustering import Clustering

HEAD = ("cluster", "rows", "silhouette", "what sets it apart")
LABEL = "cluster"  # name of the column of clusters
NARROWEST = 24  # letters that the last column of the table keeps
MOST_LINES = 30  # clusters shown on a terminal


def lines_of(found: Clustering) -> dict[str, str]:
    """What is said of it, by label."""
    from gradwise.baselines import cluster_words

    said = {
        "found": cluster_words.structure(found),
        "elbow": cluster_words.elbow(found),
        "starts": cluster_words.starts(found),
    }
    if found.interrupted:
        tried = ", ".join(str(each.k) for each in found.tried)
        said["interrupted"] = f"tried by then: k = {tried}"
    return {name: text for name, text in said.items() if text}


def table(found: Clustering) -> list[tuple[str, ...]]:
    """A row for each cluster, in the columns of `HEAD`."""
    total = len(found.labels)
    rows: list[tuple[str, ...]] = []
    for number, size in enumerate(found.sizes.tolist()):
        own = found.of_cluster(number)
        mean = f"{own.mean():.2f}" if len(own) else "none drawn"
        told = ", ".join(trait.line() for trait in found.traits[number]) or "nothing by 0.2 sd or more"
        rows.append((str(number + 1), f"{size:,} ({100 * size / total:.2g} %)", mean, told))
    return rows


def render(found: Clustering, width: int) -> str:
    """The tables of clusters and of every k, and what is to be said of them."""
    lines = [f"{name:<12} {text}" for name, text in lines_of(found).items()]
    lines = [part for line in lines for part in textwrap.wrap(line, width, subsequent_indent=" " * 13)]
    lines += ["", *_clusters(found, width)]
    if len(found.tried) > 1:
        lines += ["", *_by_k(found)]
    return "\n".join(lines) + "\n"


def _clusters(found: Clustering, width: int) -> list[str]:
    rows = table(found)
    wide = [max(len(row[at]) for row in (HEAD, *rows)) for at in range(3)]
    lines = []
    for row in (HEAD, *rows[:MOST_LINES]):
        cells = (f"{row[0]:>{wide[0]}}", f"{row[1]:>{wide[1]}}", f"{row[2]:>{wide[2]}}")
        head = "  ".join(cells) + "  "
        first, *rest = textwrap.wrap(row[3], max(width - len(head), NARROWEST), break_on_hyphens=False)
        lines += [head + first, *(" " * len(head) + line for line in rest)]
    more = len(rows) - MOST_LINES
    return [*lines, f"... and {more} more; --json lists all"] if more > 0 else lines


def _by_k(found: Clustering) -> list[str]:
    lines = [f"{'k':>3}  {'silhouette':>10}  {'inertia':>12}  starts agree"]
    for each in found.tried:
        marks = [name for name, k in (("chosen", found.chosen.k), ("elbow", found.elbow)) if k == each.k]
        line = f"{each.k:>3}  {found.scores[each.k]:>10.3f}  {each.inertia:>12.6g}  {each.agreement:>12.2f}"
        lines.append(f"{line}  {', '.join(marks)}".rstrip())
    return lines


def document(found: Clustering, rows: ClusterRows) -> dict[str, Any]:
    """Everything, as JSON holds it."""
    reference = found.reference
    clusters = [
        {
            "cluster": number + 1,
            "rows": size,
            "silhouette": float(own.mean()) if len(own) else None,
            "below_zero": float((own < 0).mean()) if len(own) else None,
            "traits": [
                {"column": trait.column, "kind": trait.kind, "word": trait.word, "here": trait.here,
                 "all": trait.all, "effect": trait.effect}
                for trait in found.traits[number]
            ],
        }
        for number, (size, own) in enumerate(
            (size, found.of_cluster(number)) for number, size in enumerate(found.sizes.tolist())
        )
    ]  # fmt: skip
    return {
        "schema": 1,
        "rows": len(rows),
        "k": found.chosen.k,
        "elbow": found.elbow,
        "silhouette": found.silhouette,
        "structure": None if reference is None else reference.structure,
        "without_clusters": None
        if reference is None
        else {
            "rows": reference.rows, "silhouette": reference.silhouette,
            "even": list(reference.even), "normal": list(reference.normal),
        },
        "tried": [
            {"k": each.k, "silhouette": found.scores[each.k], "inertia": each.inertia,
             "agreement": each.agreement}
            for each in found.tried
        ],
        "clusters": clusters,
        "choices": [[each.name, each.value, each.reason] for each in (*rows.choices, *found.choices)],
        "said": lines_of(found),
        "interrupted": found.interrupted,
    }  # fmt: skip


def write_html(path: Path, found: Clustering, rows: ClusterRows, title: str, seed: int) -> Path:
    """Write the page with its plots; the absolute path of the file."""
    from gradwise.baselines.cluster_plane import plane
    from gradwise.report.clusters import ClusterPage, write_clusters

    drawn, places, shares = plane(rows.values, seed=seed)
    choices = (*rows.choices, *found.choices)
    page = ClusterPage(
        title=title,
        lines=lines_of(found),
        facts={"Rows": f"{len(rows):,}", **{each.name: f"{each.value} ({each.reason})" for each in choices}},
        head=HEAD,
        rows=table(found),
        chosen=found.chosen.k,
        elbow=found.elbow,
        inertias=found.inertias,
        scores=found.scores,
        highest=None if found.reference is None else found.reference.highest,
        silhouettes=[found.of_cluster(number) for number in range(found.chosen.k)],
        places=places,
        labels=found.labels[drawn],
        shares=shares,
    )
    return write_clusters(path, page)


def with_clusters(found: Clustering, rows: ClusterRows) -> pl.DataFrame:
    """The data with a column of clusters, from 1; of arrays and images the numbers of the rows."""
    import polars as pl

    frame = pl.DataFrame({"row": rows.rows}) if rows.frame is None else rows.frame
    return frame.with_columns(pl.Series(label_for(frame.columns), found.labels + 1))


def label_for(columns: list[str]) -> str:
    """A name for the column of clusters that the data does not have.

    >>> label_for(["a", "cluster"])
    'cluster_2'
    """
    name, number = LABEL, 1
    while name in columns:
        number += 1
        name = f"{LABEL}_{number}"
    return name


def write_rows(path: Path, found: Clustering, rows: ClusterRows) -> None:
    """Write the rows whole or not at all.

    Raises:
        UsageError: the file cannot be written.
    """
    frame = with_clusters(found, rows)
    draft = path.with_name(f"{path.name}.part")
    try:
        if path.suffix == ".parquet":
            frame.write_parquet(draft)
        else:
            plain = [name for name, kind in frame.schema.items() if not kind.is_nested()]
            frame.select(plain).write_csv(draft)  # a csv has no lists
        draft.replace(path)
    except OSError as error:
        reason = error.strerror or error
        raise UsageError(f"--out {path} cannot be written ({reason}); choose another place.") from error
    finally:
        draft.unlink(missing_ok=True)
