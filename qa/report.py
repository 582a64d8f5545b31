"""A `Report` as text for a terminal, and as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from qa.errors import EvaluationError
from qa.evaluate import Report
from qa.metrics import Estimate

STEPS = 10
"""How many lines the table of risk and coverage has."""


def report_text(report: Report) -> str:
    """All figures as tables: shares with their 95% intervals, then confidence, coverage and the ablation."""
    parts = [_head(report), _quality(report), _abstaining(report), _confidence(report), _reliability(report)]
    parts += [_risk(report)] + ([_ablation(report)] if report.ablation else [])
    return "\n\n".join(parts)


def _head(report: Report) -> str:
    lines = [
        f"{report.file}: {report.questions:,} questions, {report.answerable:,} of them answerable, asked of "
        f"{report.articles:,} articles (indexed in {report.build_seconds:.1f} s)"
    ]
    if report.misplaced:
        lines.append(
            f"{report.misplaced:,} answers do not stand where the file says, and were left out; {report.skipped:,} "
            "questions had no other answer, and were not asked"
        )
    lines.append(f"verbatim {report.verbatim:.3f}: each of {report.quotes:,} quotes equals its slice of its article")
    lines.append(f"a question took {report.p50_ms:.0f} ms (p50), {report.p95_ms:.0f} ms (p95)")
    return "\n".join(lines)


def _quality(report: Report) -> str:
    rows = [
        ("hit@1", report.hit_1, report.hit_1),
        ("hit@5", report.hit_5, report.hit_5),
        ("quote@1", report.quote_1, report.quote_1_given),
        ("EM", report.exact, report.exact_given),
        ("F1", report.f1, report.f1_given),
    ]
    cells = [(name, _interval(asked), _interval(given)) for name, asked, given in rows]
    return _table([("answerable questions", "as asked", "never abstaining"), *cells])


def _abstaining(report: Report) -> str:
    cells = [
        ("unanswerable declined", _interval(report.declined)),
        ("answerable lost", _interval(report.lost)),
        ("declined if a tenth is lost", _interval(report.declined_at_tenth)),
        ("abstention F1", _number(report.abstention_f1)),
    ]
    return _table([("abstaining", f"below {report.threshold:.2f}"), *cells])


def _confidence(report: Report) -> str:
    cells = [("AUROC", _interval(report.auroc)), ("ECE", _number(report.ece)), ("Brier", _number(report.brier))]
    return _table([("confidence, all questions", ""), *cells])


def _reliability(report: Report) -> str:
    cells = []
    for b in report.reliability:
        shares = (_number(b.confidence), _number(b.right)) if b.count else ("–", "–")
        cells.append((f"{b.low:.1f} to {b.high:.1f}", f"{b.count}", *shares))
    return _table([("confidence", "questions", "mean", "quoted right"), *cells])


def _risk(report: Report) -> str:
    points = report.risk_coverage
    chosen = [points[(i + 1) * len(points) // STEPS - 1] for i in range(STEPS)] if len(points) >= STEPS else points
    cells = [(f"{p.coverage:.2f}", _number(p.risk), _number(p.confidence)) for p in chosen]
    return _table([("answered", "wrong among them", "confidence from"), *cells])


def _ablation(report: Report) -> str:
    cells = [(line.name, _number(line.hit_1), _number(line.hit_5), _number(line.quote_1)) for line in report.ablation]
    return _table([("never abstaining", "hit@1", "hit@5", "quote@1"), *cells])


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _interval(value: Estimate | None) -> str:
    return "–" if value is None else f"{value.value:.3f} ({value.low:.3f} to {value.high:.3f})"


def _table(rows: Sequence[Sequence[str]]) -> str:
    """Columns two spaces apart, the first to the left and the others to the right; a rule under the first row."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = [row[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True))]
        lines.append("  ".join(cells).rstrip())
    return "\n".join([lines[0], "-" * (sum(widths) + 2 * len(widths) - 2), *lines[1:]])


def check_plot(path: Path) -> None:
    """Raises `EvaluationError` if no picture could be written there; to be asked before the long work."""
    try:
        from matplotlib.backend_bases import FigureCanvasBase
    except ImportError as error:
        raise EvaluationError("A plot needs matplotlib, which is not installed: pip install 'quoth[plot]'") from error
    if not path.parent.is_dir():
        raise EvaluationError(f"The plot {path} cannot be written: there is no folder {path.parent}. Make it first.")
    kinds = FigureCanvasBase.get_supported_filetypes()
    if path.suffix[1:].lower() not in kinds:
        raise EvaluationError(f"{path} names no kind of picture. Let it end in one of: {', '.join(sorted(kinds))}.")


def plot(report: Report, path: Path) -> None:
    """Writes the reliability diagram and the risk-coverage curve. Raises `EvaluationError` if that fails."""
    check_plot(path)
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 4.5), layout="constrained")
    left, right = figure.subplots(1, 2)
    bins = [b for b in report.reliability if b.count]
    left.plot([0, 1], [0, 1], color="0.7", linestyle="--", label="perfect")
    left.plot([b.confidence for b in bins], [b.right for b in bins], marker="o", label=f"ECE {report.ece:.3f}")
    for b in bins:
        left.annotate(f"{b.count}", (b.confidence, b.right), textcoords="offset points", xytext=(6, -10), fontsize=8)
    left.set(xlabel="confidence", ylabel="first quote right", xlim=(0, 1.06), ylim=(-0.06, 1), title="Reliability")
    left.legend()
    right.plot([p.coverage for p in report.risk_coverage], [p.risk for p in report.risk_coverage])
    right.set(xlabel="share of questions answered", ylabel="wrong among them", xlim=(0, 1), ylim=(0, 1))
    right.set_title("Risk and coverage")
    try:
        figure.savefig(path, dpi=150)
    except OSError as error:
        raise EvaluationError(f"The plot {path} cannot be written ({error.strerror}). Name another place.") from error
