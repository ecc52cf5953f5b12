"""`uv run python -m benchmarks.report`: write docs/speed.md's tables and plots from results/*.json.

And README's headline figures. What stands between `<!-- name -->` and `<!-- end -->` is written;
the rest is for people.
"""

import json
from pathlib import Path
from typing import Any

from benchmarks import plots
from benchmarks.figures import Summary, digits, ratios, shown
from benchmarks.isolation import BY_NAME, RECIPES, SCALED
from benchmarks.start import EVENTS
from benchmarks.suite import FORKED
from benchmarks.template import PARTS
from scripts.questions import ROOT

RESULTS = Path(__file__).parent / "results"
PAGE = ROOT / "docs" / "speed.md"
README = ROOT / "README.md"
IMAGES = ROOT / "docs" / "images"
KINDS = {
    "empty": "empty",
    "noop": "no-op",
    "select": "one SELECT",
    "orm": "ORM insert + read",
    "http": "HTTP create + read",
}
SPANS = {
    "span server": "the server: found, or started",
    "span __init__": "connecting to it, with asyncpg's import",
    "span drop_orphans": "looking for what killed runs left",
    "span template": "the migrated template: found, or built",
    "span _make": "cloning",
}

Results = dict[str, Any]


def load(name: str) -> Results:
    """The results of one benchmark."""
    found: Results = json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))
    return found


def table(head: list[str], rows: list[list[str]]) -> str:
    """A Markdown table; all columns but the first are numbers."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


class Isolation:
    """The figures of benchmarks.isolation."""

    def __init__(self) -> None:
        self.results = load("isolation")
        self.rows = {(r["recipe"], r["kind"], r["tables"]): r for r in self.results["matrix"]}
        self.tables = sorted({tables for _, _, tables in self.rows})

    def ratio(self, recipe: str, ours: str, kind: str, tables: int) -> Summary:
        """A recipe's time divided by ours."""
        for row in self.results["ratios"]:
            if (row["recipe"], row["ours"], row["kind"], row["tables"]) == (
                *(recipe, ours, kind),
                tables,
            ):
                found: Summary = row
                return found
        raise KeyError((recipe, ours, kind, tables))

    def above(self, recipe: str, kind: str, base: str = "floor") -> float:
        """Milliseconds above an empty async test, in pytest alone."""
        least, row = self.tables[0], self.rows
        median = row[recipe, kind, least]["median"] - row[base, "empty", least]["median"]
        return float(median)

    def loop(self) -> float:
        """Milliseconds of asyncpg's BEGIN and ROLLBACK, without a test around them."""
        return float(self.rows["raw", "loop", self.tables[0]]["median"])

    def growth(self, recipe: str, kind: str) -> Summary:
        """The most tables' time divided by the fewest tables'."""
        most, least = (self.rows[recipe, kind, self.tables[i]]["medians"] for i in (-1, 0))
        return ratios(most, least)

    def by_recipe(self) -> str:
        """Milliseconds of each recipe and kind, with the fewest tables."""
        least = self.tables[0]
        rows = []
        for recipe in RECIPES:
            cells = [self.rows.get((recipe.name, kind, least)) for kind in KINDS]
            rows.append([recipe.title, *[shown(cell) if cell else "" for cell in cells]])
        return table([f"ms a test, {least} tables", *KINDS.values()], rows)

    def by_tables(self) -> str:
        """Milliseconds of create + read by number of tables."""
        rows = []
        for recipe in RECIPES:
            cells = [self.rows.get((recipe.name, "http", tables)) for tables in self.tables]
            if all(cells):
                growth = shown(self.growth(recipe.name, "http"), " x")
                rows.append([recipe.title, *[shown(cell) for cell in cells if cell], growth])
        head = ["HTTP create + read, ms", *[f"{tables} tables" for tables in self.tables], "growth"]
        return table(head, rows)

    def by_size(self) -> str:
        """Seconds of a run by number of tests and of workers."""
        rows: dict[tuple[int, int], dict[str, str]] = {}
        for row in self.results["scale"]:
            scaled = (
                "" if row["measured"] == row["tests"] else f" ({row['measured']} tests, scaled)"
            )
            cells = rows.setdefault((row["tests"], row["workers"]), {})
            cells[row["recipe"]] = f"{digits(row['testing'])} s{scaled}"
            if BY_NAME[row["recipe"]].ours:
                cells["command"] = f"{digits(row['command'])} s"
        titles = {name: BY_NAME[name].title for name in SCALED}
        titles["command"] = "ours, the whole command"
        names = sorted(titles, key=[*SCALED[:1], "command", *SCALED[1:]].index)
        head = ["tests, workers", *[titles[name] for name in names]]
        return table(
            head,
            [
                [f"{tests}, {workers or 'serial'}", *[cells.get(name, "") for name in names]]
                for (tests, workers), cells in rows.items()
            ],
        )

    def plot_recipes(self) -> str:
        """Bars: create + read by recipe."""
        least = self.tables[0]
        rows = [
            (recipe.title.replace("`", ""), found["median"], recipe.ours)
            for recipe in RECIPES
            if (found := self.rows.get((recipe.name, "http", least)))
        ]
        title = f"One test that creates and reads a row over HTTP ({least} tables)"
        return plots.bars(title, rows, "ms")

    def plot_tables(self) -> str:
        """Lines: create + read by number of tables."""
        names = ("rolled_back", "committed", "delete", "truncate", "create_all", "savepoints")
        series = {
            BY_NAME[name].title.replace("`", "").partition(",")[0]: {
                tables: self.rows[name, "http", tables]["median"] for tables in self.tables
            }
            for name in names
        }
        return plots.lines("The same test as the schema grows", series, "ms", "tables")


