"""The tables of docs/speed.md and README."""

from benchmarks.figures import digits, shown
from benchmarks.isolation import CALLS, SIDES
from benchmarks.report.results import Isolation, Results, Suites, load
from benchmarks.services import TITLES
from benchmarks.start import EVENTS
from benchmarks.suite import PAIRS
from benchmarks.template import PARTS

KINDS = {
    "empty": "empty",
    "noop": "no-op",
    "read": "one SELECT",
    "orm": "ORM insert + read",
    "http": "HTTP create + read",
    "two": "HTTP, two tables written",
}


def table(head: list[str], rows: list[list[str]]) -> str:
    """Return a Markdown table; all columns but the first are numbers."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def by_side(isolation: Isolation) -> str:
    """Return the milliseconds of each side and kind, with the fewest tables."""
    least = isolation.least
    rows = []
    for side in SIDES:
        times = [isolation.time(side.name, kind, least) for kind in KINDS]
        rows.append([side.title, *[shown(time) if time else "" for time in times]])
    return table([f"ms a test, {least} tables", *KINDS.values()], rows)


def by_tables(isolation: Isolation) -> str:
    """Return the milliseconds of create + read by number of tables."""
    rows = []
    for side in SIDES:
        times = [isolation.time(side.name, "http", tables) for tables in isolation.tables]
        if all(times):
            growth = shown(isolation.growth(side.name, "http"), " x")
            rows.append([side.title, *[shown(time) for time in times if time], growth])
    head = ["HTTP create + read, ms", *[f"{tables} tables" for tables in isolation.tables]]
    return table([*head, "growth"], rows)


def calls(isolation: Isolation) -> str:
    """Return the milliseconds of the calls that restore, by number of tables."""
    times = {(row["call"], row["tables"]): row for row in isolation.calls}
    numbers = sorted({tables for _, tables in times})
    rows = [
        [title, *[shown(times[call, tables]) for tables in numbers]]
        for call, title in CALLS.items()
    ]
    return table(["one call, ms", *[f"{tables} tables" for tables in numbers]], rows)


def suites(found: Suites) -> str:
    """Return the seconds of whole suites."""
    rows = []
    for pair in PAIRS.values():
        for workers in found.workers(pair.name):
            ours, theirs = (found.row(pair.name, side, workers) for side in ("ours", "theirs"))
            how = f"`-n {workers}`" if workers else "serial"
            rows.append(
                [
                    f"{ours['tests']:,} {pair.title}, {how}",
                    *[shown(row["command"], " s") for row in (ours, theirs)],
                    *[f"{digits(row['testing']['median'])} s" for row in (ours, theirs)],
                    shown(found.ratio(pair.name, workers), " x"),
                ]
            )
    head = ["whole command", "ours", "DELETE recipe, or bare pytest"]
    return table([*head, "ours, tests alone", "theirs, tests alone", "theirs ÷ ours"], rows)


def headline(isolation: Isolation, found: Suites) -> str:
    """Return README's figures."""
    least, most = isolation.least, isolation.most
    rows: list[list[str]] = []
    for label, kind, tables in (
        ("a test that does nothing with a database", "noop", least),
        ("one that creates and reads a row over HTTP", "http", least),
        (f"the same with {most} tables", "http", most),
    ):
        times = [isolation.time(side, kind, tables) for side in ("ours", "delete")]
        ratio = isolation.ratio("delete", "ours", kind, tables)["median"]
        cells = [f"{digits(time['median'])} ms" for time in times if time]
        rows.append([label, *cells, f"{digits(ratio)} x"])
    for workers in (0, 2):
        sides = [found.row("integration", side, workers) for side in ("ours", "theirs")]
        how = f"`-n {workers}`" if workers else "serial"
        label = f"{sides[0]['tests']:,} integration tests, {how}"
        cells = [f"{digits(side['command']['median'])} s" for side in sides]
        ratio = found.ratio("integration", workers)["median"]
        rows.append([label, *cells, f"{digits(ratio)} x"])
    return table(["", "greenfield", "a new engine and DELETE for each test", ""], rows)


def start(found: Results) -> str:
    """Return the milliseconds of each part of the start."""
    columns = found["rows"]
    head = [
        f"{c['state']}, " + (f"`-n {c['workers']}`" if c["workers"] else "serial") for c in columns
    ]
    rows = [["**to the first test's first line**", *[shown(c["parts"]["total"]) for c in columns]]]
    rows.append(["÷ (import + pytest)", *[shown(c["ratio"], " x") for c in columns]])
    for name, title in EVENTS.items():
        rows.append([title, *[shown(c["parts"][name]) for c in columns]])
    app, floor = shown(found["import"], " ms"), shown(found["pytest"], " ms")
    return f"{table(['ms', *head], rows)}\n\nImporting the application: {app}. pytest: {floor}."


def services(found: Results) -> str:
    """Return what each service costs, and what kills have left."""
    rows = []
    for row in found["rows"]:
        of_it = [each for each in found["left"] if each["service"] == row["service"]]
        kills = sum(each["kills"] for each in of_it)
        left = sum(each[what] for each in of_it for what in ("processes", "folders", "names"))
        prices = [shown(row["price"][what]) for what in ("write", "idle")]
        title = TITLES[row["service"]]
        rows.append([title, shown(row["start"]), *prices, str(kills), str(left)])
    head = ["ms", "start", "isolation, a test that writes", "isolation, one that does not"]
    return table([*head, "kills", "left after them"], rows)


def template(found: Results) -> str:
    """Return the seconds of making, verifying and updating a project."""
    parts = found["parts"]
    rows = [[title, shown(parts[name], " s")] for name, title in PARTS.items() if name in parts]
    return table(["default answers", "takes"], rows)


def machine(*names: str) -> str:
    """Return what was measured on, when, and by which command."""
    abouts = [load(name)["about"] for name in names]
    first = abouts[0]
    hardware = first["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in first["versions"].items())
    commands = table(
        ["command", "date", "load at its end"],
        [[f"`{about['command']}`", about["date"], about["machine"]["load"]] for about in abouts],
    )
    return (
        f"{hardware['processor']}, {hardware['cores']} cores, {hardware['system']};"
        f" {first['python']}; {first['server']}. {versions}.\n\n{commands}"
    )
