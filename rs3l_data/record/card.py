"""The dataset card, README.md of a record: written from the metadata, so that it cannot differ."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rs3l_data.describe.changes import changed_keys, described_among
from rs3l_data.describe.publication import LICENCES, Publication
from rs3l_data.record.columns import shard_markdown
from rs3l_data.record.metadata import describe_process, summary, year_of

_ALGORITHMS = {"antikt": "anti-kT", "cambridge": "Cambridge/Aachen", "kt": "kT"}
_STARTS = {
    "shower": "the hard process",
    "hadronization": "the partons of `{of}`",
    "detector": "the particles of `{of}`",
}


def card(about: Publication, manifest: Mapping[str, Any]) -> str:
    """Write the card in Markdown."""
    sections = [
        ("", _introduction(about, manifest)),
        ("Use", _use(about, manifest)),
        ("Processes", _processes(manifest)),
        ("Views", _views(manifest)),
        ("Labels", _labels(manifest)),
        ("Splits", _splits(manifest)),
        ("Selection", _selection(manifest["config"])),
        ("Files", _files(manifest)),
        ("Columns", shard_markdown(manifest["format_version"])),
        ("Made with", _software(manifest)),
        ("Cite", _citation(about, manifest)),
        ("Licence", _licence(about)),
    ]
    parts = [f"# {about.title}"]
    for title, lines in sections:
        text = lines if isinstance(lines, str) else "\n".join(lines)
        if text:
            parts += [f"## {title}", text] if title else [text]
    return "\n\n".join(parts) + "\n"


def _introduction(about: Publication, manifest: Mapping[str, Any]) -> str:
    return "\n\n".join(filter(None, [about.description.strip(), summary(manifest)]))


def _use(about: Publication, manifest: Mapping[str, Any]) -> list[str]:
    record = about.doi or "<number or DOI of this record>"
    view = manifest["views"][0]
    return [
        "With the package `rs3l`, which fetches and verifies the files:",
        "",
        "```sh",
        f"rs3l-data download {record} --to data",
        "```",
        "",
        "```python",
        "import rs3l_data",
        "",
        'ds = rs3l_data.open("data")',
        f'ds.jets("{view}")["mass"]  # (n_rows,); row i is the same initiator in every view',
        "```",
        "",
        "Files that were fetched by hand are checked by `sha256sum -c sha256sums.txt`, or "
        "`md5sum -c md5sums.txt`.",
    ]


def _processes(manifest: Mapping[str, Any]) -> list[str]:
    settings = manifest["config"].get("processes", {})
    rows = []
    for name, made in manifest["processes"].items():
        lines = settings.get(name, {}).get("settings", ())
        rows.append(
            (
                f"`{name}`",
                describe_process(manifest, name),
                f"{made['n_events']:,}",
                f"{made['n_rows']:,}",
                *_normalisation(made),
                "; ".join(f"`{line}`" for line in lines),
            )
        )
    titles = ("process", "", "events", "rows", "cross section [pb]", "sum of weights", "settings")
    return [
        *_table(titles, rows),
        "",
        "To normalise a histogram to an integrated luminosity L, fill it with the column `weight` "
        "times L · cross section / sum of weights.",
    ]


def _normalisation(made: Mapping[str, Any]) -> tuple[str, str]:
    """Give cross section and sum of weights; of a converted dataset nobody knows them."""
    value, error = made.get("cross_section_pb"), made.get("cross_section_error_pb")
    if value is None or error is None or made.get("sum_of_weights") is None:
        return "unknown", "unknown"
    return f"{value:.4g} ± {error:.2g}", f"{made['sum_of_weights']:.8g}"


def _views(manifest: Mapping[str, Any]) -> list[str]:
    views = manifest["config"].get("views", {})
    rows = []
    for name in manifest["views"]:
        view = views.get(name, {})
        start = _STARTS[view.get("redo", "shower")].format(of=view.get("of"))
        here = sum(label["present"][name] for label in manifest["labels"].values())
        share = here / manifest["n_rows"] if manifest["n_rows"] else 0.0
        changes, source = described_among(view, views, manifest["views"])
        variation = view.get("variation")
        known = f"{variation}: " if isinstance(variation, str) else ""
        what = known + "; ".join(f"`{change}`" for change in changes) or "nothing else"
        rows.append((f"`{name}`", start, what, source, f"{share:.1%}"))
    return [
        "A view shares with the others all that lies before the point where it starts again; from "
        "there on it has random numbers of its own.",
        "",
        *_table(("view", "starts again from", "changes", "source", "jets present"), rows),
    ]


def _labels(manifest: Mapping[str, Any]) -> list[str]:
    rows = [(f"`{name}`", f"{found['n_rows']:,}") for name, found in manifest["labels"].items()]
    return _table(("label", "rows"), rows)


def _splits(manifest: Mapping[str, Any]) -> list[str]:
    rows = [
        (name, f"{found['n_events']:,}", f"{found['n_rows']:,}")
        for name, found in manifest["splits"].items()
    ]
    return [
        "All views and all rows of an event lie in one part.",
        "",
        *_table(("part", "events", "rows"), rows),
    ]


def _selection(config: Mapping[str, Any]) -> list[str]:
    lines = []
    if hard := config.get("hard"):
        low, high = hard["pt"]
        lines += [
            f"- collisions: pp at {hard['energy'] / 1000:g} TeV",
            f"- initiators: {low:g} < pT < {high:g} GeV, |η| < {hard['abs_eta_max']:g}"
            + (", about flat in pT (use the weights)" if hard.get("flatten_pt") else ""),
        ]
    if jets := config.get("jets"):
        lines += [
            f"- jets: {_ALGORITHMS[jets.get('algorithm', 'antikt')]}, R = {jets['radius']:g}, "
            "of candidates with "
            f"pT > {jets['candidate_pt_min']:g} GeV",
            f"- a jet is present if it lies within ΔR < {jets['match_delta_r']:g} of its initiator "
            f"and {_between(jets['pt'], 'pT')}, |η| < {jets['abs_eta_max']:g}"
            + (f", {_between(jets['mass'], 'mass')}" if jets["mass"] != [0.0, 1e6] else ""),
        ]
    if generator := config.get("generator"):
        more = "".join(f", `{line}`" for line in generator["settings"])
        lines.append(f"- generator: tune {generator['tune']}{more}, unless a view changes it")
    if detector := config.get("detector"):
        more = "".join(f", `{change}`" for change in changed_keys(detector["overrides"]))
        lines.append(f"- detector: card `{detector['card']}`{more}, unless a view changes it")
    if (pileup := config.get("pileup")) and pileup.get("mean"):
        lines.append(f"- pile-up: {pileup['mean']:g} collisions on average")
    return lines


def _between(limits: Sequence[float], name: str) -> str:
    low, high = limits
    return f"{name} > {low:g} GeV" if high >= 1e6 else f"{low:g} < {name} < {high:g} GeV"


def _files(manifest: Mapping[str, Any]) -> list[str]:
    rows = [
        (f"`{file['path']}`", f"{file['bytes'] / 1e6:.1f}", f"{file['n_rows']:,}")
        for file in manifest["files"]
    ]
    lines = _table(("file", "MB", "rows"), rows)
    if any("shard" in file for file in manifest["files"]):
        lines += ["", "Each file holds one view; `rs3l-data download` joins those of a shard."]
    return lines


def _software(manifest: Mapping[str, Any]) -> list[str]:
    versions = ", ".join(
        f"{name} {version}" for name, version in manifest.get("software", {}).items()
    )
    seed = manifest["config"].get("seed", "unknown")
    return [
        f"{versions or 'Unknown versions'}. Seed {seed}; the whole configuration "
        f"is in `dataset.json` (`config`). Digest of the content: `{manifest['digest']}`."
    ]


def _citation(about: Publication, manifest: Mapping[str, Any]) -> list[str]:
    names = "; ".join(creator.name for creator in about.creators)
    doi = f" https://doi.org/{about.doi}" if about.doi else ""
    year = year_of(about, manifest)
    own = f"- this dataset: {names} ({year}), *{about.title}*, {about.publisher}.{doi}"
    return [own, *map(_cited, manifest.get("citation", []))]


def _cited(paper: Mapping[str, str]) -> str:
    text = f"- {paper['for']}: {paper['title']}"
    if "arxiv" in paper:
        return f"{text}, [arXiv:{paper['arxiv']}](https://arxiv.org/abs/{paper['arxiv']})"
    return f"{text}, https://doi.org/{paper['doi']}"


def _licence(about: Publication) -> str:
    name, address = LICENCES[about.licence]
    return f"[{name}]({address}) ({about.licence})."


def _table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [titles, ["---"] * len(titles), *rows]
    return ["| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines]
