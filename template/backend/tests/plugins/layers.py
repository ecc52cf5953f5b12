"""The layers: a test's folder below `tests/` says its markers, whether it runs by default and what
it may do.

A test file outside every layer is an error, because it would have no time limit and no rules.
Benchmarks and GPU tests run only when they are asked for: by their path, by `-m`, or by
`--benchmarks` / `--gpu`.
"""

import itertools
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePath

import pytest


@dataclass(frozen=True)
class Layer:
    """One folder below `tests/`; `opt_in` is the option that runs it when nothing else asks."""

    name: str
    marks: tuple[str, ...] = ()
    opt_in: str | None = None


LAYERS = {
    layer.name: layer
    for layer in (
        Layer("unit"),
        Layer("integration"),
        Layer("e2e", marks=("committed",)),
        Layer("benchmarks", marks=("benchmark",), opt_in="--benchmarks"),
        Layer("gpu", marks=("gpu",), opt_in="--gpu"),
    )
}

MARKERS = (
    "slow: may take 30 s instead of its layer's limit",
    "gpu: needs the real model service (by path: gpu/)",
    "committed: real commits, on a database of the test's own (by path: e2e/)",
    "serial(group='default'): never overlaps a test of the same group, under any -n and --dist",
    "benchmark: measures; opt-in (by path: benchmarks/)",
)

NOT_RUN = pytest.StashKey[dict[str, str]]()
"""Name -> how many tests of it were left out, and what runs them."""


def layer_of(path: str | PurePath) -> Layer | None:
    """The layer of a file or node id: the folder after `tests/`. None outside every layer.

    What stands after `::`, or before the first `tests/` that a layer follows, is ignored.
    """
    return _layer_of_file(str(path).partition("::")[0])


@cache
def _layer_of_file(path: str) -> Layer | None:
    parts = re.split(r"[/\\]", path)
    for parent, child in itertools.pairwise(parts):
        if parent == "tests" and child in LAYERS:
            return LAYERS[child]
    return None


def layer_of_item(item: pytest.Item) -> Layer | None:
    """The layer of a collected test."""
    return layer_of(item.nodeid)


def pytest_addoption(parser: pytest.Parser) -> None:
    """One switch for each layer that does not run by default."""
    group = parser.getgroup("layers")
    for layer in LAYERS.values():
        if layer.opt_in:
            group.addoption(layer.opt_in, action="store_true", help=f"also run tests/{layer.name}/")


def pytest_configure(config: pytest.Config) -> None:
    """Declare the markers, so that a misspelt one is an error."""
    config.stash[NOT_RUN] = {}
    for line in MARKERS:
        config.addinivalue_line("markers", line)


class _MisplacedModule(pytest.Module):
    """A test file without rules: an error of its own, while the other files are collected."""

    def collect(self) -> Iterable[pytest.Item | pytest.Collector]:
        folders = ", ".join(f"tests/{name}/" for name in LAYERS)
        raise self.CollectError(f"{self.nodeid} is outside every layer: move it into {folders}.")


def pytest_pycollect_makemodule(
    module_path: Path, parent: pytest.Collector
) -> pytest.Module | None:
    """Refuse a test file that no layer covers."""
    root = parent.config.rootpath
    path = module_path.relative_to(root) if module_path.is_relative_to(root) else module_path
    if layer_of(path) is not None:
        return None
    return _MisplacedModule.from_parent(parent, path=module_path)


def _asked_for(config: pytest.Config, layer: Layer) -> bool:
    """Whether an opt-in layer was asked for: by its option, its marker in `-m`, or a path in it."""
    if config.getoption(str(layer.opt_in).lstrip("-")):
        return True
    expression = str(config.getoption("markexpr", ""))
    if any(re.search(rf"(?<!not )\b{mark}\b", expression) for mark in layer.marks):
        return True
    return any(layer_of(argument) is layer for argument in config.args)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Apply the markers of each test's layer and leave out the layers that nobody asked for."""
    wanted = {
        layer.name for layer in LAYERS.values() if not layer.opt_in or _asked_for(config, layer)
    }
    kept: list[pytest.Item] = []
    left_out: list[pytest.Item] = []
    for item in items:
        layer = layer_of_item(item)
        if layer is None:
            kept.append(item)
            continue
        for mark in layer.marks:
            item.add_marker(mark)
        (kept if layer.name in wanted else left_out).append(item)
    if left_out:
        for name, count in _count(left_out).items():
            switch = LAYERS[name].opt_in
            config.stash[NOT_RUN][name] = f"{count} in {name}/ (run them with {switch})"
        config.hook.pytest_deselected(items=left_out)
        items[:] = kept


def _count(items: Iterable[pytest.Item]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for item in items:
        layer = layer_of_item(item)
        if layer is not None:
            counts[layer.name] = counts.get(layer.name, 0) + 1
    return counts
