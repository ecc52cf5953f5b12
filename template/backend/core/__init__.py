"""What every layer stands on: settings, database, errors, logging. Imports no other layer."""
