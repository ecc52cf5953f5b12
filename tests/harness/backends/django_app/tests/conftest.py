import pytest


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    """A librarian, for all tests."""
    from django.contrib.auth.models import User

    with django_db_blocker.unblock():
        User.objects.create_superuser("librarian")


@pytest.fixture
def emma(db):
    from library.models import Book, Shelf

    return Book.objects.create(title="Emma", shelf=Shelf.objects.get(name="novels"))
