"""The Celery application for the `celery` command.

uv run celery -A backend.features.task_queue.app worker
uv run celery -A backend.features.task_queue.app beat
"""

from backend.core.logging import configure_logging
from backend.core.settings import Settings, load_settings
from backend.features.task_queue.worker import WorkerProcess, make_worker
from backend.main import create_app

configure_logging(load_settings(Settings))
app = make_worker(WorkerProcess(create_app))
