"""Mail without a server."""

import smtplib
from email.message import EmailMessage
from typing import Any, Self, cast
from uuid import uuid4

import pytest
from structlog.testing import capture_logs

from backend.core.errors import UnavailableError
from backend.features.task_queue.mail import (
    LogMailer,
    PermanentMailError,
    SmtpMailer,
    make_handler,
    make_mailer,
)
from backend.features.task_queue.models.job import Job
from backend.features.task_queue.settings import MailSettings


class FakeMailer:
    """Records messages."""

    def __init__(self) -> None:
        self.sent: list[EmailMessage] = []

    async def send(self, message: EmailMessage) -> None:
        self.sent.append(message)


def make_job(**arguments: Any) -> Job:
    return Job(id=uuid4(), name="send mail", arguments=arguments)


async def test_a_job_becomes_a_message_with_a_stable_id() -> None:
    mailer = FakeMailer()
    job = make_job(to="ada@example.com", subject="Hi", body="Good day.")
    handler = make_handler(mailer, "us@example.com")
    for _ in range(2):
        await handler(cast("Any", None), job)
    assert {message["Message-ID"] for message in mailer.sent} == {f"<{job.id}@example.com>"}
    assert mailer.sent[0].get_content() == "Good day.\n"


async def test_a_job_without_text_is_refused() -> None:
    handler = make_handler(FakeMailer(), "us@example.com")
    with pytest.raises(TypeError, match="subject"):
        await handler(cast("Any", None), make_job(to="ada@example.com"))


async def test_without_a_host_it_is_logged() -> None:
    mailer = make_mailer(MailSettings())
    assert isinstance(mailer, LogMailer)
    message = EmailMessage()
    message["Subject"] = "Hi"
    with capture_logs() as logs:
        await mailer.send(message)
    assert logs[0]["subject"] == "Hi"


def test_with_a_host_it_is_sent() -> None:
    assert isinstance(make_mailer(MailSettings(mail_host="mail.example.com")), SmtpMailer)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (smtplib.SMTPServerDisconnected(), UnavailableError),
        (smtplib.SMTPDataError(451, b"Not now"), UnavailableError),
        (smtplib.SMTPDataError(554, b"Never"), PermanentMailError),
        (smtplib.SMTPAuthenticationError(535, b"Who?"), PermanentMailError),
        (smtplib.SMTPRecipientsRefused({"a": (450, b"Not now")}), UnavailableError),
        (smtplib.SMTPRecipientsRefused({"a": (550, b"Nobody")}), PermanentMailError),
    ],
    ids=repr,
)
async def test_only_what_may_pass_is_tried_again(
    monkeypatch: pytest.MonkeyPatch, answer: Exception, error: type[Exception]
) -> None:
    class FakeServer:
        def __init__(self, *_: object, **__: object) -> None:
            self.calls: list[str] = []

        def __enter__(self) -> Self:
            return self

        def __exit__(self, *_: object) -> None: ...

        def starttls(self, **_: object) -> None:
            self.calls.append("starttls")

        def login(self, *_: object) -> None:
            assert self.calls == ["starttls"], "a password in plain text"

        def send_message(self, _: EmailMessage) -> None:
            raise answer

    monkeypatch.setattr(smtplib, "SMTP", FakeServer)
    mailer = SmtpMailer(MailSettings(mail_host="mail.example.com", mail_user="us"))
    with pytest.raises(error):
        await mailer.send(EmailMessage())
