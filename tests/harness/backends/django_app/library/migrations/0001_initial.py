# ruff: noqa: RUF012
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


def key():
    return models.BigAutoField(primary_key=True, serialize=False)


class Migration(migrations.Migration):
    initial = True
    dependencies = [migrations.swappable_dependency(settings.AUTH_USER_MODEL)]
    operations = [
        migrations.CreateModel(
            "Shelf", [("id", key()), ("name", models.CharField(max_length=40, unique=True))]
        ),
        migrations.CreateModel(
            "Book",
            [
                ("id", key()),
                ("title", models.CharField(max_length=200)),
                (
                    "shelf",
                    models.ForeignKey(
                        "library.Shelf", django.db.models.deletion.PROTECT, related_name="books"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            "Loan",
            [
                ("id", key()),
                ("since", models.DateTimeField(auto_now_add=True)),
                (
                    "book",
                    models.OneToOneField("library.Book", django.db.models.deletion.CASCADE),
                ),
                (
                    "reader",
                    models.ForeignKey(settings.AUTH_USER_MODEL, django.db.models.deletion.CASCADE),
                ),
            ],
        ),
    ]
