import pytest
from django.contrib.auth.models import User
from django.db.models import ProtectedError
from django.test import TestCase
from library.models import Book, Loan, Shelf

JSON = "application/json"


def test_no_books_at_first(client, db):
    assert client.get("/books").json() == {"books": []}


def test_books_of_a_shelf(client, emma):
    assert client.get("/books?shelf=novels").json()["books"][0]["title"] == "Emma"
    assert client.get("/books?shelf=science").json() == {"books": []}


def test_loan(client, emma):
    response = client.post(f"/books/{emma.id}/loan", {"reader": "librarian"}, JSON)
    assert response.status_code == 201
    assert Loan.objects.get().reader.is_superuser


def test_book_is_lent_once(client, emma):
    url = f"/books/{emma.id}/loan"
    assert client.post(url, {"reader": "librarian"}, JSON).status_code == 201
    assert client.post(url, {"reader": "librarian"}, JSON).status_code == 409


def test_unknown_reader(client, emma):
    assert client.post(f"/books/{emma.id}/loan", {"reader": "x"}, JSON).status_code == 404


@pytest.mark.django_db
def test_shelf_with_books_is_protected(emma):
    with pytest.raises(ProtectedError):
        Shelf.objects.get(name="novels").delete()


@pytest.mark.django_db
def test_queries(client, django_assert_num_queries, emma):
    with django_assert_num_queries(1):
        client.get("/books")


class LoanTests(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.reader = User.objects.create_user("anne")
        cls.book = Book.objects.create(title="Persuasion", shelf=Shelf.objects.first())

    def test_loan_goes_with_its_reader(self):
        Loan.objects.create(book=self.book, reader=self.reader)
        self.reader.delete()
        assert not Loan.objects.exists()

    def test_reader_is_there(self):
        assert User.objects.filter(username="anne").exists()


def test_a_database_is_not_for_all():
    with pytest.raises(RuntimeError, match="Database access not allowed"):
        Book.objects.count()
