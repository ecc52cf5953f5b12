from alembic import context
from app.core.config import settings
from app.models import SQLModel
from sqlalchemy import engine_from_config, pool

target_metadata = SQLModel.metadata


def run_migrations_offline():
    context.configure(
        url=str(settings.SQLALCHEMY_DATABASE_URI),
        target_metadata=target_metadata,
        literal_binds=True,
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()


def run_migrations_online():
    configuration = context.config.get_section(context.config.config_ini_section)
    configuration["sqlalchemy.url"] = str(settings.SQLALCHEMY_DATABASE_URI)
    connectable = engine_from_config(configuration, prefix="sqlalchemy.", poolclass=pool.NullPool)
    with connectable.connect() as connection:
        context.configure(connection=connection, target_metadata=target_metadata, compare_type=True)
        with context.begin_transaction():
            context.run_migrations()


if context.is_offline_mode():
    run_migrations_offline()
else:
    run_migrations_online()
