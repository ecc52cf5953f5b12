# ruff: noqa: RUF012
from django.db import migrations


def add_shelves(apps, schema_editor):
    shelf = apps.get_model("library", "Shelf")
    shelf.objects.bulk_create([shelf(name="novels"), shelf(name="science")])


class Migration(migrations.Migration):
    dependencies = [("library", "0001_initial")]
    operations = [migrations.RunPython(add_shelves, migrations.RunPython.noop)]