class Suite:
    """The figures of benchmarks.suite."""

    def __init__(self) -> None:
        self.results = load("suite")
        self.rows = {(row["side"], row["workers"]): row for row in self.results["runs"]}
        self.workers = sorted({workers for _, workers in self.rows})

    def table(self, ours: str, theirs: str, head: list[str]) -> str:
        """Seconds of both sides, by number of workers; ours in forked ones, too."""
        divided = theirs if theirs == "delete" else ours
        rows = []
        for workers in self.workers:
            sides = [self.rows[side, workers]["command"] for side in (ours, theirs)]
            forked = self.rows.get((ours + FORKED, workers))
            rows.append(
                [
                    f"{workers} workers" if workers else "serial",
                    *[shown(side, " s") for side in sides],
                    shown(self.rows[divided, workers]["ratio_command"], " x"),
                    shown(self.rows[divided, workers]["ratio_testing"], " x"),
                    shown(forked["command"], " s") if forked else "",
                ]
            )
        return table([*head, "ours with `--forks`"], rows)

    def plugins(self) -> str:
        """What plugins cost."""
        rows = [[row["plugin"], f"{row['median']:.0f}"] for row in self.results["plugins"]]
        if not rows:
            return "Not measured in this run."
        return table(["plugin", "microseconds a unit test"], rows)

    def plot(self) -> str:
        """Bars: the whole command."""
        rows = []
        for side, name in (("rolled_back", "ours"), ("delete", "DELETE recipe")):
            for workers in self.workers:
                label = f"{name}, -n {workers}" if workers else f"{name}, serial"
                seconds = self.rows[side, workers]["command"]["median"]
                rows.append((label, seconds, side == "rolled_back"))
        tests = self.rows["delete", 0]["tests"]
        return plots.bars(f"{tests:,} integration tests, the whole command", rows, "s")


