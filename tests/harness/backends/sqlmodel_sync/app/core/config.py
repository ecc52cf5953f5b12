from pydantic import PostgresDsn
from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    SQLALCHEMY_DATABASE_URI: PostgresDsn
    PROJECT_NAME: str = "warehouse"


settings = Settings()
