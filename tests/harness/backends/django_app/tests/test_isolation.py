"""Each test finds what the migrations and the librarian left.

A test with `transaction=True` finds the rows of the migrations alone: Django empties all tables
after it, and pytest-django runs these tests last.
"""

import psycopg
import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from library.models import Book, Shelf

twice = pytest.mark.parametrize("time", ["once", "again"])


@twice
def test_rows_start_anew(db, time):
    assert (User.objects.count(), Shelf.objects.count(), Book.objects.count()) == (1, 2, 0)
    Book.objects.create(title=f"written {time}", shelf=Shelf.objects.first())
    User.objects.create_user("same")


@twice
@pytest.mark.django_db(transaction=True, reset_sequences=True, serialized_rollback=True)
def test_rows_and_ids_start_anew_when_tests_commit(time):
    assert (Shelf.objects.count(), Book.objects.count()) == (2, 0)
    with transaction.atomic():
        book = Book.objects.create(title="committed", shelf=Shelf.objects.first())
    assert book.id == 1


@twice
def test_truncated_tables_are_filled_again(db, time):
    assert Shelf.objects.count() == 2
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE library_shelf CASCADE")
    assert Shelf.objects.count() == 0


@twice
@pytest.mark.django_db(transaction=True, reset_sequences=True, serialized_rollback=True)
def test_what_was_committed_is_seen_by_others(time):
    shelf = Shelf.objects.create(id=9, name="poems")
    given = {**connection.settings_dict}
    with psycopg.connect(
        host=given["HOST"],
        port=given["PORT"],
        user=given["USER"],
        password=given["PASSWORD"],
        dbname=given["NAME"],
    ) as other:
        assert other.execute(
            "SELECT name FROM library_shelf WHERE id = %s", [shelf.id]
        ).fetchone() == ("poems",)


def test_the_database_is_made_by_pytest_django(db):
    assert connection.settings_dict["NAME"].startswith("test_")
