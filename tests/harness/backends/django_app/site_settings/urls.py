from django.urls import path
from library import views

urlpatterns = [
    path("books", views.books),
    path("books/<int:book_id>/loan", views.loan),
]
