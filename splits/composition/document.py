"""The report as Markdown, and as one page that needs nothing else: no script, no address."""

from __future__ import annotations

from html import escape
from typing import Any, Final

from splits.composition.sections import Section, sections_of

_INTRO: Final = (
    "What this release is made of, beside the archive it was drawn from and the candidates that "
    "people were asked about. The archive counts recordings, everything else clips. Nothing is "
    "guessed: what the archive does not say is unknown."
)
# Everything that a browser needs is in the file; the policy keeps it so.
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"
_STYLE: Final = """
:root { color-scheme: light dark; --line: #c8ccd2; --soft: #5b6270; --bar: #2f6f9f }
:root { --back: #fff; --ink: #1c2026 }
@media (prefers-color-scheme: dark) {
  :root { --line: #444b57; --soft: #a5adba; --bar: #7db4dc; --back: #16191e; --ink: #e8eaee }
}
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--back) }
body { max-width: 72rem; margin: 0 auto; padding: 1.5rem }
h1 { font-size: 1.6rem }
h2 { font-size: 1.2rem; margin: 2.5rem 0 .25rem }
p { max-width: 46rem; margin: .25rem 0 .75rem }
.soft { color: var(--soft) }
.wide { overflow-x: auto }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums }
th, td { text-align: right; padding: .3rem .6rem; border-bottom: 1px solid var(--line) }
thead th { font-weight: 600; font-size: .85rem; vertical-align: bottom }
tr > :first-child { text-align: left }
tbody th { font-weight: 400; overflow-wrap: anywhere; min-width: 7rem }
td { white-space: nowrap }
.unknown > * { color: var(--soft); font-style: italic }
svg { display: block; width: 100%; height: 3px; margin-top: 2px }
rect { fill: var(--bar) }
@media print {
  body { padding: 0; max-width: none; font-size: 10pt }
  h2 { break-after: avoid }
  tr { break-inside: avoid }
  .wide { overflow: visible }
}
""".strip()


def as_markdown(report: dict[str, Any], title: str) -> str:
    """Return the report as Markdown.

    Parameters
    ----------
    report : dict
        Of `splits.composition.tally.compose`.
    title : str
        The release's title and version.
    """
    lines = [f"# Composition of {_cell(title)}", "", _INTRO, ""]
    for section in sections_of(report):
        lines += [f"## {section.title}", ""]
        if section.note:
            lines += [section.note, ""]
        if section.rows:
            lines.append(f"| {' | '.join(map(_cell, (section.head, *section.columns)))} |")
            lines.append("| --- |" + " ---: |" * len(section.columns))
            for row in section.rows:
                texts = [row.label, *(cell.text for cell in row.cells)]
                lines.append(f"| {' | '.join(map(_cell, texts))} |")
            lines.append("")
        else:
            lines += [section.empty, ""]
        for sentence in section.told:
            lines += [_cell(sentence), ""]
    return "\n".join(lines)


def _cell(text: str) -> str:
    """Return text that neither ends a cell nor begins a tag, a link or an emphasis."""
    plain = " ".join(text.split())
    for sign in "\\`*_[]<>|#":
        plain = plain.replace(sign, f"\\{sign}")
    return plain


def as_html(report: dict[str, Any], title: str) -> str:
    """Return the report as one HTML page, for the screen and for paper.

    Parameters
    ----------
    report, title
        As in `as_markdown`.
    """
    body = "\n".join(map(_html, sections_of(report)))
    name = f"Composition of {escape(title)}"
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{name}</title>\n<style>\n{_STYLE}\n</style>\n</head>\n<body>\n<main>\n"
        f"<h1>{name}</h1>\n<p>{_INTRO}</p>\n{body}\n</main>\n</body>\n</html>\n"
    )


def _html(section: Section) -> str:
    parts = [f'<section>\n<h2 id="{section.name}">{escape(section.title)}</h2>']
    if section.note:
        parts.append(f'<p class="soft">{escape(section.note)}</p>')
    if section.rows:
        head = "".join(f'<th scope="col">{escape(text)}</th>' for text in section.columns)
        parts.append(
            f'<div class="wide" tabindex="0" role="group" aria-labelledby="{section.name}">\n'
            f'<table><thead><tr><th scope="col">{escape(section.head)}</th>{head}</tr></thead>\n'
            "<tbody>"
        )
        for row in section.rows:
            cells = "".join(f"<td>{escape(cell.text)}{_bar(cell.share)}</td>" for cell in row.cells)
            kind = ' class="unknown"' if row.is_unknown else ""
            parts.append(f'<tr{kind}><th scope="row">{escape(row.label)}</th>{cells}</tr>')
        parts.append("</tbody></table></div>")
    else:
        parts.append(f"<p>{escape(section.empty)}</p>")
    parts += [f"<p>{escape(sentence)}</p>" for sentence in section.told]
    return "\n".join([*parts, "</section>"])


def _bar(share: float | None) -> str:
    if not share:
        return ""
    width = f"{min(100.0, 100 * share):.1f}%"
    return f'<svg aria-hidden="true"><rect width="{width}" height="100%"/></svg>'
