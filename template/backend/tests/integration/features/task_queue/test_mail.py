"""Mail to a real server."""

from email.message import EmailMessage

import pytest

from backend.core.errors import UnavailableError
from backend.features.task_queue.mail import PermanentMailError, SmtpMailer
from backend.features.task_queue.settings import MailSettings
from backend.tests.fixtures.features.task_queue.mail import MailServer


def make_message() -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "us@example.com", "ada@example.com", "Hi"
    message.set_content("Good day.")
    return message


def make_mailer(port: int) -> SmtpMailer:
    return SmtpMailer(MailSettings(mail_host="127.0.0.1", mail_port=port, mail_starttls=False))


async def test_the_server_receives_it(mail_server: MailServer) -> None:
    await make_mailer(mail_server.port).send(make_message())
    assert [message["To"] for message in mail_server.inbox] == ["ada@example.com"]


@pytest.mark.parametrize(
    ("answer", "error"),
    [("451 Not now", UnavailableError), ("554 Never", PermanentMailError)],
)
async def test_a_rejection_is_temporary_or_permanent(
    mail_server: MailServer, answer: str, error: type[Exception]
) -> None:
    mail_server.answers.append(answer)
    with pytest.raises(error):
        await make_mailer(mail_server.port).send(make_message())


@pytest.mark.parametrize(
    ("answer", "error"),
    [("450 Not now", UnavailableError), ("550 Nobody", PermanentMailError)],
)
async def test_a_refused_recipient_too(
    mail_server: MailServer, answer: str, error: type[Exception]
) -> None:
    mail_server.refused_recipients.append(answer)
    with pytest.raises(error):
        await make_mailer(mail_server.port).send(make_message())


async def test_a_closed_connection_is_temporary(mail_server: MailServer) -> None:
    mail_server.answers.append("421 Closing")
    with pytest.raises(UnavailableError):
        await make_mailer(mail_server.port).send(make_message())


async def test_without_a_server_it_is_a_connection_error() -> None:
    with pytest.raises(ConnectionRefusedError):
        await make_mailer(1).send(make_message())
