import json

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.http import JsonResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_GET, require_POST

from library.models import Book, Loan


@require_GET
def books(request):
    found = Book.objects.select_related("shelf").order_by("id")
    if shelf := request.GET.get("shelf"):
        found = found.filter(shelf__name=shelf)
    return JsonResponse({"books": [{"id": book.id, "title": book.title} for book in found]})


@require_POST
def loan(request, book_id):
    book = get_object_or_404(Book, id=book_id)
    reader = get_object_or_404(User, username=json.loads(request.body)["reader"])
    try:
        with transaction.atomic():
            made = Loan.objects.create(book=book, reader=reader)
    except IntegrityError:
        return JsonResponse({"error": "The book is lent."}, status=409)
    return JsonResponse({"since": made.since.isoformat()}, status=201)
