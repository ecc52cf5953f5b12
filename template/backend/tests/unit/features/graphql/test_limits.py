"""The size of an operation."""

from typing import Any

import pytest
from graphql import build_schema, parse, validate

from backend.features.graphql.limits import Size, TooComplexError, measure, refuse_too_complex
from backend.features.graphql.settings import GraphQLSettings

SCHEMA = build_schema("""
interface Named { name: String }
type Query { shelf: Shelf, shelves(limit: Int = 20): Page!, mugs: [Mug!] }
type Mutation { build: Shelf }
type Page { items: [Shelf!]!, next: String }
type Shelf implements Named { name: String, mugs: [Mug!]!, above: Shelf }
type Mug { name: String, shelf: Shelf! }
""")

# As strawberry says it; a schema that is read from text has it elsewhere.
SCHEMA.query_type.fields["shelves"].args["limit"].default_value = 20  # type: ignore[union-attr]


def size_of(query: str, **variables: Any) -> Size:
    document = parse(query)
    assert validate(SCHEMA, document) == []
    return measure(SCHEMA, document, variables)


@pytest.mark.parametrize(
    ("query", "depth", "cost"),
    [
        ("{ shelf { name } }", 2, 2),
        ("{ shelf { name above { above { name } } } }", 4, 5),
        ("mutation { build { name } }", 2, 2),
        ("{ __typename shelf { __typename name } }", 2, 2),
        ("{ __schema { types { name } } }", 0, 0),
        ("{ a: shelf { name } b: shelf { name } }", 2, 4),
        ("query A { shelf { name } } query B { mugs { name } }", 2, 13),
        ("{ shelf { ... { name } ... on Named { name } } }", 2, 3),
    ],
)
def test_each_field_costs_one_and_depth_is_counted_in_fields(
    query: str, depth: int, cost: int
) -> None:
    assert size_of(query) == Size(depth, cost)


@pytest.mark.parametrize(
    ("query", "cost"),
    [
        ("{ mugs { name } }", 1 + 10 * 1),
        ("{ shelves { next items { name } } }", 1 + 1 + 1 + 20 * 1),
        ("{ shelves(limit: 3) { items { name mugs { name } } } }", 2 + 3 * (1 + 1 + 10)),
        ("query ($n: Int) { shelves(limit: $n) { items { name } } }", 2 + 7),
        ("query ($other: Int) { shelves(limit: $other) { items { name } } }", 2 + 100),
        ("{ shelves(limit: 5000) { items { name } } }", 2 + 100),
        ("{ shelves(limit: -5) { items { name } } }", 2 + 100),
        ("{ shelves(limit: 3) { ...p } } fragment p on Page { items { name } }", 2 + 3),
    ],
)
def test_fields_in_a_list_cost_once_per_row(query: str, cost: int) -> None:
    assert size_of(query, n=7).cost == cost


def test_fragments_that_spread_others_twice_are_measured_once() -> None:
    """Without that, these would be 2 ** 60 fields."""
    steps = "".join(
        f"fragment f{n} on Shelf {{ a: above {{ ...f{n + 1} }} b: above {{ ...f{n + 1} }} }}"
        for n in range(60)
    )
    document = parse(f"{{ shelf {{ ...f0 }} }} {steps} fragment f60 on Shelf {{ name }}")
    assert measure(SCHEMA, document, {}) == Size(62, 2**60 + 2 * (2**60 - 1) + 1)


@pytest.mark.parametrize(
    ("size", "sentence"),
    [
        (Size(4, 10), "The operation is 4 fields deep; 3 are allowed."),
        (Size(3, 11), "The operation costs 11; 10 are allowed."),
    ],
)
def test_a_too_large_operation_is_refused(size: Size, sentence: str) -> None:
    settings = GraphQLSettings(graphql_max_depth=3, graphql_max_cost=10)
    refuse_too_complex(Size(3, 10), settings)
    with pytest.raises(TooComplexError) as refusal:
        refuse_too_complex(size, settings)
    assert refusal.value.message == sentence
