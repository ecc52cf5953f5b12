"""Write pytest's XML report as Markdown for the page of a CI run: `summary.py junit.xml`."""

import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

MOST_FAILURES = 20
MOST_LINES = 30


def code(text: str) -> str:
    """Return a block of code; no text can end it early."""
    return f"~~~~~~text\n{text.replace('~~~~~~', '~~~~~')}\n~~~~~~"


def summarise(report: Path) -> str:
    """Return one line about the run and one foldable part for each failure."""
    if not report.exists():
        return f"**{report.stem}**: no report; pytest ended before its first test.\n"
    # S314: the file was written by the step before.
    suite = ElementTree.parse(report).getroot().find("testsuite")  # noqa: S314
    if suite is None:
        return f"**{report.stem}**: no test ran.\n"
    counts = {name: int(suite.get(name, 0)) for name in ("tests", "failures", "errors", "skipped")}
    others = {name: counts[name] for name in ("failures", "errors", "skipped") if counts[name]}
    told = [f"{counts['tests'] - sum(others.values())} passed"]
    told += [f"{count} {name}" for name, count in others.items()]
    parts = [f"**{report.stem}**: {', '.join(told)} in {float(suite.get('time', 0)):.0f} s"]
    failed = [
        (case, problem)
        for case in suite.iter("testcase")
        for problem in [*case.findall("failure"), *case.findall("error")]
    ]
    for case, problem in failed[:MOST_FAILURES]:
        lines = (problem.text or problem.get("message") or "").strip().splitlines()
        name = f"{case.get('classname')}.{case.get('name')}".replace("<", "&lt;")
        shown = code("\n".join(lines[-MOST_LINES:]))
        parts.append(f"<details><summary>{name}</summary>\n\n{shown}\n\n</details>")
    if len(failed) > MOST_FAILURES:
        parts.append(f"… and {len(failed) - MOST_FAILURES} more, in the log.")
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    print(summarise(Path(sys.argv[1])))
