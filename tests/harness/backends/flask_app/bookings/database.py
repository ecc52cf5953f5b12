from sqlalchemy import create_engine
from sqlalchemy.orm import scoped_session, sessionmaker

db_session = scoped_session(sessionmaker(autoflush=False))


def init_app(app):
    app.engine = create_engine(app.config["DATABASE"], pool_size=3)
    db_session.remove()
    db_session.configure(bind=app.engine)

    @app.teardown_appcontext
    def remove_session(error=None):
        db_session.remove()
