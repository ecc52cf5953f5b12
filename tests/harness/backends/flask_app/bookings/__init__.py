import os

from flask import Flask

from bookings import database
from bookings.views import blueprint


def create_app(config=None):
    app = Flask(__name__)
    app.config["DATABASE"] = os.environ.get("BOOKINGS_DATABASE", "postgresql+psycopg2:///bookings")
    app.config.update(config or {})
    database.init_app(app)
    app.register_blueprint(blueprint)
    return app
