"""The errors' bodies."""

import pytest

from backend.core.errors import (
    AppError,
    ConflictError,
    ErrorItem,
    NotFoundError,
    get_request_id,
    make_problem,
)


class TestAppError:
    def test_it_speaks_its_default_sentence(self) -> None:
        assert str(NotFoundError()) == NotFoundError.message

    def test_it_speaks_the_given_sentence(self) -> None:
        error = ConflictError("Somebody was faster.")
        assert (str(error), error.message) == ("Somebody was faster.",) * 2
        assert ConflictError().message != error.message

    def test_it_keeps_what_is_wrong(self) -> None:
        item = ErrorItem(loc=["sku"], msg="is taken", type="unique")
        assert ConflictError(errors=[item]).errors == [item]

    def test_every_subclass_has_a_code_of_its_own(self) -> None:
        kinds = AppError.__subclasses__()
        assert len({kind.code for kind in kinds} | {AppError.code}) == len(kinds) + 1
        assert all(400 <= kind.status <= 599 for kind in kinds)


class TestMakeProblem:
    @pytest.mark.parametrize(
        ("status", "title", "code"),
        [
            (404, "Not Found", "not_found"),
            (405, "Method Not Allowed", "method_not_allowed"),
            (413, "Content Too Large", "payload_too_large"),
            (422, "Unprocessable Content", "validation_failed"),
            (500, "Internal Server Error", "internal_error"),
            (599, "Error", "error"),
        ],
    )
    def test_without_a_code_the_status_names_it(self, status: int, title: str, code: str) -> None:
        problem = make_problem(status=status, detail="Sorry.", request_id="r1")
        assert problem.model_dump() == {
            "type": "about:blank",
            "title": title,
            "status": status,
            "detail": "Sorry.",
            "code": code,
            "request_id": "r1",
            "errors": [],
        }

    def test_a_given_code_is_kept(self) -> None:
        problem = make_problem(status=409, code="sold_out", detail="Gone.", request_id=None)
        assert problem.code == "sold_out"


class TestGetRequestId:
    def test_it_is_in_the_scopes_state(self) -> None:
        assert get_request_id({"state": {"request_id": "r1"}}) == "r1"

    def test_a_request_that_met_no_middleware_has_none(self) -> None:
        assert get_request_id({}) is None
