"""Mail without a server."""

from email.message import EmailMessage
from typing import Any, cast
from uuid import uuid4

import pytest
from structlog.testing import capture_logs

from backend.features.task_queue.mail import LogMailer, SmtpMailer, make_handler, make_mailer
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
