"""A model of a database whose rows belong to migrations, fixtures and the running test."""

from collections import Counter

Row = tuple[str, int, str]
"""A table, a number and a text."""
TABLES = ("country", "item")
MIGRATED = Counter([("country", 1, "de"), ("country", 2, "fr"), ("item", 3, "x"), ("item", 3, "x")])


class Model:
    """Rows as objects: who has written them, and what the baseline is made of."""

    TEST = 0

    def __init__(self) -> None:
        self.changes: dict[int, Counter[Row]] = {}
        """What each live fixture adds to the migrations' rows (or takes, below zero)."""
        self.sequence: dict[int, int] = {}
        self.depth = 0
        self.begun: list[int] = []
        """What the sequence was when each set-up began."""
        self.number = 0
        self.restore()

    @property
    def baseline(self) -> Counter[Row]:
        total = Counter(MIGRATED)
        for change in self.changes.values():
            total.update(change)
        return +total

    @property
    def sequence_baseline(self) -> int:
        return self.sequence[max(self.sequence)] if self.sequence else 0

    def restore(self) -> None:
        """All rows are those of the baseline again."""
        self.noted = False
        self.pending: list[int] = []
        """For which set-ups there were notes when they began."""
        self.kept = list(self.baseline.elements())
        self.written: list[tuple[int, Row]] = []
        self.missing: list[tuple[int, Row]] = []
        self.value = self.sequence_baseline

    @property
    def rows(self) -> Counter[Row]:
        return Counter([*self.kept, *(row for _, row in self.written)])

    def delete(self, row: Row) -> None:
        """Delete all equal rows."""
        self.missing += [(self.depth, kept) for kept in self.kept if kept == row]
        self.kept = [kept for kept in self.kept if kept != row]
        self.written = [(who, own) for who, own in self.written if own != row]

    def insert(self, row: Row) -> None:
        self.written.append((self.depth, row))

    def adopt(self, fixture: int) -> None:
        added = [row for who, row in self.written if who == self.depth]
        taken = [row for who, row in self.missing if who == self.depth]
        self.changes[fixture] = Counter(added)
        self.changes[fixture].subtract(taken)
        self.kept += added
        self.written = [(who, row) for who, row in self.written if who != self.depth]
        self.missing = [(who, row) for who, row in self.missing if who != self.depth]
        if self.value not in (self.sequence_baseline, self.begun.pop()):
            self.sequence[fixture] = self.value
        self.noted = False
        self.pending = [depth for depth in self.pending if depth <= self.depth]
        self.depth -= 1

    def begin(self) -> None:
        self.depth += 1
        self.begun.append(self.value)
        self.pending += [self.depth] * self.noted
        self.noted = False

    def abandon(self) -> None:
        outer = self.depth - 1
        self.begun.pop()
        self.written = [(min(who, outer), row) for who, row in self.written]
        self.missing = [(min(who, outer), row) for who, row in self.missing]
        self.depth = outer

    def leave(self, fixture: int) -> None:
        """Its rows are nobody's until the next restore, which is at once where nothing is noted."""
        clean = not self.noted and not self.pending
        before = self.baseline
        del self.changes[fixture]
        self.sequence.pop(fixture, None)
        gone = before - self.baseline
        for row in list(self.kept):
            if gone[row] > 0:
                gone[row] -= 1
                self.kept.remove(row)
                self.written.append((self.TEST, row))
        self.missing += [(self.TEST, row) for row in (self.baseline - before).elements()]
        self.pending.append(0)
        if clean:
            self.restore()