def verdicts(isolation: Isolation, suite: Suite, start: Results, failures: Results) -> str:
    """What was promised, and what was measured."""
    least, most = isolation.tables[0], isolation.tables[-1]
    rows: list[list[str]] = []

    def row(figure: str, wanted: str, found: str, reached: bool) -> None:
        rows.append([figure, wanted, found, "yes" if reached else "**no**"])

    def at_least(figure: str, wanted: float, found: Summary) -> None:
        row(figure, f"≥ {wanted:g} x", shown(found, " x"), found["median"] >= wanted)

    def at_most(figure: str, wanted: float, found: Summary) -> None:
        row(figure, f"≤ {wanted:g} x", shown(found, " x"), found["median"] <= wanted)

    for ours, kind, wanted in (
        ("rolled_back", "noop", 25),
        ("rolled_back", "http", 7),
        ("committed", "noop", 20),
        ("committed", "http", 4),
    ):
        mode = "ours" if ours == "rolled_back" else "`committed_db`"
        ratio = isolation.ratio("delete", ours, kind, least)
        at_least(f"{KINDS[kind]}, DELETE recipe ÷ {mode} ({least} tables)", wanted, ratio)
        ratio = isolation.ratio("delete", ours, kind, most)
        at_least(f"the same with {most} tables", wanted, ratio)
    above, raw = isolation.above("rolled_back", "noop"), isolation.above("raw", "noop")
    row(
        "no-op above an empty async test in bare pytest",
        "≤ 0.5 ms",
        f"{above:.2f} ms",
        above <= 0.5,
    )
    shown_raw = f"{above / raw:.2f} x ({above:.2f} ÷ {raw:.2f} ms)"
    row("the same ÷ a test with asyncpg's BEGIN, ROLLBACK", "≤ 2 x", shown_raw, above <= 2 * raw)
    own, loop = isolation.above("rolled_back", "noop", "rolled_back"), isolation.loop()
    row(
        f"no-op above the harness's own empty test (BEGIN, ROLLBACK in a bare loop: {loop:.2f} ms)",
        "≤ 0.5 ms",
        f"{own:.2f} ms",
        own <= 0.5,
    )
    for kind in ("noop", "http"):
        growth = isolation.growth("rolled_back", kind)
        theirs = shown(isolation.growth("delete", kind), " x")
        figure = f"growth from {least} to {most} tables, {KINDS[kind]} (the recipe: {theirs})"
        at_most(figure, 1.05, growth)
    for workers, wanted in ((0, 6), (2, 5)):
        if ("delete", workers) in suite.rows:
            found = suite.rows["delete", workers]
            how = f"`-n {workers}`" if workers else "serial"
            figure = f"{found['tests']:,} integration tests, recipe ÷ ours, {how}"
            at_least(figure + ", whole command", wanted, found["ratio_command"])
            at_least(figure + ", without the start", wanted, found["ratio_testing"])
    unit = suite.rows["unit", 0]
    figure = f"{unit['tests']:,} unit tests, ours ÷ bare pytest"
    at_most(figure, 1.3, unit["ratio_command"])
    for found in start["starts"]:
        if found["workers"] == 0 and found["state"] != "cold":
            figure = f"start to the first HTTP test, server {found['state']}, ÷ import + pytest"
            at_most(figure, 1.2, found["ratio"])
    ours = next(side for side in failures["sides"] if side["side"] == "rolled_back")
    reached = ours["fail"]["median"] <= 1.5 * ours["pass"]["median"] + 1
    seconds = f"{ours['fail']['median']:.2f} s, {ours['pass']['median']:.2f} s"
    row(
        f"{failures['tests']} failures, {failures['tests']} passes",
        "≤ 1.5 x + 1 s",
        seconds,
        reached,
    )
    return table(["figure", "at least", "measured (quartiles)", "reached"], rows)


def headline(isolation: Isolation, suite: Suite) -> str:
    """README's figures."""
    least, most = isolation.tables[0], isolation.tables[-1]
    rows: list[list[str]] = []
    for label, kind, tables in (
        ("a test that does nothing with a database", "noop", least),
        ("one that creates and reads a row over HTTP", "http", least),
        (f"the same with {most} tables", "http", most),
    ):
        ours, theirs = (
            isolation.rows[name, kind, tables]["median"] for name in ("rolled_back", "delete")
        )
        times = isolation.ratio("delete", "rolled_back", kind, tables)["median"]
        rows.append([label, f"{digits(ours)} ms", f"{digits(theirs)} ms", f"{digits(times)} x"])
    for workers in (0, 2):
        found = suite.rows["delete", workers]
        label = f"{found['tests']:,} integration tests, " + ("`-n 2`" if workers else "serial")
        seconds = [
            f"{digits(suite.rows[side, workers]['command']['median'])} s"
            for side in ("rolled_back", "delete")
        ]
        times = found["ratio_command"]["median"]
        rows.append([label, *seconds, f"{digits(times)} x"])
    return table(["", "greenfield", "a new engine and DELETE for each test", ""], rows)


