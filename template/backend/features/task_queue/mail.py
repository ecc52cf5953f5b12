"""Mail, sent by a job: over SMTP, or to the log if no server is configured."""

import asyncio
import smtplib
import ssl
from email.message import EmailMessage
from typing import Protocol
from uuid import UUID

import structlog

from backend.core.errors import UnavailableError
from backend.core.unit_of_work import UnitOfWork
from backend.features.task_queue.models.job import Job
from backend.features.task_queue.queue import Handler, read_text
from backend.features.task_queue.repositories.jobs import JobRepository, JobUnitOfWork
from backend.features.task_queue.settings import MailSettings

logger = structlog.stdlib.get_logger(__name__)

SEND_MAIL = "send mail"


class Mailer(Protocol):
    """Sends mail."""

    async def send(self, message: EmailMessage) -> None:
        """Send a message.

        Raises:
            UnavailableError, OSError: A temporary failure; retry later.
        """


class LogMailer:
    """Writes mail to the log, for development."""

    async def send(self, message: EmailMessage) -> None:
        """Log a message."""
        logger.info("mail", to=message["To"], subject=message["Subject"], body=str(message))


class SmtpMailer:
    """Sends mail over SMTP in a thread, with one connection per message."""

    def __init__(self, settings: MailSettings) -> None:
        self._settings = settings

    async def send(self, message: EmailMessage) -> None:
        """Send a message to the server."""
        await asyncio.to_thread(self._send, message)

    def _send(self, message: EmailMessage) -> None:
        settings = self._settings
        try:
            with smtplib.SMTP(
                settings.mail_host, settings.mail_port, timeout=settings.mail_timeout
            ) as smtp:
                if settings.mail_starttls:
                    smtp.starttls(context=ssl.create_default_context())
                if settings.mail_user:
                    smtp.login(settings.mail_user, settings.mail_password)
                smtp.send_message(message)
        except smtplib.SMTPServerDisconnected as error:
            raise UnavailableError("The mail server closed the connection.") from error
        except smtplib.SMTPRecipientsRefused as error:
            codes = [code for code, _ in error.recipients.values()]
            _raise_if_temporary(max(codes, default=0), error)
            raise PermanentMailError(str(error)) from error
        except smtplib.SMTPResponseException as error:
            _raise_if_temporary(error.smtp_code, error)
            raise PermanentMailError(str(error)) from error


class PermanentMailError(Exception):
    """The server rejected the mail for good. smtplib's errors are OSErrors and would be retried."""


def _raise_if_temporary(code: int, error: Exception) -> None:
    if 400 <= code < 500:
        raise UnavailableError("The mail server rejected the mail temporarily.") from error


async def add_mail(
    uow: UnitOfWork, *, to: str, subject: str, body: str, key: UUID | None = None
) -> None:
    """Queue mail in the current transaction; it is sent after the commit."""
    arguments = {"to": to, "subject": subject, "body": body}
    await uow.use(JobRepository).add(SEND_MAIL, arguments, key=key)


def make_handler(mailer: Mailer, sender: str) -> Handler:
    """Return the handler of jobs queued by `add_mail`."""

    async def send_mail(_: JobUnitOfWork, job: Job) -> None:
        message = EmailMessage()
        message["From"] = sender
        message["To"] = read_text(job.arguments, "to")
        message["Subject"] = read_text(job.arguments, "subject")
        # The same for every attempt: most servers drop duplicates.
        message["Message-ID"] = f"<{job.id}@{sender.partition('@')[2]}>"
        message.set_content(read_text(job.arguments, "body"))
        await mailer.send(message)

    return send_mail


def make_mailer(settings: MailSettings) -> Mailer:
    """Create the configured mailer."""
    return SmtpMailer(settings) if settings.mail_host else LogMailer()