def start_table(start: Results) -> str:
    """Milliseconds of each part of the start."""
    columns = start["starts"]
    head = ["ms", *[f"{c['state']}, {c['workers'] or 'serial'}" for c in columns]]
    rows = [["**to the first test's first line**", *[shown(c["parts"]["total"]) for c in columns]]]
    rows.append(["÷ (import + pytest)", *[shown(c["ratio"], " x") for c in columns]])
    for name, title in {**EVENTS, **SPANS}.items():
        label = f"— {title}" if name in SPANS else title
        cells = [c["parts"].get(name) for c in columns]
        rows.append([label, *[shown(cell) if cell else "" for cell in cells]])
    app, floor = shown(start["import"], " ms"), shown(start["pytest"], " ms")
    return f"{table(head, rows)}\n\nImporting the application: {app}. pytest: {floor}."


def failures_table(failures: Results) -> str:
    """Seconds of passing and failing runs."""
    names = {"rolled_back": "ours", "savepoints": "pytest's own tracebacks"}
    count = failures["tests"]
    return table(
        ["", f"{count} pass", f"{count} fail", "more"],
        [
            [names[s["side"]], *[shown(s[key], " s") for key in ("pass", "fail", "above")]]
            for s in failures["sides"]
        ],
    )


def ladder_table(ladder: Results) -> str:
    """What each step adds."""
    rows = [
        [
            row["kind"],
            shown(row, " ms"),
            f"{row['adds']:+.2f} ms" if row["below"] else "",
            row["below"] or "",
        ]
        for row in ladder["steps"]
    ]
    return table(["a test with", "takes", "adds", "to"], rows)


def template_table(template: Results) -> str:
    """Seconds of making, verifying and updating a project."""
    rows = [
        [title, shown(template["parts"][name], " s")]
        for name, title in PARTS.items()
        if name in template["parts"]
    ]
    return table(["default answers", "takes"], rows)


def machine_table(*names: str) -> str:
    """What was measured on, when, and by which command."""
    abouts = [load(name)["about"] for name in names]
    first = abouts[0]
    machine = first["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in first["versions"].items())
    lines = [
        f"{machine['processor']}, {machine['cores']} cores, {machine['system']};"
        f" {first['python']}; {first['server']}. {versions}.",
        "",
        table(
            ["command", "date", "load at its end"],
            [[f"`{a['command']}`", a["date"], a["machine"]["load"]] for a in abouts],
        ),
    ]
    return "\n".join(lines)


def files() -> dict[Path, str]:
    """Every file that is written, and its text."""
    isolation, suite = Isolation(), Suite()
    start, failures, ladder = load("start"), load("failures"), load("ladder")
    sections = {
        "verdicts": verdicts(isolation, suite, start, failures),
        "recipes": isolation.by_recipe(),
        "tables": isolation.by_tables(),
        "sizes": isolation.by_size(),
        "integration": suite.table(
            *("rolled_back", "delete"),
            ["integration tests", "ours", "DELETE recipe", "ratio", "ratio without the start"],
        ),
        "unit": suite.table(
            *("unit", "bare"),
            ["unit tests", "ours", "bare pytest", "ratio", "ratio without the start"],
        ),
        "plugins": suite.plugins(),
        "start": start_table(start),
        "failures": failures_table(failures),
        "ladder": ladder_table(ladder),
        "template": template_table(load("template")),
        "machine": machine_table(
            *("isolation", "suite", "start", "failures", "ladder", "template")
        ),
    }
    return {
        PAGE: written(PAGE, sections),
        README: written(README, {"speed": headline(isolation, suite)}),
        IMAGES / "speed-recipes.svg": isolation.plot_recipes(),
        IMAGES / "speed-tables.svg": isolation.plot_tables(),
        IMAGES / "speed-suite.svg": suite.plot(),
    }


def written(path: Path, sections: dict[str, str]) -> str:
    """The text of a page with its sections replaced. Raises KeyError where it has no such place."""
    page = path.read_text(encoding="utf-8")
    for name, text in sections.items():
        before, begin, rest = page.partition(f"<!-- {name} -->\n")
        _, end, after = rest.partition("<!-- end -->")
        if not begin or not end:
            raise KeyError(f"{path.name} has no <!-- {name} --> with an <!-- end -->")
        page = f"{before}{begin}{text}\n{end}{after}"
    return page


if __name__ == "__main__":
    for path, text in files().items():
        path.write_text(text, encoding="utf-8")
        print(f"wrote {path.relative_to(ROOT)}")
